import type { Committed, ReadyEntry, RunException, RunStore } from '../../application/ports/index.ts';
import { runShard } from '../../domain/ids.ts';
import { type Run, type RunChange, type RunStatus, TRANSITIONS } from '../../domain/run.ts';
import { createSortedList, type SortedList } from './sorted-list.ts';

/** Told of every change of a row, as DynamoDB's stream tells it. */
export type ChangeFeed = (before: Run | undefined, after: Run | undefined) => void;

const compareIds = (a: string, b: string): number => Number(a) - Number(b);
type Ready = ReadyEntry & { readonly pool: string; readonly shard: number };
const compareReady = (a: ReadyEntry, b: ReadyEntry): number =>
  a.priority - b.priority || a.dueAt - b.dueAt || compareIds(a.id, b.id);

/** The condition of a change, exactly as the DynamoDB adapter writes it. */
const holds = (run: Run, { transition, expect }: RunChange): boolean => {
  const from: readonly RunStatus[] = TRANSITIONS[transition].from;
  return (
    from.includes(run.status) &&
    (expect.attempt === undefined || run.attempt === expect.attempt) &&
    (expect.g === undefined || run.g === expect.g) &&
    (expect.fence === undefined || run.fence === expect.fence) &&
    (expect.session === undefined || run.session?.id === expect.session) &&
    (!expect.evidencePending || run.evidence?.state === 'pending')
  );
};

const changed = (run: Run, { set, clear }: RunChange): Run => {
  const cleared = Object.fromEntries(
    Object.entries(run).filter(([field]) => !(clear as readonly string[]).includes(field)),
  );
  return { ...(cleared as Run), ...set };
};

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

/** The runs in this process: the twin of the DynamoDB adapter, index by index. */
export const createMemoryRunStore = (
  onChange: ChangeFeed,
  recordException: (exception: RunException) => void,
): RunStore => {
  const rows = new Map<string, Run>();
  const voids = new Map<string, Set<string>>();
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

  const write = (after: Run): void => {
    const before = rows.get(after.id);
    rows.set(after.id, after);
    index(before, after);
    onChange(before, after);
  };

  const patch = (id: string, condition: (run: Run) => boolean, fields: (run: Run) => Partial<Run>): boolean => {
    const run = rows.get(id);
    if (run === undefined || !condition(run)) {
      return false;
    }
    write({ ...run, ...fields(run) });
    return true;
  };

  return {
    create: async (run, nonce) => {
      const existing = rows.get(run.id);
      if (existing !== undefined) {
        return { kind: 'exists', run: existing };
      }
      if (voids.get(run.id)?.has(nonce)) {
        return { kind: 'voided' };
      }
      voids.delete(run.id);
      write(run);
      return { kind: 'created' };
    },
    get: async (id) => rows.get(id),
    commit: async (change, exception): Promise<Committed> => {
      const run = rows.get(change.id);
      if (run === undefined || !holds(run, change)) {
        return { kind: 'lost', run };
      }
      const next = changed(run, change);
      write(next);
      if (exception !== undefined) {
        recordException(exception);
      }
      return { kind: 'won', run: next };
    },
    readyHead: async ({ limit, ...where }) => readyList(where).first(limit),
    fence: async (id, g) =>
      patch(
        id,
        (run) => run.g === g,
        (run) => ({ fence: run.fence + 1 }),
      ),
    voidMissing: async (id, nonce) => {
      if (rows.has(id)) {
        return false;
      }
      voids.set(id, (voids.get(id) ?? new Set()).add(nonce));
      return true;
    },
    bump: async (id, g, fence) =>
      patch(
        id,
        (run) => run.g === g && run.fence === fence,
        () => ({ g: g + 1 }),
      ),
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
