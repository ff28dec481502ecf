import { readSchedule } from '../../domain/cron/read.ts';
import { armedFor } from '../../domain/job/chain.ts';
import { type Change, decideChange, decideRemoval } from '../../domain/job/change.ts';
import { isSame, pickDefined } from '../../domain/job/fields.ts';
import { leftAhead } from '../../domain/job/fired-ahead.ts';
import type { Job } from '../../domain/job/job.ts';
import { CREATE_WITHIN_MS } from '../../domain/job/pending.ts';
import { arm } from '../alarms/arm.ts';
import type { Engine } from '../api.ts';
import { racing } from '../identity/racing.ts';
import type { Ports } from '../ports/index.ts';
import type { ChangeJobResult, Jobs } from './api.ts';
import { inBatches } from './in-batches.ts';
import { type ReadSpec, readBeside } from './read-spec.ts';
import type { RunsOfFire } from './runs-of-fire.ts';
import { type ViewJobs, viewOne } from './view-jobs.ts';
import { patched } from './wanted-of.ts';

type Tools = {
  readonly runsOfFire: RunsOfFire;
  readonly readSpec: ReadSpec;
  readonly viewJobs: ViewJobs;
  readonly cancelRun: Engine['cancelRun'];
  /** Ends the backfills of a job that is deleted: they would go on creating runs. */
  readonly endBackfills: (job: string) => Promise<void>;
};

/** Edits, pauses, resumes and deletes jobs (rules J2 and J3). */
export const createChangeJob = (ports: Ports, tools: Tools): Pick<Jobs, 'change' | 'remove'> => {
  const { jobs, now } = ports;

  /** Helps, so that nobody creates a run of the old chain once this has returned (hole H26); arms; then writes. */
  const apply = async (job: Job, { after, spec, gap }: Change): Promise<'done' | 'changed' | 'name_taken'> => {
    await tools.runsOfFire.help(job, 'consistent', CREATE_WITHIN_MS);
    if (after.rev !== job.rev && after.next !== undefined) {
      await arm(ports, { kind: 'job', id: job.id, n: after.next }, after.rev, armedFor(after.next, now()));
    }
    return (await jobs.write(job, after, pickDefined({ spec, gap }))).kind;
  };

  const read = async (id: string): Promise<Job | undefined> => {
    const job = await jobs.get(id, 'consistent');
    return job === undefined || job.state === 'deleted' ? undefined : job;
  };

  const cancelAll = async (ids: readonly string[]): Promise<void> => {
    await inBatches(ids, tools.cancelRun);
  };

  return {
    change: (id, patch, by) =>
      racing<ChangeJobResult>(`Job ${id}`, async () => {
        const job = await read(id);
        if (job === undefined) {
          return { kind: 'not_found' };
        }
        const beside = await readBeside(tools.readSpec, job);
        const wanted = patched(job, beside, patch, now());
        const { schedule } = wanted;
        if (schedule !== undefined && !isSame(schedule, job.schedule)) {
          const reading = readSchedule(schedule, now());
          if (reading.kind === 'invalid') {
            return { kind: 'bad_schedule', problem: reading.problem };
          }
        }
        const change = decideChange(job, beside, wanted, { now: now(), by });
        if (change === undefined) {
          await cancelAll(leftAhead(job, now()));
          return { kind: 'changed', job: await viewOne(tools.viewJobs, job) };
        }
        const applied = await apply(job, change);
        if (applied === 'changed') {
          return 'changed';
        }
        if (applied === 'name_taken') {
          return { kind: 'name_taken' };
        }
        await cancelAll(change.cancel);
        return { kind: 'changed', job: await viewOne(tools.viewJobs, change.after) };
      }),
    remove: (id, by) =>
      racing<'removed' | 'not_found'>(`Job ${id}`, async () => {
        const job = await read(id);
        if (job === undefined) {
          return 'not_found';
        }
        const change = decideRemoval(job, { now: now(), by });
        if ((await apply(job, change)) !== 'done') {
          return 'changed';
        }
        await cancelAll(change.cancel);
        await tools.endBackfills(id);
        return 'removed';
      }),
  };
};
