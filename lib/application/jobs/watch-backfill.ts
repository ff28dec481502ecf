import { makeJobRunId, parseJobRunId } from '../../domain/ids.ts';
import { advanceBackfill, BACKFILL_LOOK_MS, backfillRequest, candidatesOf, isStep } from '../../domain/job/backfill.ts';
import type { Job } from '../../domain/job/job.ts';
import { isTerminal, type Run } from '../../domain/run.ts';
import type { Acted, Watch } from '../alarms/ring.ts';
import type { Engine } from '../api.ts';
import type { Backfill, Ports } from '../ports/index.ts';
import type { CreateRun } from '../runs/create-run.ts';
import { inBatches } from './in-batches.ts';
import type { JobRuns } from './job-runs.ts';

type Tools = {
  readonly createRun: CreateRun;
  readonly cancelRun: Engine['cancelRun'];
  readonly jobRuns: JobRuns;
};

export type BackfillActs = {
  readonly watch: (job: string, id: string) => Watch<Backfill>;
  /** Cancels what a cancelled backfill has open, and notes that nothing is. */
  readonly settle: (row: Backfill) => Promise<boolean>;
};

/**
 * What the alarm of a backfill does: it looks which runs have ended, and creates the next ones. As with a fire the row names
 * the runs before they are created, so whoever cancels knows all that may appear, and creates them first (rule J3).
 */
export const createBackfillActs = (ports: Ports, tools: Tools): BackfillActs => {
  const { jobs, runs, settings, now } = ports;
  const { backfills } = jobs;

  const none: Acted = { next: 'none' };
  const again: Acted = { next: 'again' };

  const create = async (job: Job, backfill: string, n: number): Promise<Run> => {
    const { run } = await tools.createRun(backfillRequest(job, { n, backfill }, now()), job.payload);
    return run;
  };

  /** A run that the row names; created by us where a crash kept it from being created. */
  const findOrCreate = async (row: Backfill, job: Job, id: string): Promise<Run | undefined> => {
    const n = parseJobRunId(id)?.instant;
    const found = (await runs.get(id, 'eventual')) ?? (await runs.get(id, 'consistent'));
    return found ?? (n === undefined ? undefined : create(job, row.id, n));
  };

  const settle = async (row: Backfill): Promise<boolean> => {
    const job = await jobs.get(row.job, 'consistent');
    if (job !== undefined) {
      await inBatches(row.open, async (id) => {
        const run = await findOrCreate(row, job, id);
        if (run?.backfill === row.id && !isTerminal(run.status)) {
          await tools.cancelRun(id);
        }
      });
    }
    return backfills.write(row, { ...row, open: [], version: row.version + 1 });
  };

  const endedOf = async (row: Backfill, job: Job): Promise<ReadonlySet<string>> => {
    const ended = await inBatches(row.open, async (id) => {
      const run = await findOrCreate(row, job, id);
      // One that somebody else created first is not ours to wait for.
      return run === undefined || isTerminal(run.status) || run.backfill !== row.id ? [id] : [];
    });
    return new Set(ended.flat());
  };

  const withRun = async (job: string, candidates: readonly number[]): Promise<ReadonlySet<number>> => {
    const ids = candidates.flatMap((instant) => [
      makeJobRunId({ job, instant }),
      makeJobRunId({ job, instant, index: 0 }),
    ]);
    const found = await tools.jobRuns.getMany(ids);
    return new Set(found.flatMap(({ id }) => parseJobRunId(id)?.instant ?? []));
  };

  const run = async (row: Backfill, job: Job): Promise<Acted> => {
    const ended = await endedOf(row, job);
    if (row.open.length - ended.size >= row.parallel) {
      return { next: 'look', at: now() + BACKFILL_LOOK_MS };
    }
    const candidates = candidatesOf(row, job.schedule);
    const hasRun = await withRun(job.id, candidates);
    const { after, create: due } = advanceBackfill(row, job.id, { ended, candidates, hasRun }, now());
    if (!isStep(row, after)) {
      return { next: 'look', at: now() + BACKFILL_LOOK_MS };
    }
    const kept = after.state === 'done' ? { ...after, expiresAt: now() + settings.retentionMs } : after;
    if (!(await backfills.write(row, kept))) {
      return again;
    }
    await inBatches(due, (n) => create(job, row.id, n));
    return after.state === 'done' ? none : { next: 'look', at: after.wakeAt };
  };

  const act = async (row: Backfill): Promise<Acted> => {
    if (row.state !== 'running') {
      return (await settle(row)) ? none : again;
    }
    const job = await jobs.get(row.job, 'consistent');
    if (job !== undefined && job.state !== 'deleted') {
      return run(row, job);
    }
    const expiresAt = now() + settings.retentionMs;
    await backfills.write(row, { ...row, state: 'cancelled', version: row.version + 1, expiresAt });
    return again;
  };

  const change = async (
    ref: { readonly job: string; readonly id: string },
    holds: (row: Backfill) => boolean,
    fields: (row: Backfill) => Partial<Backfill>,
  ): Promise<boolean> => {
    const row = await backfills.get(ref.job, ref.id);
    return (
      row !== undefined && holds(row) && backfills.write(row, { ...row, ...fields(row), version: row.version + 1 })
    );
  };

  return {
    settle,
    watch: (job, id) => ({
      read: () => backfills.get(job, id),
      watched: (row) => ({
        open: row.state === 'running' || row.open.length > 0,
        g: row.g,
        wakeAt: row.wakeAt,
        // Every write moves the version, so it is fence enough.
        fence: row.version,
      }),
      act,
      fence: (g) =>
        change(
          { job, id },
          (row) => row.g === g,
          () => ({}),
        ),
      // No mark is left: a creation lives for 28 s, and its alarm waits for 90.
      voidMissing: async () => true,
      bump: (g, fence) =>
        change(
          { job, id },
          (row) => row.g === g && row.version === fence,
          (row) => ({ g: row.g + 1 }),
        ),
    }),
  };
};
