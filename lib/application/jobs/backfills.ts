import { makeRunId, parseJobRunId } from '../../domain/ids.ts';
import { fillable, MAX_BACKFILL, MAX_PARALLEL, occurrencesToFill } from '../../domain/job/backfill.ts';
import type { Job } from '../../domain/job/job.ts';
import { arm } from '../alarms/arm.ts';
import { racing } from '../identity/racing.ts';
import type { Backfill, Ports } from '../ports/index.ts';
import type { BackfillResult, BackfillView, Jobs } from './api.ts';
import type { JobRuns } from './job-runs.ts';
import type { BackfillActs } from './watch-backfill.ts';

/** Draws of an id before we give up. */
const ID_DRAWS = 8;
/** The first look comes after the row is written, not before it. */
const FIRST_LOOK_MS = 1_000;
/** Rule W2: whoever commits later than this after arming arms again. No mark is left for a row that did not come (A5). */
const COMMIT_WITHIN_MS = 30_000;
/** While it runs its row must not expire; when it ends it gets a nearer end. */
const RUNNING_KEPT_MS = 400 * 24 * 60 * 60_000;

const viewOf = ({ id, job, from, to, parallel, state, total, created, createdAt }: Backfill): BackfillView => ({
  ...{ id, job, from, to, parallel, state, total, created, createdAt },
});

/** It creates runs, or has named some that are still to be created and cancelled. */
const isOpen = ({ state, open }: Backfill): boolean => state === 'running' || open.length > 0;

export type Backfills = Pick<Jobs, 'backfill' | 'listBackfills' | 'cancelBackfill'> & {
  /** Ends all that run: their job was deleted. */
  readonly endAll: (job: string) => Promise<void>;
};

/** Backfills: past occurrences of a range that have no run get one. */
export const createBackfills = (
  ports: Ports,
  tools: { readonly jobRuns: JobRuns; readonly settle: BackfillActs['settle'] },
): Backfills => {
  const { jobs, settings, now, chance } = ports;
  const { backfills } = jobs;

  const find = async (id: string): Promise<Job | undefined> => {
    const job = await jobs.get(id, 'consistent');
    return job === undefined || job.state === 'deleted' ? undefined : job;
  };

  const start = async (
    plan: Pick<Backfill, 'job' | 'from' | 'to' | 'parallel' | 'total' | 'createdBy'> & { readonly next: number },
  ): Promise<BackfillResult> => {
    for (let draw = 0; draw < ID_DRAWS; draw += 1) {
      const at = now();
      const backfill: Backfill = {
        ...plan,
        id: makeRunId(at, chance()),
        state: 'running',
        created: 0,
        open: [],
        version: 1,
        g: 1,
        wakeAt: at + FIRST_LOOK_MS,
        createdAt: at,
        expiresAt: at + RUNNING_KEPT_MS,
      };
      const { id, job, g, wakeAt } = backfill;
      const key = { kind: 'backfill', job, id } as const;
      await arm(ports, key, g, wakeAt);
      if (await backfills.create(backfill)) {
        if (now() > at + COMMIT_WITHIN_MS) {
          // Its alarm may have given up on it meanwhile (rule W2).
          await arm(ports, key, g, now() + FIRST_LOOK_MS);
        }
        return { kind: 'started', backfill: viewOf(backfill) };
      }
    }
    throw new Error(`No free backfill id in ${ID_DRAWS} draws`);
  };

  const cancel = (job: string, id: string): Promise<Backfill | undefined> =>
    racing<Backfill | undefined>(`Backfill ${id}`, async () => {
      const row = await backfills.get(job, id);
      if (row === undefined || !isOpen(row)) {
        return row;
      }
      const expiresAt = now() + settings.retentionMs;
      const cancelled: Backfill =
        row.state === 'cancelled' ? row : { ...row, state: 'cancelled', version: row.version + 1, expiresAt };
      if (cancelled !== row && !(await backfills.write(row, cancelled))) {
        return 'changed';
      }
      // Where this is cut short, its alarm goes on; and whoever asks again does, who is answered when nothing can appear any more.
      await tools.settle(cancelled);
      return cancelled;
    });

  return {
    backfill: async (id, { from, to, parallel, dryRun }, by) => {
      const job = await find(id);
      if (job === undefined) {
        return { kind: 'not_found' };
      }
      if (job.schedule === undefined) {
        return { kind: 'no_schedule' };
      }
      const range = fillable(job, { from, to }, now());
      const occurrences = occurrencesToFill(job.schedule, range, MAX_BACKFILL + 1);
      if (occurrences.length > MAX_BACKFILL) {
        return { kind: 'too_many', most: MAX_BACKFILL };
      }
      const ids = occurrences.length === 0 ? [] : await tools.jobRuns.idsBetween(id, range.from, range.to);
      const hasRun = new Set(ids.map((run) => parseJobRunId(run)?.instant));
      const left = occurrences.filter((n) => !hasRun.has(n));
      const [first, last] = [left[0], left.at(-1)];
      const total = left.length;
      if (dryRun) {
        return { kind: 'planned', total, ...(first === undefined || last === undefined ? {} : { first, last }) };
      }
      if (first === undefined) {
        return { kind: 'nothing_to_do' };
      }
      const atOnce = Math.min(Math.max(1, parallel), MAX_PARALLEL);
      return start({ job: id, ...range, parallel: atOnce, total, createdBy: by, next: first });
    },
    listBackfills: async (id) => ((await find(id)) === undefined ? undefined : (await backfills.list(id)).map(viewOf)),
    cancelBackfill: async (id, backfill) => {
      const row = (await find(id)) === undefined ? undefined : await cancel(id, backfill);
      return row === undefined ? undefined : viewOf(row);
    },
    endAll: async (job) => {
      for (const row of await backfills.list(job)) {
        if (isOpen(row)) {
          await cancel(job, row.id);
        }
      }
    },
  };
};
