/** The moment of firing: the one write of the job's row that exactly one handler wins (rules J1 and J4). */
import { jitterOf, nextOccurrence } from '../cron/occurrences.ts';
import type { Schedule } from '../cron/schedule.ts';
import { pickDefined, without } from './fields.ts';
import type { Gap, Job, Pending, SkipReason } from './job.ts';
import { courseOf } from './misfire.ts';
import { lastIdOf } from './pending.ts';

/** What a fire has to know beyond its row. */
export type Surroundings = {
  /** Whether every run of the fire before has ended; read after helping (hole H29). Asked by `forbid` and `replace` alone. */
  readonly lastEnded: boolean;
  /** Of a broadcast: who is there. */
  readonly workers: readonly string[];
};

/** A fire: the row as it becomes. What `pend` names is created after it was written, and an alarm for `next` is armed before. */
export type Advance = { readonly do: 'advance'; readonly after: Job; readonly gap?: Gap };
export type Firing =
  | Advance
  /** The run before has not ended, and may yet by then. */
  | { readonly do: 'look'; readonly at: number };

/** Whether {@link Surroundings} `lastEnded` matters. */
export const asksForLast = (job: Job): boolean => job.policy.concurrency !== 'allow' && job.last !== undefined;
export const asksForWorkers = (job: Job): boolean => job.strategy === 'broadcast';

/** The row with a new fire in it. A fire that is skipped leaves `last` and the count alone: no run of it executes. */
export const withFire = (job: Job, pend: Pending, now: number): Job => ({
  ...job,
  version: job.version + 1,
  pend,
  ...(pend.skip === undefined ? { last: lastIdOf(job.id, pend), lastFiredAt: now, fired: job.fired + 1 } : {}),
});

/** The facts of a fire that do not depend on when it is. */
export const pendBase = (job: Job, { workers }: Pick<Surroundings, 'workers'>) => ({
  rev: job.rev,
  spec: job.spec,
  turn: job.fired,
  ...(asksForWorkers(job) && workers.length > 0 ? { workers } : {}),
});

const skipOf = (job: Job, executeAt: number, now: number, busy: boolean): SkipReason | undefined => {
  const { deadlineMs, concurrency } = job.policy;
  if (deadlineMs !== undefined && now > executeAt + deadlineMs) {
    return 'deadline';
  }
  return busy && concurrency === 'forbid' ? 'overlap' : undefined;
};

/** What an earlier revision has fired ahead is not fired again: with `replace` it would cancel itself. */
const passOver = (
  schedule: Schedule,
  following: number | undefined,
  ahead: readonly number[] = [],
): { readonly next: number | undefined; readonly ahead: readonly number[] | undefined } => {
  let next = following;
  while (next !== undefined && ahead.includes(next)) {
    next = nextOccurrence(schedule, next);
  }
  const from = next ?? Number.POSITIVE_INFINITY;
  const left = ahead.filter((n) => n > from);
  return { next, ahead: left.length > 0 ? left : undefined };
};

/** Fires `next`, which is due. */
export const decideFire = (job: Job, now: number, around: Surroundings): Firing => {
  const { next: n, schedule } = job;
  if (n === undefined || schedule === undefined) {
    throw new Error(`Job ${job.id} has no occurrence to fire`);
  }
  const busy = asksForLast(job) && !around.lastEnded;
  // Occurrences fire ahead of their instant. Whether the run before is still there is decided at the instant itself.
  if (busy && now < n) {
    return { do: 'look', at: n };
  }
  const { fire, next: following, gap } = courseOf(schedule, job.policy, n, now);
  const { next, ahead } = passOver(schedule, following, job.ahead);
  const advanced: Job = { ...without(job, 'next', 'ahead'), ...pickDefined({ next, ahead }) };
  const also = gap === undefined ? {} : { gap };
  if (fire === undefined) {
    return { do: 'advance', after: { ...advanced, version: job.version + 1 }, ...also };
  }
  const executeAt = fire + jitterOf(job.id, fire, schedule.jitterMs);
  const skip = skipOf(job, executeAt, now, busy);
  const replaces = skip === undefined && busy ? job.last : undefined;
  const pend: Pending = {
    ...pendBase(job, skip === undefined ? around : { workers: [] }),
    n: fire,
    at: now,
    executeAt,
    trigger: 'schedule',
    ...pickDefined({ skip, replaces }),
  };
  return { do: 'advance', after: withFire(advanced, pend, now), ...also };
};
