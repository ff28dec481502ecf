import type { Schedule } from '../../domain/cron/schedule.ts';
import { pickDefined } from '../../domain/job/fields.ts';
import type { Job } from '../../domain/job/job.ts';
import { type Beside, detailsOf, scheduleOf, specOf, type Wanted } from '../../domain/job/wanted.ts';
import type { JobInput, JobPatch } from './api.ts';

/** A job as a client describes it, in the parts that it is kept in. */
export const wantedOf = (input: JobInput, current: Schedule | undefined, now: number): Wanted => {
  const { project, name, category, description, saveLog, metadata, policy, state } = input;
  const { handler, payload, pool, priority, maxTries, timeoutMs, needs, strategy, schedule } = input;
  return {
    details: { project, name, category, description, saveLog },
    spec: { handler, payload, pool, priority, maxTries, timeoutMs, strategy, ...pickDefined({ metadata, needs }) },
    payloadBytes: Buffer.byteLength(payload),
    policy,
    state,
    ...pickDefined({ schedule: schedule && scheduleOf(schedule, current, now) }),
  };
};

/** The job as it would be described now, with the patch laid over it; `null` takes away. */
export const patched = (job: Job, beside: Beside, patch: JobPatch, now: number): Wanted => {
  const { schedule, policy } = job;
  const state = job.state === 'deleted' ? 'disabled' : job.state;
  const current: JobInput = {
    ...detailsOf(job),
    ...specOf(job, beside),
    policy,
    state,
    ...pickDefined({ schedule }),
  };
  const laid = { ...current, ...pickDefined(patch) };
  const { schedule: asked, needs, metadata, ...rest } = laid;
  return wantedOf(
    {
      ...rest,
      ...pickDefined({ schedule: asked ?? undefined, needs: needs ?? undefined, metadata: metadata ?? undefined }),
    },
    schedule,
    now,
  );
};
