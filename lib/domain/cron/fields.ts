/** The seven fields of an expression: what may stand in them, and reading the values that a list of items stands for. */
import { CronExpressionParser } from 'cron-parser';

export const FIELD_NAMES = ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek', 'year'] as const;
export type FieldName = (typeof FIELD_NAMES)[number];

export const FIRST_YEAR = 1_970;
export const LAST_YEAR = 9_999;

type FieldRule = {
  /** As it is called in messages. */
  readonly label: string;
  readonly min: number;
  readonly max: number;
  /** In order from `min`. */
  readonly names: readonly string[];
};

export const FIELDS: Readonly<Record<FieldName, FieldRule>> = {
  second: { label: 'seconds', min: 0, max: 59, names: [] },
  minute: { label: 'minutes', min: 0, max: 59, names: [] },
  hour: { label: 'hours', min: 0, max: 23, names: [] },
  dayOfMonth: { label: 'day of month', min: 1, max: 31, names: [] },
  month: {
    label: 'month',
    min: 1,
    max: 12,
    names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  },
  dayOfWeek: { label: 'day of week', min: 0, max: 6, names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] },
  year: { label: 'year', min: FIRST_YEAR, max: LAST_YEAR, names: [] },
};

export type Problem = { readonly problem: string };

export const isProblem = (reading: object): reading is Problem => 'problem' in reading;

/** How days of the week are numbered: 0–7 with Sunday as both ends (Unix), or 1–7 from Sunday (Quartz, AWS). */
export type WeekdayNumbers = 'from0' | 'from1';

const expected = (field: FieldName, weekdays: WeekdayNumbers): string => {
  const { min, max, names } = FIELDS[field];
  const range =
    field === 'dayOfWeek'
      ? weekdays === 'from1'
        ? '1 (Sunday) to 7'
        : '0 to 7 (0 and 7 are Sunday)'
      : `${min} to ${max}`;
  const named = names.length === 0 ? '' : `, or ${names[0]} to ${names.at(-1)}`;
  return `numbers go from ${range}${named}; they may stand in ranges (2-5), steps (*/2, 2-5/2) and lists (1,3)`;
};

export const unreadable = (field: FieldName, item: string, weekdays: WeekdayNumbers): Problem => ({
  problem: `${FIELDS[field].label}: "${item}" cannot be read: ${expected(field, weekdays)}`,
});

/**
 * One number or name. A Sunday that is written 7 stays 7, the end of a range (`5-7`).
 * @returns undefined for what the field does not have
 */
export const readNumber = (field: FieldName, token: string, weekdays: WeekdayNumbers): number | undefined => {
  const { min, max, names } = FIELDS[field];
  const named = names.indexOf(token);
  if (named !== -1) {
    return min + named;
  }
  if (!/^\d{1,4}$/.test(token)) {
    return undefined;
  }
  const value = Number(token) - (field === 'dayOfWeek' && weekdays === 'from1' ? 1 : 0);
  const highest = field === 'dayOfWeek' && weekdays === 'from0' ? 7 : max;
  return value >= min && value <= highest ? value : undefined;
};

/** cron-parser reads a whole expression; the year, which it does not know, is ours. */
const PLACES = ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const;

/** The values of `from-to/step`, all within the field and in order. */
const valuesOf = (field: FieldName, from: number, to: number, step: number): readonly number[] => {
  if (field === 'year') {
    return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
  }
  const expression = PLACES.map((place) => (place === field ? `${from}-${to}/${step}` : '*')).join(' ');
  // A date, so that the parser does not look at the clock.
  const { values } = CronExpressionParser.parse(expression, { currentDate: 0 }).fields[field];
  return values.map(Number);
};

const ITEM = /^(?:\*|([A-Z\d]+)(?:-([A-Z\d]+))?)(?:\/(\d{1,4}))?$/;

/**
 * One item of a list: `*`, `5`, `1-5`, `MON-FRI`, any of them with `/step`. A range may go past the end (`22-2`, `FRI-MON`), as
 * in Quartz and Cronos, and its step goes on counting there. `5/10` is `5` to the last value by tens.
 */
export const readItem = (field: FieldName, item: string, weekdays: WeekdayNumbers): readonly number[] | Problem => {
  const { label, min, max } = FIELDS[field];
  const found = ITEM.exec(item);
  if (found === null) {
    return unreadable(field, item, weekdays);
  }
  const [, first, last, stepText] = found;
  const number = first === undefined ? min : readNumber(field, first, weekdays);
  const end = last === undefined ? undefined : readNumber(field, last, weekdays);
  if (number === undefined || (last !== undefined && end === undefined)) {
    return unreadable(field, item, weekdays);
  }
  // A Sunday written 7 is the 0 at the beginning of a week, unless a range ends with it.
  const from = number > max ? min : number;
  const until = end === number ? from : end;
  const to = until ?? (first === undefined || stepText !== undefined ? max : from);
  const step = stepText === undefined ? 1 : Number(stepText);
  const longest = field === 'dayOfWeek' ? 7 : max;
  if (step < 1 || step > longest) {
    const instead =
      field === 'second' || field === 'minute' || field === 'hour' ? '; for a longer interval use @every' : '';
    return { problem: `${label}: the step of "${item}" must be from 1 to ${longest}${instead}` };
  }
  if (from <= to) {
    return valuesOf(field, from, to, step).map((value) => (value > max ? min : value));
  }
  if (field === 'year') {
    return { problem: `year: "${item}" goes backwards` };
  }
  const before = valuesOf(field, from, max, step);
  const again = (before.at(-1) ?? from) + step - (max - min + 1);
  return again <= to ? [...before, ...valuesOf(field, again, to, step)] : before;
};
