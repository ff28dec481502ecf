import type { Ports, SagaExceptionStore, SagaStore } from '../../../application/ports/index.ts';
import type { Run } from '../../../domain/run.ts';
import type { Saga, SagaException } from '../../../domain/saga/saga.ts';
import { createMemoryFlowStore } from './flows.ts';
import { createShardedRows } from './sharded-rows.ts';

/** What the runs' own store knows of those of a transaction's steps. */
export type StepRuns = {
  readonly ofSaga: (no: string) => readonly Run[];
  /** Puts off the end of those that have one before `until`. */
  readonly keepOfSaga: (no: string, until: number) => void;
};

/** Told of every change of a row, as DynamoDB's stream tells it. */
export type SagaFeed = {
  readonly onSaga: (before: Saga | undefined, after: Saga) => void;
  readonly onException: (before: SagaException | undefined, after: SagaException) => void;
};
const NOBODY: SagaFeed = { onSaga: () => undefined, onException: () => undefined };

/** The rows and what the table's indexes show of them. */
export const createSagaTables = () => {
  const sagas = createShardedRows<Saga>(
    ({ no }) => no,
    ({ status }) => status === 'failed',
  );
  const exceptions = createShardedRows<SagaException>(
    ({ id }) => id,
    ({ handled }) => handled === undefined,
  );
  return {
    sagas,
    exceptions,
    newestSagas: ({ failed, ...query }: Parameters<SagaStore['newest']>[0]) =>
      sagas.newest({ ...query, marked: failed }),
    newestExceptions: ({ open, ...query }: Parameters<SagaExceptionStore['newest']>[0]) =>
      exceptions.newest({ ...query, marked: open }),
  };
};

/** Flows, transactions and exceptions in this process: the twins of the DynamoDB adapters, condition by condition. */
export const createMemorySagaStores = (
  steps: StepRuns,
  { onSaga, onException }: SagaFeed = NOBODY,
): Pick<Ports, 'flows' | 'sagas' | 'sagaExceptions'> => {
  const { sagas: table, exceptions, newestSagas, newestExceptions } = createSagaTables();
  const instances = new Map<string, { readonly no: string; readonly fingerprint: string }>();
  const voids = new Map<string, Set<string>>();

  const put = (after: Saga): void => {
    const before = table.get(after.no);
    table.put(after);
    onSaga(before, after);
  };
  const putException = (after: SagaException): void => {
    const before = exceptions.get(after.id);
    exceptions.put(after);
    onException(before, after);
  };

  const sagas: SagaStore = {
    create: async (saga, nonce) => {
      const { no, instance, fingerprint } = saga;
      const holder = instances.get(instance);
      if (holder !== undefined) {
        return { kind: 'taken', ...holder };
      }
      if (table.get(no) !== undefined) {
        return { kind: 'exists' };
      }
      if (voids.get(no)?.has(nonce)) {
        return { kind: 'voided' };
      }
      voids.delete(no);
      instances.set(instance, { no, fingerprint });
      put(saga);
      return { kind: 'created' };
    },
    find: async (instance) => instances.get(instance),
    get: async (no) => table.get(no),
    commit: async (before, after, writes) => {
      const holds =
        table.get(before.no)?.version === before.version &&
        writes.every((write) =>
          write.kind === 'open'
            ? exceptions.get(write.exception.id) === undefined
            : exceptions.get(write.before.id)?.version === write.before.version,
        );
      if (!holds) {
        return 'changed';
      }
      put(after);
      for (const write of writes) {
        putException(write.kind === 'open' ? write.exception : write.after);
      }
      return 'done';
    },
    runsOf: async (no) => steps.ofSaga(no),
    keepRuns: async (no, until) => steps.keepOfSaga(no, until),
    newest: async (query) => newestSagas(query),
    fence: async (no, g) => {
      const saga = table.get(no);
      if (saga?.g !== g) {
        return false;
      }
      put({ ...saga, version: saga.version + 1 });
      return true;
    },
    voidMissing: async (no, nonce) => {
      if (table.get(no) !== undefined) {
        return false;
      }
      voids.set(no, (voids.get(no) ?? new Set()).add(nonce));
      return true;
    },
    bump: async (no, g, version, nonce) => {
      const saga = table.get(no);
      if (saga?.g !== g || saga.version !== version) {
        return false;
      }
      put({ ...saga, g: g + 1, bumped: { g: g + 1, nonce }, version: version + 1 });
      return true;
    },
  };

  const sagaExceptions: SagaExceptionStore = {
    get: async (id) => exceptions.get(id),
    write: async (before, after) => {
      if (exceptions.get(before.id)?.version !== before.version) {
        return 'changed';
      }
      putException(after);
      return 'done';
    },
    newest: async (query) => newestExceptions(query),
  };

  return { flows: createMemoryFlowStore(), sagas, sagaExceptions };
};
