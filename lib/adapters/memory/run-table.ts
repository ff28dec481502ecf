import type { ReadyEntry, RunStore } from '../../application/ports/index.ts';
import { queueOf } from '../../domain/fleet/needs.ts';
import { parseStepRunId, runFamily, runIdOfOrder, runOrder, runShard } from '../../domain/ids.ts';
import type { Run, RunStatus } from '../../domain/run.ts';
import { createSortedList, type SortedList } from './sorted-list.ts';

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
type Ready = ReadyEntry & { readonly pool: string; readonly shard: number; readonly order: string };
const compareReady = (a: Ready, b: Ready): number =>
  a.priority - b.priority || a.dueAt - b.dueAt || compareTexts(a.order, b.order);

const toReady = (run: Run): Ready | undefined =>
  run.readyShard === undefined
    ? undefined
    : {
        id: run.id,
        order: runOrder(run.id),
        handler: run.handler,
        queue: queueOf(run),
        pool: run.pool,
        shard: run.readyShard,
        priority: run.priority,
        dueAt: run.dueAt,
        attempt: run.attempt,
        g: run.g,
        fence: run.fence,
        readyAt: run.readyAt ?? run.updatedAt,
      };

const listedIn = (status: RunStatus): string | undefined =>
  status === 'timed_out' ? 'failed' : status === 'scheduled' || status === 'failed' ? status : undefined;

/** The rows and what the table's indexes show of them. */
export type RunTable = Pick<
  RunStore,
  'readyHead' | 'newest' | 'newestIdsOfOrigin' | 'newestIdsOfStatus' | 'readyIds' | 'getMany'
> & {
  readonly find: (id: string) => Run | undefined;
  /** Puts the row in place of the one of its id, in every index. */
  readonly put: (run: Run) => void;
  readonly ofSaga: (no: string) => readonly Run[];
};

export const createRunTable = (): RunTable => {
  const rows = new Map<string, Run>();
  /** Of {@link runOrder}, which is dear to compute in every comparison. */
  const lists = new Map<string, SortedList<string>>();
  const ready = new Map<string, SortedList<Ready>>();

  const list = (...key: readonly unknown[]): SortedList<string> => {
    const name = JSON.stringify(key);
    const found = lists.get(name) ?? createSortedList(compareTexts);
    lists.set(name, found);
    return found;
  };
  const idsBelow = (orders: SortedList<string>, before: string | undefined, limit: number): readonly string[] =>
    orders.below(before === undefined ? undefined : runOrder(before), limit).map(runIdOfOrder);
  const readyList = ({ pool, shard, queue }: Pick<Ready, 'pool' | 'shard' | 'queue'>): SortedList<Ready> => {
    const name = JSON.stringify([pool, shard, queue]);
    const found = ready.get(name) ?? createSortedList<Ready>(compareReady);
    ready.set(name, found);
    return found;
  };

  const indexLists = (before: Run | undefined, after: Run): void => {
    const ofStep = parseStepRunId(after.id);
    const order = runOrder(after.id);
    // It is in no list but its saga's.
    if (ofStep !== undefined) {
      list('saga', ofStep.saga).add(order);
      return;
    }
    const place = [runFamily(after.id), runShard(after.id)];
    if (before === undefined) {
      list('all', ...place).add(order);
      list('origin', after.job ?? after.handler, ...place).add(order);
    }
    const [listedBefore, listedAfter] = [before && listedIn(before.status), listedIn(after.status)];
    if (listedBefore !== listedAfter) {
      if (listedBefore !== undefined) {
        list('status', listedBefore, ...place).remove(order);
      }
      if (listedAfter !== undefined) {
        list('status', listedAfter, ...place).add(order);
      }
    }
  };

  const index = (before: Run | undefined, after: Run): void => {
    indexLists(before, after);
    const [readyBefore, readyAfter] = [before && toReady(before), toReady(after)];
    if (readyBefore !== undefined) {
      readyList(readyBefore).remove(readyBefore);
    }
    if (readyAfter !== undefined) {
      readyList(readyAfter).add(readyAfter);
    }
  };

  return {
    find: (id) => rows.get(id),
    put: (run) => {
      const before = rows.get(run.id);
      rows.set(run.id, run);
      index(before, run);
    },
    ofSaga: (no) =>
      list('saga', no)
        .above(undefined, Number.POSITIVE_INFINITY)
        .flatMap((order) => rows.get(runIdOfOrder(order)) ?? []),
    readyHead: async ({ limit, aged, ...where }) => {
      const entries = readyList(where);
      const [first] = entries.first(1);
      if (aged === undefined || first === undefined) {
        return entries.first(limit);
      }
      return entries
        .above({ ...first, priority: aged.priority, dueAt: Number.NEGATIVE_INFINITY }, limit)
        .filter(({ priority, dueAt }) => priority === aged.priority && dueAt <= aged.dueBy);
    },
    newest: async ({ family, shard, before, limit }) =>
      idsBelow(list('all', family, shard), before, limit).flatMap((id) => rows.get(id) ?? []),
    newestIdsOfOrigin: async ({ origin, family, shard, before, limit }) =>
      idsBelow(list('origin', origin, family, shard), before, limit),
    newestIdsOfStatus: async ({ status, family, shard, before, limit }) =>
      idsBelow(list('status', status, family, shard), before, limit),
    readyIds: async ({ pool, shard, limit }) =>
      [...ready]
        .filter(([name]) => name.startsWith(`${JSON.stringify([pool, shard]).slice(0, -1)},`))
        .flatMap(([, entries]) => entries.first(limit).map(({ id }) => id))
        .slice(0, limit),
    getMany: async (ids) => ids.flatMap((id) => rows.get(id) ?? []),
  };
};
