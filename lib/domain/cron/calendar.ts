/** Which local times a schedule names, and the search for the next and the last of them. It knows no time zones. */
import { type CivilDate, civilFromDays, DAY_S, daysFromCivil, weekdayOf } from './civil.ts';
import type { DaysIn } from './days.ts';
import { LAST_YEAR } from './fields.ts';

export type Calendar = {
  /** In order, as all lists here. */
  readonly hours: readonly number[];
  /** Seconds within an hour, from minutes and seconds together. */
  readonly inHour: readonly number[];
  readonly daysIn: DaysIn;
  readonly months: ReadonlySet<number>;
  /** Absent: every year. */
  readonly years?: ReadonlySet<number>;
};

/** The calendar repeats itself after 400 years: what is not found in so many is in none, unless years are named. */
const CYCLE_DAYS = 146_097;

const atLeast = (sorted: readonly number[], value: number): number | undefined => {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return sorted[low];
};

const atMost = (sorted: readonly number[], value: number): number | undefined => {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) <= value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return sorted[low - 1];
};

const HOUR_S = 3_600;

const timeAtLeast = ({ hours, inHour }: Calendar, time: number): number | undefined => {
  const hour = Math.floor(time / HOUR_S);
  const first = atLeast(hours, hour);
  const within = first === hour ? atLeast(inHour, time - hour * HOUR_S) : inHour[0];
  if (first === undefined || within !== undefined) {
    return first === undefined ? undefined : first * HOUR_S + (within ?? 0);
  }
  const next = atLeast(hours, hour + 1);
  return next === undefined ? undefined : next * HOUR_S + (inHour[0] ?? 0);
};

const timeAtMost = ({ hours, inHour }: Calendar, time: number): number | undefined => {
  const hour = Math.floor(time / HOUR_S);
  const last = atMost(hours, hour);
  const within = last === hour ? atMost(inHour, time - hour * HOUR_S) : inHour.at(-1);
  if (last === undefined || within !== undefined) {
    return last === undefined ? undefined : last * HOUR_S + (within ?? 0);
  }
  const before = atMost(hours, hour - 1);
  return before === undefined ? undefined : before * HOUR_S + (inHour.at(-1) ?? 0);
};

const isNamed = ({ years }: Calendar, { year }: CivilDate): boolean => years === undefined || years.has(year);

/** The days that are meant in the month of a date; none in a month or year that is not. */
const daysOfMonth = (calendar: Calendar, date: CivilDate): readonly number[] => {
  const { months, daysIn } = calendar;
  const { year, month } = date;
  if (!months.has(month) || !isNamed(calendar, date)) {
    return [];
  }
  const first = daysFromCivil(year, month, 1);
  return daysIn(daysFromCivil(year, month + 1, 1) - first, weekdayOf(first));
};

/** The first day, from `from` to `to` (days since 1970-01-01). */
const firstDay = (calendar: Calendar, from: number, to: number): number | undefined => {
  const last = calendar.years === undefined ? Math.min(to, from + CYCLE_DAYS) : to;
  let at = from;
  while (at <= last) {
    const date = civilFromDays(at);
    if (date.year > LAST_YEAR) {
      return undefined;
    }
    const day = atLeast(daysOfMonth(calendar, date), date.day);
    if (day !== undefined) {
      const found = at + day - date.day;
      return found <= to ? found : undefined;
    }
    at = isNamed(calendar, date) ? daysFromCivil(date.year, date.month + 1, 1) : daysFromCivil(date.year + 1, 1, 1);
  }
  return undefined;
};

const lastDay = (calendar: Calendar, from: number, to: number): number | undefined => {
  const first = calendar.years === undefined ? Math.max(from, to - CYCLE_DAYS) : from;
  let at = to;
  while (at >= first) {
    const date = civilFromDays(at);
    const day = atMost(daysOfMonth(calendar, date), date.day);
    if (day !== undefined) {
      const found = at + day - date.day;
      return found >= from ? found : undefined;
    }
    at = daysFromCivil(date.year, isNamed(calendar, date) ? date.month : 1, 1) - 1;
  }
  return undefined;
};

/** The first local time from `from` to `to`, both included. Either may be infinite outwards. */
export const firstIn = (calendar: Calendar, from: number, to: number): number | undefined => {
  const today = Math.floor(from / DAY_S);
  const end = Math.floor(to / DAY_S);
  const rest = timeAtLeast(calendar, from - today * DAY_S);
  const day = firstDay(calendar, rest === undefined ? today + 1 : today, end);
  if (day === undefined) {
    return undefined;
  }
  const local = day * DAY_S + (day === today ? (rest ?? 0) : (timeAtLeast(calendar, 0) ?? 0));
  return local <= to ? local : undefined;
};

/** The last local time from `from` to `to`, both included. */
export const lastIn = (calendar: Calendar, from: number, to: number): number | undefined => {
  const today = Math.floor(to / DAY_S);
  const rest = timeAtMost(calendar, to - today * DAY_S);
  const day = lastDay(calendar, Math.floor(from / DAY_S), rest === undefined ? today - 1 : today);
  if (day === undefined) {
    return undefined;
  }
  const local = day * DAY_S + (day === today ? (rest ?? 0) : (timeAtMost(calendar, DAY_S - 1) ?? 0));
  return local >= from ? local : undefined;
};
