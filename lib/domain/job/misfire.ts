/** Which occurrence is fired when an alarm comes, and what becomes of those that could not fire in time. */
import { lastOccurrence, nextOccurrence } from '../cron/occurrences.ts';
import type { Schedule } from '../cron/schedule.ts';
import { pickDefined } from './fields.ts';
import type { Gap, JobPolicy } from './job.ts';

/** Alarms are exact to seconds. An occurrence that is later than this could not fire: an outage, or a queue that stood still. */
export const MISFIRE_AFTER_MS = 60_000;

export type Course = {
  /** The occurrence that is fired. Absent: none. */
  readonly fire?: number;
  /** The one after it. Absent: there is none. */
  readonly next?: number;
  /** Those that are left out. */
  readonly gap?: Gap;
};

/** The oldest of the newest `cap` occurrences from `first` to `latest`. */
const oldestKept = (schedule: Schedule, first: number, latest: number, cap: number): number => {
  let kept = latest;
  for (let count = 1; count < cap && kept > first; count += 1) {
    const before = lastOccurrence(schedule, kept - 1);
    if (before === undefined || before < first) {
      return kept;
    }
    kept = before;
  }
  return kept;
};

/** @param n the occurrence whose turn it is: the job's `next` */
export const courseOf = (
  schedule: Schedule,
  { misfire, misfireCap }: Pick<JobPolicy, 'misfire' | 'misfireCap'>,
  n: number,
  now: number,
): Course => {
  if (now <= n + MISFIRE_AFTER_MS) {
    return { fire: n, ...pickDefined({ next: nextOccurrence(schedule, n) }) };
  }
  const latest = Math.max(n, lastOccurrence(schedule, now) ?? n);
  if (misfire === 'skip') {
    const gap: Gap = { from: n, to: latest + 1, reason: 'missed', by: misfire };
    return { gap, ...pickDefined({ next: nextOccurrence(schedule, latest) }) };
  }
  const fire = misfire === 'fire_once' ? latest : oldestKept(schedule, n, latest, misfireCap);
  const gap: Gap | undefined = fire > n ? { from: n, to: fire, reason: 'missed', by: misfire } : undefined;
  return { fire, ...pickDefined({ next: nextOccurrence(schedule, fire), gap }) };
};
