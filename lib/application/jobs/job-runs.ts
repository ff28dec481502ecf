import { makeJobRunId, parseJobRunId, runShard } from '../../domain/ids.ts';
import type { Job } from '../../domain/job/job.ts';
import { HELP_WITHIN_MS, runIdsOfLast } from '../../domain/job/pending.ts';
import { isTerminal, type Run } from '../../domain/run.ts';
import type { Ports } from '../ports/index.ts';

/** Ids read at a time: a page of the index is 1 MB, some ten thousand. */
const PAGE = 1_000;
/** Rows that one request fetches by id. */
const BATCH = 100;

export type JobRuns = {
  /** Any run of this instant, of a broadcast the first. */
  readonly atInstant: (job: string, instant: number) => Promise<Run | undefined>;
  /** Ids of the runs of a job with `from` ≤ instant < `to`, newest first. */
  readonly idsBetween: (job: string, from: number, to: number) => Promise<readonly string[]>;
  readonly getMany: (ids: readonly string[]) => Promise<readonly Run[]>;
  /**
   * Rule J4: whether all runs of the fire before have ended. A missing one is about to be created (hole H29), unless it has
   * been missing for so long that it has come and gone.
   * @param known runs that were read just now
   */
  readonly lastEnded: (job: Job, known: readonly Run[]) => Promise<boolean>;
};

/** What is asked about the runs of jobs. */
export const createJobRuns = ({ runs, now }: Pick<Ports, 'runs' | 'now'>): JobRuns => {
  const getMany: JobRuns['getMany'] = async (ids) => {
    const batches = Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, at) =>
      runs.getMany(ids.slice(at * BATCH, (at + 1) * BATCH)),
    );
    return (await Promise.all(batches)).flat();
  };
  return {
    atInstant: async (job, instant) => {
      const forms = [makeJobRunId({ job, instant }), makeJobRunId({ job, instant, index: 0 })];
      const found = await Promise.all(forms.map((id) => runs.get(id, 'consistent')));
      return found.find((run) => run !== undefined);
    },
    idsBetween: async (job, from, to) => {
      const found: string[] = [];
      let before = makeJobRunId({ job, instant: to });
      for (;;) {
        const page = await runs.newestIdsOfOrigin({
          ...{ family: 'job', shard: runShard(before), origin: job, before, limit: PAGE },
        });
        const inRange = page.filter((id) => (parseJobRunId(id)?.instant ?? 0) >= from);
        found.push(...inRange);
        const last = page.at(-1);
        if (last === undefined || inRange.length < page.length || page.length < PAGE) {
          return found;
        }
        before = last;
      }
    },
    getMany,
    lastEnded: async (job, known) => {
      if (job.last === undefined) {
        return true;
      }
      const isOld = (job.lastFiredAt ?? 0) <= now() - HELP_WITHIN_MS;
      const rows = await Promise.all(
        runIdsOfLast(job.last).map(async (id) => known.find((run) => run.id === id) ?? runs.get(id, 'consistent')),
      );
      return rows.every((run) => (run === undefined ? isOld : isTerminal(run.status)));
    },
  };
};
