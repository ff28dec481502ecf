/** Reading an expression: five, six or seven fields, or a macro. What was read is kept, by its text. */
import type { Calendar } from './calendar.ts';
import { createDaysIn, type DaysOfMonth, type DaysOfWeek, readDaysOfMonth, readDaysOfWeek } from './days.ts';
import { FIELD_NAMES, type FieldName, isProblem, type Problem, readItem } from './fields.ts';
import type { DayRule } from './schedule.ts';

/** A field as it was written, in capitals, and what it stands for, in order. */
export type PlainField = { readonly text: string; readonly values: readonly number[] };

export type Fields = {
  readonly second: PlainField;
  readonly minute: PlainField;
  readonly hour: PlainField;
  readonly month: PlainField;
  readonly year: PlainField;
  readonly dayOfMonth: DaysOfMonth & { readonly text: string };
  readonly dayOfWeek: DaysOfWeek & { readonly text: string };
};

export type Expression =
  | { readonly kind: 'calendar'; readonly fields: Fields; readonly calendar: Calendar }
  | { readonly kind: 'every'; readonly periodMs: number }
  | { readonly kind: 'once' };

/** Each value of each field once is about 500 characters; a year's list longer than that is better said by its range. */
const MAX_LENGTH = 1_024;

const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const DURATION = /^(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,8})m)?(?:(\d{1,9})s)?$/;

const readEvery = (text: string): Expression | Problem => {
  const found = DURATION.exec(text);
  const [days, hours, minutes, seconds] = (found ?? []).slice(1).map((part) => Number(part ?? 0));
  const periodS = (days ?? 0) * 86_400 + (hours ?? 0) * 3_600 + (minutes ?? 0) * 60 + (seconds ?? 0);
  if (found === null || periodS === 0) {
    return {
      problem: `@every: "${text}" is no interval: write days, hours, minutes and seconds in whole numbers, at least 1s (90s, 1h30m, 2d)`,
    };
  }
  return { kind: 'every', periodMs: periodS * 1_000 };
};

const readPlain = (name: FieldName, text: string): PlainField | Problem => {
  const values = new Set<number>();
  for (const item of text.split(',')) {
    const read = readItem(name, item, 'from0');
    if (isProblem(read)) {
      return read;
    }
    for (const value of read) {
      values.add(value);
    }
  }
  return { text, values: [...values].sort((a, b) => a - b) };
};

const dialectProblem = (parts: readonly string[], days: DayRule): string | undefined => {
  const [, , , dayOfMonth, month, dayOfWeek] = parts;
  if (month === '?') {
    return 'month: "?" stands for a day. With six fields the first is the seconds: where the last is meant to be the year, as in AWS, put a 0 in front of them';
  }
  if (days === 'one' && (dayOfMonth === '?') === (dayOfWeek === '?')) {
    return 'day of month and day of week: with day rule "one" exactly one of the two must be "?"';
  }
  if (days !== 'one' && dayOfMonth === '?' && dayOfWeek === '?') {
    return 'day of month and day of week: not both can be "?"; write "*" for every day';
  }
  return undefined;
};

const readFields = (text: string, days: DayRule): Expression | Problem => {
  const given = text.toUpperCase().split(/\s+/);
  if (given.length < 5 || given.length > 7) {
    return {
      problem: `"${text}" has ${given.length} ${given.length === 1 ? 'field' : 'fields'}: there must be 5 (minute, hour, day of month, month, day of week), 6 (the second first) or 7 (the year last), or a macro such as @daily`,
    };
  }
  const parts = [...(given.length === 5 ? ['0'] : []), ...given, ...(given.length === 7 ? [] : ['*'])];
  const problem = dialectProblem(parts, days);
  if (problem !== undefined) {
    return { problem };
  }
  const textOf = (name: FieldName): string => parts[FIELD_NAMES.indexOf(name)] ?? '';
  // In the order of the fields, so that the first that is wrong is the one that is told.
  const second = readPlain('second', textOf('second'));
  if (isProblem(second)) {
    return second;
  }
  const minute = readPlain('minute', textOf('minute'));
  if (isProblem(minute)) {
    return minute;
  }
  const hour = readPlain('hour', textOf('hour'));
  if (isProblem(hour)) {
    return hour;
  }
  const dayOfMonth = readDaysOfMonth(textOf('dayOfMonth'));
  if (isProblem(dayOfMonth)) {
    return dayOfMonth;
  }
  const month = readPlain('month', textOf('month'));
  if (isProblem(month)) {
    return month;
  }
  const dayOfWeek = readDaysOfWeek(textOf('dayOfWeek'), days === 'one' ? 'from1' : 'from0');
  if (isProblem(dayOfWeek)) {
    return dayOfWeek;
  }
  const year = readPlain('year', textOf('year'));
  if (isProblem(year)) {
    return year;
  }
  return {
    kind: 'calendar',
    fields: {
      second,
      minute,
      hour,
      month,
      year,
      dayOfMonth: { ...dayOfMonth, text: textOf('dayOfMonth') },
      dayOfWeek: { ...dayOfWeek, text: textOf('dayOfWeek') },
    },
    calendar: {
      hours: hour.values,
      inHour: minute.values.flatMap((m) => second.values.map((s) => m * 60 + s)),
      daysIn: createDaysIn(dayOfMonth, dayOfWeek, days),
      months: new Set(month.values),
      ...(year.text === '*' ? {} : { years: new Set(year.values) }),
    },
  };
};

const readText = (text: string, days: DayRule): Expression | Problem => {
  if (text.length > MAX_LENGTH) {
    return { problem: `the expression has ${text.length} characters: at most ${MAX_LENGTH} are read` };
  }
  if (!text.startsWith('@')) {
    return text === ''
      ? { problem: 'the expression is empty: write five, six or seven fields, or a macro such as @daily' }
      : readFields(text, days);
  }
  const [macro = '', ...rest] = text.toLowerCase().split(/\s+/);
  if (macro === '@every') {
    return readEvery(rest.join(' '));
  }
  const fields = MACROS[macro];
  if (rest.length > 0 || (fields === undefined && macro !== '@once')) {
    return {
      problem: `"${text}" is no macro: there are ${Object.keys(MACROS).join(', ')}, @every <interval> and @once`,
    };
  }
  // A macro means the same in every dialect.
  return fields === undefined ? { kind: 'once' } : readFields(fields, 'or');
};

/** Read expressions take up to 30 KB each (every second), mostly less than 2 KB. */
const MAX_KEPT = 2_000;
const kept = new Map<string, Expression | Problem>();

export const readExpression = (expression: string, days: DayRule): Expression | Problem => {
  const key = `${days} ${expression}`;
  let read = kept.get(key);
  if (read === undefined) {
    read = readText(expression.trim(), days);
    if (kept.size >= MAX_KEPT) {
      // The first that was put in goes first: a map keeps that order.
      kept.delete(kept.keys().next().value ?? '');
    }
    kept.set(key, read);
  }
  return read;
};
