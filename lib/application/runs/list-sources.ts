import {
  compareRunIds,
  type ListedFamily,
  RUN_SHARDS,
  runFamily,
  runIdOfOrder,
  runOrder,
  runShard,
} from '../../domain/ids.ts';
import type { Run, RunStatus } from '../../domain/run.ts';
import type { ListInput } from '../api.ts';
import type { ListedStatus, Ports } from '../ports/index.ts';
import { mergeNewest, type NewestPages } from './merge-newest.ts';

/** Rows that one request reads in search of matches. A dense majority that does not match must not cost without end. */
export const MOST_EXAMINED = 2_000;
/** Rows fetched by id at a time. */
const BATCH = 100;

const SHARDS = Array.from({ length: RUN_SHARDS }, (_, shard) => shard);

/** The sparse index of a status; the others are too many to be worth one, or in the ready index. */
const LISTED: Partial<Record<RunStatus, ListedStatus>> = {
  scheduled: 'scheduled',
  failed: 'failed',
  timed_out: 'failed',
};

/** Batches of an async sequence, so that rows are fetched a hundred at a time. */
async function* inBatches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) {
    yield batch;
  }
}

const below = (before: string | undefined): { readonly before?: string } => (before === undefined ? {} : { before });

/** The rows to look through, newest first, and whether they are all that may match. */
export type Candidates = { readonly rows: AsyncIterable<Run>; readonly complete: boolean };

/**
 * Where the runs of a list are read from. One filter is answered by an index, a further one while reading: by job, which is
 * one query; by status where the status is sparse; by handler, of plain runs; else in order of creation.
 */
export const createListSources = ({ runs, settings }: Pick<Ports, 'runs' | 'settings'>) => {
  const readyIds = async (families: readonly ListedFamily[]): Promise<{ ids: readonly string[]; all: boolean }> => {
    const shards = settings.pools.flatMap((pool) =>
      Array.from({ length: settings.shards(pool).ready }, (_, shard) => ({ pool, shard })),
    );
    const found = await Promise.all(shards.map((shard) => runs.readyIds({ ...shard, limit: MOST_EXAMINED })));
    const orders = found.flat().filter((id) => families.some((family) => family === runFamily(id)));
    return {
      ids: orders.map(runOrder).sort().reverse().map(runIdOfOrder),
      all: found.every((ids) => ids.length < MOST_EXAMINED),
    };
  };

  const fetchRows = async function* (ids: AsyncIterable<string>, batch: number): AsyncGenerator<Run> {
    for await (const some of inBatches(ids, batch)) {
      const rows = await runs.getMany(some);
      yield* [...rows].sort((a, b) => compareRunIds(b.id, a.id));
    }
  };

  const jobIds =
    (job: string): NewestPages<string> =>
    (before, limit) =>
      runs.newestIdsOfOrigin({ family: 'job', shard: runShard(job), origin: job, limit, ...below(before) });

  const sparsePages = async (
    families: readonly ListedFamily[],
    statuses: readonly RunStatus[],
  ): Promise<{ pages: readonly NewestPages<string>[]; complete: boolean }> => {
    const listed = [...new Set(statuses.flatMap((status) => LISTED[status] ?? []))];
    const pages = listed.flatMap((status) =>
      families.flatMap((family) =>
        SHARDS.map(
          (shard): NewestPages<string> =>
            (before, limit) =>
              runs.newestIdsOfStatus({ family, status, shard, limit, ...below(before) }),
        ),
      ),
    );
    const ready = statuses.includes('ready') ? await readyIds(families) : { ids: [], all: true };
    const readyPages: NewestPages<string> = async (from, limit) =>
      ready.ids.filter((id) => from === undefined || compareRunIds(id, from) < 0).slice(0, limit);
    return { pages: [...pages, readyPages], complete: ready.all };
  };

  return {
    /** Ids of a job's runs, newest first. */
    jobIds,
    candidates: async (
      { families, job, handler, statuses }: ListInput,
      before: string | undefined,
      wanted: number,
    ): Promise<Candidates> => {
      const batch = Math.min(BATCH, wanted);
      const fromIds = (pages: readonly NewestPages<string>[], pageSize: number): AsyncIterable<Run> =>
        fetchRows(
          mergeNewest(pages, (id) => id, before, pageSize),
          batch,
        );
      if (job !== undefined) {
        return { rows: fromIds([jobIds(job)], batch), complete: true };
      }
      const perShard = Math.min(BATCH, Math.ceil(wanted / RUN_SHARDS) + 2);
      if (statuses?.every((status) => status === 'ready' || status in LISTED)) {
        const { pages, complete } = await sparsePages(families, statuses);
        return { rows: fromIds(pages, perShard), complete };
      }
      if (handler !== undefined && !families.includes('job')) {
        const pages = SHARDS.map(
          (shard): NewestPages<string> =>
            (from, limit) =>
              runs.newestIdsOfOrigin({ family: 'plain', origin: handler, shard, limit, ...below(from) }),
        );
        return { rows: fromIds(pages, perShard), complete: true };
      }
      const pages = families.flatMap((family) =>
        SHARDS.map(
          (shard): NewestPages<Run> =>
            (from, limit) =>
              runs.newest({ family, shard, limit, ...below(from) }),
        ),
      );
      return { rows: mergeNewest(pages, (run) => run.id, before, perShard), complete: true };
    },
  };
};
