/** Occurrences are fired ahead of their instant: a change that comes in between finds runs that it should have prevented. */
import { jitterOf, occurrencesBetween } from '../cron/occurrences.ts';
import type { Schedule } from '../cron/schedule.ts';
import { makeJobRunId, parseJobRunId } from '../ids.ts';
import { firesAt } from './chain.ts';
import type { Job } from './job.ts';
import { runIdsOf, runIdsOfLast } from './pending.ts';

/**
 * Occurrences looked through. Those ahead are four at the most, but as long as their jitter is others have yet to begin: with a
 * day of it 1,440 of every minute. Each that has is a run to be cancelled while a person waits, some 300 in a second.
 */
const MOST_AHEAD = 5_000;

/** No further ahead of `now` than this are occurrences fired. */
const reachOf = (now: number): number => now + (now - firesAt(now)) + 1;

/** Occurrences before `to`, and those that an earlier revision fired, whose instant has not come with its jitter. */
const waitingBefore = (job: Job, schedule: Schedule, to: number, now: number): readonly number[] => {
  const from = Math.max(now - schedule.jitterMs, job.scheduledFrom ?? job.createdAt);
  return [...occurrencesBetween(schedule, from, to, MOST_AHEAD), ...(job.ahead ?? [])].filter(
    (n) => n + jitterOf(job.id, n, schedule.jitterMs) > now,
  );
};

/**
 * Occurrences that were fired and whose runs must not have begun yet. What was fired lies before `next`; without a next one,
 * no further ahead than occurrences are fired.
 */
export const firedAhead = (job: Job, now: number): readonly number[] =>
  job.schedule === undefined || job.state !== 'active'
    ? []
    : waitingBefore(job, job.schedule, job.next ?? reachOf(now), now);

/** Ids of the runs of these occurrences. Of a broadcast the job's row knows the newest. */
export const runsOfOccurrences = (job: Job, occurrences: readonly number[]): readonly string[] => {
  const last = job.last === undefined ? undefined : parseJobRunId(job.last);
  return occurrences.flatMap((instant) =>
    job.last !== undefined && last?.instant === instant
      ? runIdsOfLast(job.last)
      : [makeJobRunId({ job: job.id, instant })],
  );
};

/**
 * Runs that a pause should have cancelled, and did not live to: of all that may have been fired when it was written, while their
 * instant has not come. Whoever asks for the pause again finds them.
 */
export const leftAhead = (job: Job, now: number): readonly string[] => {
  const { id, state, pend, schedule, pausedAt } = job;
  if (state === 'active') {
    return [];
  }
  const isWaiting = pend?.trigger === 'schedule' && pend.skip === undefined && pend.executeAt > now;
  const waiting =
    schedule === undefined || pausedAt === undefined ? [] : waitingBefore(job, schedule, reachOf(pausedAt), now);
  return [...new Set([...(isWaiting ? runIdsOf(id, pend) : []), ...runsOfOccurrences(job, waiting)])];
};
