/**
 * Edits, pauses, resumptions, deletions (rules J2 and J3). What changes when or whether the job fires makes a new revision of
 * its chain, for which an alarm is armed before; alarms of the old one find a newer revision and end.
 */
import { occurrencesBetween } from '../cron/occurrences.ts';
import type { Schedule } from '../cron/schedule.ts';
import { firstOccurrence } from './create.ts';
import { isSame, pickDefined, without } from './fields.ts';
import { firedAhead, runsOfOccurrences } from './fired-ahead.ts';
import type { Gap, Job, JobSpec } from './job.ts';
import { type Beside, OPTIONAL_SETTINGS, settingsOf, specOf, type Wanted } from './wanted.ts';

export type Change = {
  readonly after: Job;
  /** The new version of the specification. */
  readonly spec?: JobSpec;
  readonly gap?: Gap;
  /** Runs that were fired ahead and must not begin: to be cancelled once the change is written. */
  readonly cancel: readonly string[];
};

type Context = { readonly now: number; readonly by: string };

/** Occurrences whose alarm is late when the chain is cut: they will not fire any more. */
const cutOff = (job: Job, now: number, why: Pick<Gap, 'reason' | 'by'>): Gap | undefined =>
  job.next !== undefined && job.next < now ? { from: job.next, to: now, ...why } : undefined;

/** The first occurrence of a new schedule. What the old one has fired ahead, and the new one has too, is not fired again. */
const firstOfNew = (schedule: Schedule, kept: ReadonlySet<number>, now: number): number | undefined => {
  let first = firstOccurrence(schedule, now);
  while (first !== undefined && kept.has(first)) {
    first = firstOccurrence(schedule, first + 1);
  }
  return first;
};

/** Of the occurrences that were fired ahead by the old schedule, those that the new one has too. */
const keptOf = (ahead: readonly number[], schedule: Schedule | undefined): ReadonlySet<number> =>
  new Set(schedule === undefined ? [] : ahead.filter((n) => occurrencesBetween(schedule, n, n + 1, 1).length > 0));

/** What becomes of the chain. Nothing: neither state nor schedule change. */
const rechain = (
  job: Job,
  { schedule, state }: Pick<Wanted, 'schedule' | 'state'>,
  { now, by }: Context,
):
  | { readonly fields: Partial<Job>; readonly gap?: Gap | undefined; readonly cancel: readonly string[] }
  | undefined => {
  const rescheduled = !isSame(schedule, job.schedule);
  if (state === job.state && !rescheduled) {
    return undefined;
  }
  const was = job.state === 'active';
  const is = state === 'active';
  const fields = { rev: job.rev + 1, ...pickDefined({ scheduledFrom: rescheduled ? now : job.scheduledFrom }) };
  if (!was && !is) {
    return { fields: { ...fields, ...pickDefined({ pausedAt: job.pausedAt, pausedBy: job.pausedBy }) }, cancel: [] };
  }
  if (was && !is) {
    return {
      fields: { ...fields, pausedAt: now, pausedBy: by },
      gap: cutOff(job, now, { reason: 'paused', by }),
      cancel: runsOfOccurrences(job, firedAhead(job, now)),
    };
  }
  if (!was) {
    const { pausedAt, pausedBy = by } = job;
    return {
      fields: { ...fields, ...pickDefined({ next: schedule && firstOccurrence(schedule, now) }) },
      gap:
        pausedAt === undefined || pausedAt === now
          ? undefined
          : { from: pausedAt, to: now, reason: 'paused', by: pausedBy },
      cancel: [],
    };
  }
  // An occurrence that is past and only waits for its jitter was due by the schedule that held then.
  const ahead = firedAhead(job, now).filter((n) => n > now);
  const kept = keptOf(ahead, schedule);
  const next = schedule && firstOfNew(schedule, kept, now);
  const later = [...kept].filter((n) => next !== undefined && n > next);
  return {
    fields: { ...fields, ...pickDefined({ next, ahead: later.length > 0 ? later : undefined }) },
    gap: cutOff(job, now, { reason: 'missed', by: 'schedule changed' }),
    cancel: runsOfOccurrences(
      job,
      ahead.filter((n) => !kept.has(n)),
    ),
  };
};

/**
 * @param beside of the job as it is
 * @returns undefined when the job is what is wanted already
 */
export const decideChange = (job: Job, beside: Beside, wanted: Wanted, context: Context): Change | undefined => {
  const settings = settingsOf(wanted);
  const isNewSpec = !isSame(wanted.spec, specOf(job, beside));
  const chain = rechain(job, wanted, context);
  const kept = without(job, ...OPTIONAL_SETTINGS);
  const merged = { ...kept, ...settings };
  if (chain === undefined && !isNewSpec && isSame(merged, job)) {
    return undefined;
  }
  const base = chain === undefined ? kept : without(kept, 'next', 'ahead', 'pausedAt', 'pausedBy', 'scheduledFrom');
  return {
    after: {
      ...base,
      ...settings,
      ...chain?.fields,
      state: wanted.state,
      rev: chain?.fields.rev ?? job.rev,
      spec: isNewSpec ? job.spec + 1 : job.spec,
      version: job.version + 1,
      updatedAt: context.now,
    },
    cancel: chain?.cancel ?? [],
    ...(isNewSpec ? { spec: wanted.spec } : {}),
    ...pickDefined({ gap: chain?.gap }),
  };
};

/** A run may wait and be tried for weeks, and its payload lies with its job. */
const ROW_KEPT_MS = 180 * 24 * 60 * 60_000;

/** Rule J3 for good: the row stays while runs may refer to it, and its name is free. */
export const decideRemoval = (job: Job, { now, by }: Context): Change => {
  const gap = job.state === 'active' ? cutOff(job, now, { reason: 'paused', by }) : undefined;
  return {
    after: {
      ...without(job, 'next'),
      state: 'deleted',
      rev: job.rev + 1,
      version: job.version + 1,
      updatedAt: now,
      deletedAt: now,
      expiresAt: now + ROW_KEPT_MS,
    },
    cancel: runsOfOccurrences(job, firedAhead(job, now)),
    ...pickDefined({ gap }),
  };
};
