/**
 * DynamoDB as the engine sees it: the memory adapters, whose indexes and eventual reads may lag behind the rows.
 */

import { decodeCursor } from '../../../lib/adapters/job-cursor.ts';
import { createMemoryFleetStores } from '../../../lib/adapters/memory/fleet/stores.ts';
import { createMemoryIdentityStores } from '../../../lib/adapters/memory/identity/stores.ts';
import { createJobTable } from '../../../lib/adapters/memory/jobs/job-table.ts';
import { createMemoryJobStore, type JobFeed } from '../../../lib/adapters/memory/jobs/jobs.ts';
import { createRunTable } from '../../../lib/adapters/memory/run-table.ts';
import { createMemoryRunStore } from '../../../lib/adapters/memory/runs.ts';
import { createMemorySagaStores, createSagaTables, type SagaFeed } from '../../../lib/adapters/memory/sagas/sagas.ts';
import {
  createMemoryConnectionStore,
  createMemorySessionStore,
  pageOfShard,
} from '../../../lib/adapters/memory/sessions.ts';
import {
  createMemoryCountStore,
  createMemoryDataStore,
  createMemoryExceptionStore,
  createMemoryIdempotencyStore,
} from '../../../lib/adapters/memory/side-stores.ts';
import type { AuditStore, CredentialStore } from '../../../lib/application/ports/identity.ts';
import type { Ports } from '../../../lib/application/ports/index.ts';
import type { Run } from '../../../lib/domain/run.ts';
import type { Session } from '../../../lib/domain/session.ts';

export type Stores = Pick<
  Ports,
  | 'runs'
  | 'data'
  | 'sessions'
  | 'connections'
  | 'exceptions'
  | 'idempotency'
  | 'counts'
  | 'jobs'
  | 'flows'
  | 'sagas'
  | 'sagaExceptions'
  | 'workers'
  | 'categories'
  | 'leases'
  | 'logs'
  | 'needs'
> & {
  readonly credentials: Pick<CredentialStore, 'key'>;
  readonly audit: Pick<AuditStore, 'append'>;
};

/** How far a replica may be behind. AWS: usually well under a second; never bounded. */
const LAG_MS = 8_000;

type Surroundings = {
  readonly now: () => number;
  readonly chance: () => number;
  /** Whether this change of a row reaches the replicas late. */
  readonly isLate: () => boolean;
  readonly onRun: (before: Run | undefined, after: Run) => void;
  readonly onSession: (before: Session | undefined, after: Session | undefined) => void;
} & JobFeed &
  SagaFeed;

/** Applies the changes of each row in their order, each when its time has come. */
const createReplication = ({ now, chance, isLate }: Surroundings) => {
  const queues = new Map<string, { readonly visibleAt: number; readonly apply: () => void }[]>();
  return {
    change: (key: string, apply: () => void): void => {
      const queue = queues.get(key);
      const visibleAt = isLate() ? now() + Math.ceil(chance() * LAG_MS) : now();
      if (queue === undefined && visibleAt <= now()) {
        apply();
        return;
      }
      const waiting = queue ?? [];
      queues.set(key, waiting);
      waiting.push({ visibleAt: Math.max(visibleAt, waiting.at(-1)?.visibleAt ?? 0), apply });
    },
    catchUp: (): void => {
      for (const [key, queue] of queues) {
        while (queue[0] !== undefined && queue[0].visibleAt <= now()) {
          queue.shift()?.apply();
        }
        if (queue.length === 0) {
          queues.delete(key);
        }
      }
    },
  };
};

