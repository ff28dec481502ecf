/** The reading of an expression in English, for a person to see whether it says what they meant. */
import { isEither } from './days.ts';
import type { Expression, Fields, PlainField } from './expression.ts';
import type { Schedule } from './schedule.ts';

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth'];

const two = (value: number): string => String(value).padStart(2, '0');

const joined = (parts: readonly string[]): string =>
  parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;

const ordinal = (value: number): string => {
  const tens = value % 100;
  const suffix = tens > 10 && tens < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][value % 10] ?? 'th');
  return `${value}${suffix}`;
};

/** Three or more in a row are told as a range: `1, 3 through 7 and 9`. */
const listed = (values: readonly number[], name: (value: number) => string): string => {
  const runs: [number, number][] = [];
  for (const value of values) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === value - 1) {
      run[1] = value;
    } else {
      runs.push([value, value]);
    }
  }
  return joined(
    runs.flatMap(([from, to]) => {
      if (to - from > 1) {
        return [`${name(from)} through ${name(to)}`];
      }
      return from === to ? [name(from)] : [name(from), name(to)];
    }),
  );
};

const number = (value: number): string => String(value);

/** Of a field of every nth value: n. */
export const stepOf = (text: string): number | undefined => {
  const step = Number(/^(?:\*|0)\/(\d+)$/.exec(text)?.[1] ?? 1);
  return step > 1 ? step : undefined;
};

const isEvery = ({ text }: PlainField): boolean => text === '*' || text === '*/1';

/** More times of day than this are told by their fields. */
const MAX_TIMES = 6;

const timesOfDay = ({ hour, minute, second }: Fields): string | undefined => {
  const count = hour.values.length * minute.values.length * second.values.length;
  if (count > MAX_TIMES || [hour, minute, second].some(({ text }) => text.startsWith('*'))) {
    return undefined;
  }
  const seconds = (s: number) => (s === 0 ? '' : `:${two(s)}`);
  return `At ${joined(
    hour.values.flatMap((h) =>
      minute.values.flatMap((m) => second.values.map((s) => `${two(h)}:${two(m)}${seconds(s)}`)),
    ),
  )}`;
};

const unit = (field: PlainField, name: string): string => {
  if (isEvery(field)) {
    return `every ${name}`;
  }
  const step = stepOf(field.text);
  return step === undefined
    ? `at ${name}${field.values.length > 1 ? 's' : ''} ${listed(field.values, number)}`
    : `every ${step} ${name}s`;
};

const ofHours = (hour: PlainField): string => {
  if (isEvery(hour)) {
    return '';
  }
  const step = stepOf(hour.text);
  if (step !== undefined) {
    return ` of every ${ordinal(step)} hour`;
  }
  return ` of hour${hour.values.length > 1 ? 's' : ''} ${listed(hour.values, two)}`;
};

const timeWords = (fields: Fields): string => {
  const times = timesOfDay(fields);
  if (times !== undefined) {
    return times;
  }
  const { hour, minute, second } = fields;
  const onTheMinute = second.values.length === 1 && second.values[0] === 0;
  const onTheHour = onTheMinute && minute.values.length === 1 && minute.values[0] === 0;
  if (onTheHour) {
    const step = stepOf(hour.text);
    return step === undefined && !isEvery(hour)
      ? `At minute 0${ofHours(hour)}`
      : `Every ${step === undefined ? 'hour' : `${step} hours`}`;
  }
  const minutes = isEvery(minute) && !onTheMinute ? '' : unit(minute, 'minute');
  const parts = [...(onTheMinute ? [] : [unit(second, 'second')]), ...(minutes === '' ? [] : [minutes])];
  const past = isEvery(hour) && minutes.startsWith('at') ? ' of every hour' : ofHours(hour);
  const text = `${parts.join(', ')}${past}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
};

const monthDays = ({ dayOfMonth }: Fields): string => {
  const parts: string[] = [];
  const step = stepOf(dayOfMonth.text);
  if (step !== undefined) {
    parts.push(`every ${ordinal(step)} day from day 1`);
  } else if (dayOfMonth.days.size > 0) {
    const days = [...dayOfMonth.days].sort((a, b) => a - b);
    parts.push(`day${days.length > 1 ? 's' : ''} ${listed(days, number)}`);
  }
  for (const day of dayOfMonth.nearest) {
    parts.push(`the weekday nearest to day ${day}`);
  }
  for (const { back, weekday } of dayOfMonth.last) {
    const day = back === 0 ? 'the last day' : `the day ${back} before the last`;
    parts.push(weekday ? (back === 0 ? 'the last weekday' : `the weekday nearest to ${day}`) : day);
  }
  return `${joined(parts)} of the month`;
};

const weekDays = ({ dayOfWeek }: Fields): string => {
  const name = (weekday: number): string => WEEKDAYS[weekday % 7] ?? '';
  const sorted = [...dayOfWeek.weekdays].sort((a, b) => a - b);
  // Saturday and Sunday belong together: the week is told from Monday.
  const fromMonday = sorted.map((weekday) => (weekday === 0 ? 7 : weekday)).sort((a, b) => a - b);
  return joined([
    ...(sorted.length === 0 ? [] : [listed(fromMonday, name)]),
    ...dayOfWeek.nth.map(({ weekday, n }) => `the ${ORDINALS[n - 1]} ${name(weekday)} of the month`),
    ...dayOfWeek.last.map((weekday) => `the last ${name(weekday)} of the month`),
  ]);
};

const dayWords = (fields: Fields, { days }: Schedule): string => {
  const { dayOfMonth, dayOfWeek } = fields;
  if (dayOfMonth.any && dayOfWeek.any) {
    return '';
  }
  if (dayOfWeek.any) {
    return ` on ${monthDays(fields)}`;
  }
  if (dayOfMonth.any) {
    return ` on ${weekDays(fields)}`;
  }
  return isEither(dayOfMonth, dayOfWeek, days)
    ? ` on ${monthDays(fields)} or on ${weekDays(fields)}`
    : ` on ${monthDays(fields)} if it is ${weekDays(fields).replace(/ and (?=[^,]*$)/, ' or ')}`;
};

const every = (periodMs: number): string => {
  const seconds = periodMs / 1_000;
  const units: readonly [number, string][] = [
    [Math.floor(seconds / 86_400), 'day'],
    [Math.floor((seconds % 86_400) / 3_600), 'hour'],
    [Math.floor((seconds % 3_600) / 60), 'minute'],
    [seconds % 60, 'second'],
  ];
  return joined(units.filter(([count]) => count > 0).map(([count, name]) => `${count} ${name}${count > 1 ? 's' : ''}`));
};

/** `At 02:30 on Monday through Friday, in Europe/Berlin`. */
export const describe = (expression: Expression, schedule: Schedule): string => {
  switch (expression.kind) {
    case 'once':
      return `Once, at ${new Date(schedule.startAt).toISOString()}`;
    case 'every':
      return `Every ${every(expression.periodMs)}, counted from ${new Date(schedule.startAt).toISOString()}`;
    case 'calendar': {
      const { fields } = expression;
      const { month, year } = fields;
      const months = isEvery(month) ? '' : ` in ${listed(month.values, (value) => MONTHS[value - 1] ?? '')}`;
      const years = isEvery(year) ? '' : ` ${months === '' ? 'in' : 'of'} ${listed(year.values, number)}`;
      return `${timeWords(fields)}${dayWords(fields, schedule)}${months}${years}, in ${schedule.timeZone}`;
    }
  }
};
