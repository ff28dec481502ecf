/** Checks a schedule as a person gave it, and says how it is understood. */
import { firstIn } from './calendar.ts';
import { DAY_S, daysFromCivil } from './civil.ts';
import { type Expression, readExpression } from './expression.ts';
import { FIRST_YEAR, isProblem } from './fields.ts';
import { nextOccurrence, occurrencesBetween } from './occurrences.ts';
import type { Schedule } from './schedule.ts';
import { warningsOf } from './warnings.ts';
import { describe } from './words.ts';
import { isTimeZone } from './zone.ts';

export type ScheduleReading =
  | {
      readonly kind: 'valid';
      /** The next occurrences, at most five, the earliest not before `now`. Epoch ms. */
      readonly next: readonly number[];
      /** The reading in English words. */
      readonly words: string;
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'invalid'; readonly problem: string };

const NEXT = 5;

/** Why a schedule has no occurrence from `now` on. */
const neverProblem = (expression: Expression, schedule: Schedule, now: number): string => {
  const { endAt, startAt } = schedule;
  const at = (instant: number) => new Date(instant).toISOString();
  if (endAt !== undefined && endAt <= Math.max(now, startAt)) {
    return `the schedule ends at ${at(endAt)}, which is not after its start and now: choose a later end`;
  }
  if (expression.kind === 'once') {
    return `@once is due at its start, ${at(startAt)}, and that is over: choose a later start`;
  }
  if (expression.kind === 'calendar') {
    const everIn = firstIn(expression.calendar, daysFromCivil(FIRST_YEAR, 1, 1) * DAY_S, Number.POSITIVE_INFINITY);
    if (everIn === undefined) {
      return `no year has such a day: check day of month, month and day of week of "${schedule.expression}"`;
    }
  }
  const { endAt: _, ...endless } = schedule;
  if (endAt !== undefined && nextOccurrence(endless, now - 1) !== undefined) {
    return `nothing is due before the end, ${at(endAt)}: choose a later end`;
  }
  if (schedule.gap === 'skip' && nextOccurrence({ ...endless, gap: 'shift' }, now - 1) !== undefined) {
    return `each time that it names is left out by the clock changes of ${schedule.timeZone}: choose another time, or let such times be shifted`;
  }
  return `all that "${schedule.expression}" names is over: choose years that are still to come`;
};

export const readSchedule = (schedule: Schedule, now: number): ScheduleReading => {
  const expression = readExpression(schedule.expression, schedule.days);
  if (isProblem(expression)) {
    return { kind: 'invalid', problem: expression.problem };
  }
  if (!isTimeZone(schedule.timeZone)) {
    return {
      kind: 'invalid',
      problem: `"${schedule.timeZone}" is no time zone: write a name of the IANA database such as Europe/Berlin or UTC`,
    };
  }
  const next = occurrencesBetween(schedule, now, Number.POSITIVE_INFINITY, NEXT);
  if (next.length === 0) {
    return { kind: 'invalid', problem: neverProblem(expression, schedule, now) };
  }
  return {
    kind: 'valid',
    next,
    words: describe(expression, schedule),
    warnings: warningsOf(expression, schedule, now),
  };
};