export const createDatabase = (surroundings: Surroundings) => {
  const replication = createReplication(surroundings);
  const replica = createRunTable();
  const sessionReplica = new Map<string, Session>();
  const exceptions = createMemoryExceptionStore();
  const identity = createMemoryIdentityStores();

  const { ofSaga, keepOfSaga, ...runs } = createMemoryRunStore((before, after) => {
    surroundings.onRun(before, after);
    replication.change(`run ${after.id}`, () => replica.put(after));
  }, exceptions.recordRun);
  const sessions = createMemorySessionStore((before, after) => {
    surroundings.onSession(before, after);
    const id = (after ?? before)?.id ?? '';
    replication.change(`session ${id}`, () => {
      if (after === undefined) {
        sessionReplica.delete(id);
      } else {
        sessionReplica.set(id, after);
      }
    });
  });

  const jobReplica = createJobTable();
  const jobs = createMemoryJobStore({
    onJob: (before, after, gap) => {
      surroundings.onJob(before, after, gap);
      replication.change(`job ${after.id}`, () => jobReplica.put(after));
    },
    onBackfill: surroundings.onBackfill,
  });

  const sagaReplica = createSagaTables();
  const names = new Map<string, { readonly no: string; readonly fingerprint: string }>();
  const { flows, sagas, sagaExceptions } = createMemorySagaStores(
    { ofSaga, keepOfSaga },
    {
      onSaga: (before, after) => {
        surroundings.onSaga(before, after);
        replication.change(`saga ${after.no}`, () => {
          sagaReplica.sagas.put(after);
          names.set(after.instance, { no: after.no, fingerprint: after.fingerprint });
        });
      },
      onException: (before, after) => {
        surroundings.onException(before, after);
        replication.change(`exception ${after.id}`, () => sagaReplica.exceptions.put(after));
      },
    },
  );

  const behind =
    <Args extends readonly unknown[], Answer>(read: (...args: Args) => Answer) =>
    (...args: Args): Answer => {
      replication.catchUp();
      return read(...args);
    };

  const stores: Stores = {
    runs: {
      ...runs,
      get: (id, reading) =>
        reading === 'consistent' ? runs.get(id, reading) : Promise.resolve(behind(replica.find)(id)),
      readyHead: behind(replica.readyHead),
      newestIdsOfOrigin: behind(replica.newestIdsOfOrigin),
      newestIdsOfStatus: behind(replica.newestIdsOfStatus),
      readyIds: behind(replica.readyIds),
      newest: behind(replica.newest),
      getMany: behind(replica.getMany),
    },
    sessions: {
      ...sessions,
      get: async (ref, reading) => {
        replication.catchUp();
        return reading === 'consistent' ? sessions.get(ref, reading) : sessionReplica.get(ref.id);
      },
      look: async (query) => {
        replication.catchUp();
        return query.reading === 'consistent' ? sessions.look(query) : pageOfShard(sessionReplica.values(), query);
      },
    },
    data: createMemoryDataStore(),
    connections: createMemoryConnectionStore(),
    exceptions: { record: exceptions.record },
    idempotency: createMemoryIdempotencyStore(),
    counts: createMemoryCountStore(),
    jobs: {
      ...jobs,
      get: (id, reading) =>
        reading === 'consistent' ? jobs.get(id, reading) : Promise.resolve(behind(jobReplica.find)(id)),
      getMany: async (ids) => behind(() => ids.flatMap((id) => jobReplica.find(id) ?? []))(),
      list: async (query) => {
        const { index, descending, cursor, limit } = query;
        const from = cursor === undefined ? undefined : decodeCursor(index, cursor);
        // Words are rows of their own; and what is no cursor the store itself refuses.
        return index.by === 'word' || (cursor !== undefined && from === undefined)
          ? jobs.list(query)
          : behind(jobReplica.page)(index, descending, from, limit);
      },
    },
    flows,
    sagas: {
      ...sagas,
      find: (instance, reading = 'consistent') =>
        reading === 'consistent' ? sagas.find(instance, reading) : Promise.resolve(behind(() => names.get(instance))()),
      get: (no, reading) =>
        reading === 'consistent' ? sagas.get(no, reading) : Promise.resolve(behind(sagaReplica.sagas.get)(no)),
      runsOf: (no, reading) =>
        reading === 'consistent' ? sagas.runsOf(no, reading) : Promise.resolve(behind(replica.ofSaga)(no)),
      newest: async (query) => behind(sagaReplica.newestSagas)(query),
    },
    sagaExceptions: { ...sagaExceptions, newest: async (query) => behind(sagaReplica.newestExceptions)(query) },
    ...createMemoryFleetStores(),
    credentials: { key: identity.credentials.key },
    audit: { append: identity.audit.append },
  };
  return { stores, identity, exceptions: exceptions.all };
};
