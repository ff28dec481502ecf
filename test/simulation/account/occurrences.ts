/** When the schedules of this world are due, computed anew: `@every` with a whole number of seconds, minutes or hours. */
import type { Schedule } from '../../../lib/domain/cron/schedule.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
const SECOND_MS = 1_000;

/** @throws a plain error on an expression that no story uses */
const periodOf = ({ expression }: Schedule): number => {
  const [, count, unit = ''] = /^@every (\d+)([smh])$/.exec(expression) ?? [];
  const unitMs = UNITS[unit];
  if (count === undefined || unitMs === undefined) {
    throw new Error(`The account cannot read "${expression}"`);
  }
  return Number(count) * unitMs;
};

/** From the second of its beginning on, one for each period. */
export const firstFrom = (schedule: Schedule, from: number): number => {
  const base = Math.floor(schedule.startAt / SECOND_MS) * SECOND_MS;
  const period = periodOf(schedule);
  return base + Math.max(0, Math.ceil((Math.max(from, schedule.startAt) - base) / period)) * period;
};

/** `from` ≤ n < `to`. */
export const occurrencesIn = (schedule: Schedule, from: number, to: number): readonly number[] => {
  const found: number[] = [];
  for (let n = firstFrom(schedule, from); n < to; n += periodOf(schedule)) {
    found.push(n);
  }
  return found;
};
