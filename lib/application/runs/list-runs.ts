import { isRunId, RUN_SHARDS } from '../../domain/ids.ts';
import { RUN_STATUSES, type Run, type RunStatus } from '../../domain/run.ts';
import type { Engine, ListInput } from '../api.ts';
import type { ListedStatus, Ports, StatusCounts } from '../ports/index.ts';
import { compareIds, mergeNewest, type NewestPages } from './merge-newest.ts';
import type { ViewRun } from './view-run.ts';

/** Rows that one request reads in search of matches. A dense majority that does not match must not cost without end. */
const MOST_EXAMINED = 2_000;
/** Rows fetched by id at a time. */
const BATCH = 100;

const SHARDS = Array.from({ length: RUN_SHARDS }, (_, shard) => shard);

/** The sparse index of a status; the others are too many to be worth one, or in the ready index. */
const LISTED: Partial<Record<RunStatus, ListedStatus>> = {
  scheduled: 'scheduled',
  failed: 'failed',
  timed_out: 'failed',
};

const encodeCursor = (id: string): string => Buffer.from(id).toString('base64url');
const decodeCursor = (cursor: string): string | undefined => {
  const id = Buffer.from(cursor, 'base64url').toString();
  return isRunId(id) && encodeCursor(id) === cursor ? id : undefined;
};

const total = (counts: StatusCounts, statuses: readonly RunStatus[]): number =>
  statuses.reduce((sum, status) => sum + Math.max(0, counts[status] ?? 0), 0);

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

/**
 * Lists runs, newest first. One filter is answered by an index, a further one while reading: by status where the status
 * is sparse, else by handler, else in order of creation.
 */
export const createListRuns = (ports: Ports, viewRun: ViewRun): Engine['listRuns'] => {
  const { runs, counts, settings } = ports;

  const readyIds = async (): Promise<{ ids: readonly string[]; all: boolean }> => {
    const shards = settings.pools.flatMap((pool) =>
      Array.from({ length: settings.shards(pool).ready }, (_, shard) => ({ pool, shard })),
    );
    const found = await Promise.all(shards.map((shard) => runs.readyIds({ ...shard, limit: MOST_EXAMINED })));
    return { ids: found.flat().sort(compareIds).reverse(), all: found.every((ids) => ids.length < MOST_EXAMINED) };
  };

  const fetchRows = async function* (ids: AsyncIterable<string>, batch: number): AsyncGenerator<Run> {
    for await (const some of inBatches(ids, batch)) {
      const rows = await runs.getMany(some);
      yield* [...rows].sort((a, b) => compareIds(b.id, a.id));
    }
  };

  /** The rows to look through, newest first, and whether they are all that may match. */
  const candidates = async (
    { handler, statuses }: ListInput,
    before: string | undefined,
    wanted: number,
  ): Promise<{ rows: AsyncIterable<Run>; complete: boolean }> => {
    const perShard = Math.min(BATCH, Math.ceil(wanted / RUN_SHARDS) + 2);
    const batch = Math.min(BATCH, wanted);
    const sparse = statuses?.every((status) => status === 'ready' || status in LISTED);
    if (statuses !== undefined && sparse) {
      const listed = [...new Set(statuses.flatMap((status) => LISTED[status] ?? []))];
      const pages: NewestPages<string>[] = listed.flatMap((status) =>
        SHARDS.map(
          (shard): NewestPages<string> =>
            (from, limit) =>
              runs.newestIdsOfStatus({ status, shard, limit, ...(from === undefined ? {} : { before: from }) }),
        ),
      );
      const ready = statuses.includes('ready') ? await readyIds() : { ids: [], all: true };
      const readyPages: NewestPages<string> = async (from, limit) =>
        ready.ids.filter((id) => from === undefined || compareIds(id, from) < 0).slice(0, limit);
      const ids = mergeNewest([...pages, readyPages], (id) => id, before, perShard);
      return { rows: fetchRows(ids, batch), complete: ready.all };
    }
    if (handler !== undefined) {
      const pages = SHARDS.map(
        (shard): NewestPages<string> =>
          (from, limit) =>
            runs.newestIdsOfHandler({ handler, shard, limit, ...(from === undefined ? {} : { before: from }) }),
      );
      return {
        rows: fetchRows(
          mergeNewest(pages, (id) => id, before, perShard),
          batch,
        ),
        complete: true,
      };
    }
    const pages = SHARDS.map(
      (shard): NewestPages<Run> =>
        (from, limit) =>
          runs.newest({ shard, limit, ...(from === undefined ? {} : { before: from }) }),
    );
    return { rows: mergeNewest(pages, (run) => run.id, before, perShard), complete: true };
  };

  return async (input) => {
    const { handler, statuses, limit, from } = input;
    const before = 'cursor' in from ? decodeCursor(from.cursor) : undefined;
    if ('cursor' in from && before === undefined) {
      return { kind: 'bad_cursor' };
    }
    const skip = 'offset' in from ? from.offset : 0;
    const found: Run[] = [];
    let [matched, examined, more, last] = [0, 0, false, undefined as string | undefined];
    const { rows, complete } = await candidates(input, before, skip + limit + 1);
    let partial = !complete;
    for await (const run of rows) {
      examined += 1;
      const matches =
        (handler === undefined || run.handler === handler) && (statuses === undefined || statuses.includes(run.status));
      if (matches) {
        matched += 1;
        if (matched > skip + limit) {
          more = true;
          break;
        }
        if (matched > skip) {
          found.push(run);
        }
      }
      last = run.id;
      if (examined - Math.min(matched, skip + limit) >= MOST_EXAMINED) {
        more = true;
        partial = true;
        break;
      }
    }
    // Read to its end from the start, the list has counted itself; else the counters know, but never less than was seen.
    const all = !more && !partial && 'offset' in from;
    return {
      kind: 'page',
      runs: await Promise.all(found.map(viewRun)),
      total: all ? matched : Math.max(matched, total(await counts.read(handler), statuses ?? RUN_STATUSES)),
      partial,
      ...(more && last !== undefined ? { cursor: encodeCursor(last) } : {}),
    };
  };
};
