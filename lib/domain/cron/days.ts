/** Day-of-month and day-of-week, with `L`, `W` and `#`, and which days of a month they come to together. */

import { FIELDS, isProblem, type Problem, readItem, readNumber, unreadable, type WeekdayNumbers } from './fields.ts';
import type { DayRule } from './schedule.ts';

export type DaysOfMonth = {
  /** `*` or `?` alone: every day. */
  readonly any: boolean;
  /** Begins with a star, with or without a step, or is `?`. */
  readonly starred: boolean;
  readonly days: ReadonlySet<number>;
  /** `15W`: the weekday (Monday to Friday) nearest to it, in the same month. */
  readonly nearest: readonly number[];
  /** `L` and `L-3`: days before the last; with `W`, the weekday nearest to it. */
  readonly last: readonly { readonly back: number; readonly weekday: boolean }[];
};

export type DaysOfWeek = {
  readonly any: boolean;
  readonly starred: boolean;
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** `5#3`: the third Friday. */
  readonly nth: readonly { readonly weekday: number; readonly n: number }[];
  /** `5L`: the last Friday. */
  readonly last: readonly number[];
};

const flags = (text: string) => ({ any: text === '*' || text === '?', starred: text.startsWith('*') || text === '?' });

const FROM_LAST = /^L(?:-(\d{1,2}))?(W)?$/;
const NEAREST = /^(\d{1,2})W$/;
const NTH = /^([A-Z\d]+)#(\d)$/;
const LAST = /^([A-Z\d]+)L$/;

export const readDaysOfMonth = (text: string): DaysOfMonth | Problem => {
  const days = new Set<number>();
  const nearest: number[] = [];
  const last: { back: number; weekday: boolean }[] = [];
  for (const item of text === '?' ? ['*'] : text.split(',')) {
    const fromLast = FROM_LAST.exec(item);
    const near = NEAREST.exec(item);
    if (fromLast !== null) {
      const back = Number(fromLast[1] ?? 0);
      if (back > 30) {
        return { problem: `day of month: "${item}" counts back to before the month; use L-0 to L-30` };
      }
      last.push({ back, weekday: fromLast[2] !== undefined });
    } else if (near !== null) {
      const day = readNumber('dayOfMonth', near[1] ?? '', 'from0');
      if (day === undefined) {
        return { problem: `day of month: "${item}" names no day; use 1W to 31W` };
      }
      nearest.push(day);
    } else {
      const values = readItem('dayOfMonth', item, 'from0');
      if (isProblem(values)) {
        return values;
      }
      for (const value of values) {
        days.add(value);
      }
    }
  }
  return { ...flags(text), days, nearest, last };
};

export const readDaysOfWeek = (text: string, numbers: WeekdayNumbers): DaysOfWeek | Problem => {
  const weekdays = new Set<number>();
  const nth: { weekday: number; n: number }[] = [];
  const last: number[] = [];
  for (const item of text === '?' ? ['*'] : text.split(',')) {
    const [, nthDay, n] = NTH.exec(item) ?? [];
    const [, lastDay] = LAST.exec(item) ?? [];
    const named = nthDay ?? lastDay;
    if (named === undefined) {
      const values = readItem('dayOfWeek', item, numbers);
      if (isProblem(values)) {
        return values;
      }
      for (const value of values) {
        weekdays.add(value);
      }
      continue;
    }
    const number = readNumber('dayOfWeek', named, numbers);
    if (number === undefined) {
      return unreadable('dayOfWeek', item, numbers);
    }
    const weekday = number % 7;
    if (n === undefined) {
      last.push(weekday);
    } else if (n >= '1' && n <= '5') {
      nth.push({ weekday, n: Number(n) });
    } else {
      return { problem: `${FIELDS.dayOfWeek.label}: "${item}": a month has a weekday 1 to 5 times` };
    }
  }
  return { ...flags(text), weekdays, nth, last };
};

const isWorkday = (weekday: number): boolean => weekday !== 0 && weekday !== 6;

/** The nearest Monday to Friday of the same month. */
const nearestWorkday = (day: number, length: number, weekdayOn: (day: number) => number): number => {
  // A Saturday's neighbour is the Friday before, a Sunday's the Monday after; the first and last day cannot leave the month.
  const candidates = [day, day - 1, day + 1, day - 2, day + 2];
  return candidates.find((other) => other >= 1 && other <= length && isWorkday(weekdayOn(other))) ?? day;
};

/** @param first weekday of the 1st of the month */
const listDays = (month: DaysOfMonth, week: DaysOfWeek, rule: DayRule, length: number, first: number): number[] => {
  const weekdayOn = (day: number) => (first + day - 1) % 7;
  const special = new Set<number>();
  for (const day of month.nearest) {
    if (day <= length) {
      special.add(nearestWorkday(day, length, weekdayOn));
    }
  }
  for (const { back, weekday } of month.last) {
    const day = length - back;
    if (day >= 1) {
      special.add(weekday ? nearestWorkday(day, length, weekdayOn) : day);
    }
  }
  const inMonth = (day: number) => month.days.has(day) || special.has(day);
  const inWeek = (day: number) => {
    const weekday = weekdayOn(day);
    return (
      week.weekdays.has(weekday) ||
      week.nth.some((nth) => nth.weekday === weekday && nth.n === Math.ceil(day / 7)) ||
      (day + 7 > length && week.last.includes(weekday))
    );
  };
  const either = isEither(month, week, rule);
  return Array.from({ length }, (_, index) => index + 1).filter((day) =>
    either ? inMonth(day) || inWeek(day) : inMonth(day) && inWeek(day),
  );
};

/**
 * Whether one of the two is enough. By the Unix rule, only if neither begins with a star (with or without a step), as Vixie
 * cron and cronie have it: a day of month of every second day and a day of week of MON are the Mondays that are odd days.
 */
export const isEither = (month: DaysOfMonth, week: DaysOfWeek, rule: DayRule): boolean =>
  rule === 'or' && !month.starred && !week.starred;

/** The days of a month that are meant, in order, by its length and the weekday of its 1st: 28 sorts of months are all. */
export type DaysIn = (length: number, first: number) => readonly number[];

export const createDaysIn = (month: DaysOfMonth, week: DaysOfWeek, rule: DayRule): DaysIn => {
  const lists = new Map<number, readonly number[]>();
  return (length, first) => {
    const sort = length * 7 + first;
    let list = lists.get(sort);
    if (list === undefined) {
      list = listDays(month, week, rule, length, first);
      lists.set(sort, list);
    }
    return list;
  };
};
