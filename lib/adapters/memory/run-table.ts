import type { ReadyEntry, RunStore } from '../../application/ports/index.ts';
import { runShard } from '../../domain/ids.ts';
import type { Run, RunStatus } from '../../domain/run.ts';
import { createSortedList, type SortedList } from './sorted-list.ts';

const compareIds = (a: string, b: string): number => Number(a) - Number(b);
type Ready = ReadyEntry & { readonly pool: string; readonly shard: number };
const compareReady = (a: ReadyEntry, b: ReadyEntry): number =>
  a.priority - b.priority || a.dueAt - b.dueAt || compareIds(a.id, b.id);

const toReady = (run: Run): Ready | undefined =>
  run.readyShard === undefined
    ? undefined
    : {
        id: run.id,
        handler: run.handler,
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
  'readyHead' | 'newest' | 'newestIdsOfHandler' | 'newestIdsOfStatus' | 'readyIds' | 'getMany'
> & {
  readonly find: (id: string) => Run | undefined;
  /** Puts the row in place of the one of its id, in every index. */
  readonly put: (run: Run) => void;
};

export const createRunTable = (): RunTable => {
  const rows = new Map<string, Run>();
  const lists = new Map<string, SortedList<string>>();
  const ready = new Map<string, SortedList<Ready>>();

  const list = (...key: readonly unknown[]): SortedList<string> => {
    const name = JSON.stringify(key);
    const found = lists.get(name) ?? createSortedList(compareIds);
    lists.set(name, found);
    return found;
  };
  const readyList = ({ pool, shard, handler }: Pick<Ready, 'pool' | 'shard' | 'handler'>): SortedList<Ready> => {
    const name = JSON.stringify([pool, shard, handler]);
    const found = ready.get(name) ?? createSortedList<Ready>(compareReady);
    ready.set(name, found);
    return found;
  };

  const index = (before: Run | undefined, after: Run): void => {
    const shard = runShard(after.id);
    if (before === undefined) {
      list('all', shard).add(after.id);
      list('handler', after.handler, shard).add(after.id);
    }
    const [listedBefore, listedAfter] = [before && listedIn(before.status), listedIn(after.status)];
    if (listedBefore !== listedAfter) {
      if (listedBefore !== undefined) {
        list('status', listedBefore, shard).remove(after.id);
      }
      if (listedAfter !== undefined) {
        list('status', listedAfter, shard).add(after.id);
      }
    }
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
    readyHead: async ({ limit, ...where }) => readyList(where).first(limit),
    newest: async ({ shard, before, limit }) =>
      list('all', shard)
        .below(before, limit)
        .flatMap((id) => rows.get(id) ?? []),
    newestIdsOfHandler: async ({ handler, shard, before, limit }) =>
      list('handler', handler, shard).below(before, limit),
    newestIdsOfStatus: async ({ status, shard, before, limit }) => list('status', status, shard).below(before, limit),
    readyIds: async ({ pool, shard, limit }) =>
      [...ready]
        .filter(([name]) => name.startsWith(`${JSON.stringify([pool, shard]).slice(0, -1)},`))
        .flatMap(([, entries]) => entries.first(limit).map(({ id }) => id))
        .slice(0, limit),
    getMany: async (ids) => ids.flatMap((id) => rows.get(id) ?? []),
  };
};
