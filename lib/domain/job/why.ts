/** "Why does this job not fire?", answered from its row and its last run. */
import { instant, maybe, WHY_SKIPPED, type Why } from '../fleet/why.ts';
import { isTerminal, type Run } from '../run.ts';
import type { Job } from './job.ts';

export const WHY_JOB = [
  'deleted',
  'paused',
  'disabled',
  'no_schedule',
  'past_end',
  'no_occurrence',
  /** The run before it has not ended, and the policy forbids two. */
  'blocked',
  /** The last occurrence was left out. */
  'skipped',
  'due',
  'waiting',
] as const;

export type WhyJob = Why<(typeof WHY_JOB)[number]>;

export type JobInstance = {
  readonly job: Job;
  /** The run that was fired last, where its row is there. */
  readonly last: Pick<Run, 'id' | 'status'> | undefined;
  readonly now: number;
};

export const whyJob = ({ job, last, now }: JobInstance): WhyJob => {
  const next = maybe(job.next);
  const details = { next_at: next, last_run: job.last, last_status: last?.status };
  const by = job.pausedBy === undefined ? '' : ` by ${job.pausedBy}`;
  const since = job.pausedAt === undefined ? '' : ` since ${instant(job.pausedAt)}`;
  const stopped = { by: job.pausedBy, since: maybe(job.pausedAt) };
  if (job.state === 'deleted') {
    return { reason: 'deleted', message: 'It was deleted.', details: { deleted_at: maybe(job.deletedAt) } };
  }
  if (job.state === 'paused') {
    return {
      reason: 'paused',
      message: `It is paused${by}${since}: it does not fire, and can be started by hand.`,
      details: { ...details, ...stopped },
    };
  }
  if (job.state === 'disabled') {
    return {
      reason: 'disabled',
      message: `It is disabled${by}${since}: it neither fires nor can be started by hand.`,
      details: { ...details, ...stopped },
    };
  }
  if (job.schedule === undefined) {
    return { reason: 'no_schedule', message: 'It has no schedule: it is only started by hand.', details };
  }
  if (job.next === undefined) {
    const { endAt, expression } = job.schedule;
    return endAt !== undefined && endAt <= now
      ? {
          reason: 'past_end',
          message: `Its schedule ended at ${instant(endAt)}.`,
          details: { ...details, end_at: instant(endAt) },
        }
      : {
          reason: 'no_occurrence',
          message: `Its schedule has no further occurrence${endAt === undefined ? '' : ` before its end at ${instant(endAt)}`}.`,
          details: { ...details, expression, end_at: maybe(endAt) },
        };
  }
  if (job.policy.concurrency === 'forbid' && last !== undefined && !isTerminal(last.status)) {
    return {
      reason: 'blocked',
      message: `Run ${last.id} has not ended, and its policy forbids two at a time: an occurrence at ${instant(job.next)} is left out unless that run ends before.`,
      details: { ...details, blocked_by: last.id },
    };
  }
  if (job.next <= now) {
    return { reason: 'due', message: `It fell due at ${instant(job.next)} and is being fired.`, details };
  }
  const { pend } = job;
  if (pend?.skip !== undefined) {
    return {
      reason: 'skipped',
      message: `Its last occurrence, at ${instant(pend.n)}, was left out: ${WHY_SKIPPED[pend.skip]}. The next one is at ${instant(job.next)}.`,
      details: { ...details, skipped_at: instant(pend.n), skip: pend.skip },
    };
  }
  return { reason: 'waiting', message: `It is next due at ${instant(job.next)}.`, details };
};
