/** Occurrences are fired ahead of their instant: a change that comes in between finds runs that it should have prevented. */
import { jitterOf, occurrencesBetween } from '../cron/occurrences.ts';
import { makeJobRunId, parseJobRunId } from '../ids.ts';
import { firesAt } from './chain.ts';
import type { Job } from './job.ts';
import { runIdsOf, runIdsOfLast } from './pending.ts';

/**
 * Occurrences looked through. Those ahead are four at the most, but as long as their jitter is others have yet to begin: with a
 * day of it 1,440 of every minute. Each that has is a run to be cancelled while a person waits, some 300 in a second.
 */
const MOST_AHEAD = 5_000;

/**
 * Occurrences that were fired and whose runs must not have begun yet: their instant, with its jitter, has not come. What was
 * fired lies before `next`, save what an earlier revision has fired; without a next one, no further ahead than occurrences are
 * fired.
 */
export const firedAhead = (job: Job, now: number): readonly number[] => {
  const { schedule, ahead = [] } = job;
  if (schedule === undefined || job.state !== 'active') {
    return [];
  }
  const from = Math.max(now - schedule.jitterMs, job.scheduledFrom ?? job.createdAt);
  const to = job.next ?? now + (now - firesAt(now)) + 1;
  return [...occurrencesBetween(schedule, from, to, MOST_AHEAD), ...ahead].filter(
    (n) => n + jitterOf(job.id, n, schedule.jitterMs) > now,
  );
};

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
 * Runs that a pause should have cancelled, and did not live to: what the newest fire of a job that is not active stands for, while
 * its instant has not come. Whoever asks for the pause again finds them.
 */
export const leftAhead = ({ id, state, pend }: Job, now: number): readonly string[] =>
  state === 'active' || pend?.trigger !== 'schedule' || pend.skip !== undefined || pend.executeAt <= now
    ? []
    : runIdsOf(id, pend);
