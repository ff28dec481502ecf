/**
 * A world for numbers: the real use cases of jobs on stores in memory, and a worker that never tires. Nothing goes wrong in it;
 * what may is played elsewhere.
 */
import { createMemoryFleetStores } from '../../../lib/adapters/memory/fleet/stores.ts';
import { createMemoryHealth } from '../../../lib/adapters/memory/health.ts';
import { createMemoryJobStore } from '../../../lib/adapters/memory/jobs/jobs.ts';
import { createMemoryRunStore } from '../../../lib/adapters/memory/runs.ts';
import { createMemorySagaStores } from '../../../lib/adapters/memory/sagas/sagas.ts';
import { createMemoryConnectionStore, createMemorySessionStore } from '../../../lib/adapters/memory/sessions.ts';
import {
  createMemoryCountStore,
  createMemoryDataStore,
  createMemoryExceptionStore,
  createMemoryIdempotencyStore,
} from '../../../lib/adapters/memory/side-stores.ts';
import type { Jobs } from '../../../lib/application/jobs/api.ts';
import { createJobs } from '../../../lib/application/jobs/jobs.ts';
import type { LogPort, Ports } from '../../../lib/application/ports/index.ts';
import { createCreateRun } from '../../../lib/application/runs/create-run.ts';
import { createSkipRun } from '../../../lib/application/runs/skip-run.ts';
import type { Alarm } from '../../../lib/domain/alarm.ts';
import type { Run } from '../../../lib/domain/run.ts';
import { AGEING_MS, aGrant, aSession, RETENTION_MS } from '../../support/rows.ts';

/** A call of the table: the partition that it goes to, and the write units that it costs there. */
export type Cost = { readonly partition: string; readonly writeUnits: number };

export type LeanOptions = {
  readonly now: () => number;
  readonly chance: () => number;
  readonly send: (alarm: Alarm) => Promise<void>;
  /** A run was given to a worker. */
  readonly pushed: (run: Run) => void;
  /** What a call takes. Default: nothing. */
  readonly spend?: (cost: Cost) => Promise<void>;
};

export type LeanWorld = {
  readonly jobs: Jobs;
  readonly hasRun: (id: string) => boolean;
  /** Runs so far. */
  readonly created: () => number;
};

const never = (what: string) => async (): Promise<never> => {
  throw new Error(`Nobody ${what} in a lean world`);
};
const quiet = (): void => undefined;
const LOG: LogPort = {
  debug: quiet,
  info: quiet,
  warn: (message) => {
    throw new Error(`A warning in a world in which nothing goes wrong: ${message}`);
  },
  error: (message) => {
    throw new Error(`An error in a world in which nothing goes wrong: ${message}`);
  },
};

/** Sessions of a busy pool are spread over so many partitions: configuration (docs/deploy.md). */
const SESSION_SHARDS = 16;

export const createLeanWorld = ({
  now,
  chance,
  send,
  pushed,
  spend = async () => undefined,
}: LeanOptions): LeanWorld => {
  const runs = new Map<string, Run>();
  const jobs = createMemoryJobStore();
  const exceptions = createMemoryExceptionStore();
  let tokens = 0;
  let takes = 0;
  let created = 0;
  const newest = new Map<string, string>();

  const ports: Ports = {
    jobs: {
      ...jobs,
      get: async (id, reading) => {
        await spend({ partition: id, writeUnits: 0 });
        return jobs.get(id, reading);
      },
      write: async (before, after, also) => {
        await spend({ partition: before.id, writeUnits: 1 });
        return jobs.write(before, after, also);
      },
    },
    runs: {
      ...createMemoryRunStore(quiet, quiet),
      // The newest row of each job alone: nobody asks for a list here, or for what is a day old, and it would be all the work.
      create: async (run) => {
        await spend({ partition: `runs ${Number(run.job) % 16}`, writeUnits: 1 });
        const existing = runs.get(run.id);
        if (existing !== undefined) {
          return { kind: 'exists', run: existing };
        }
        runs.set(run.id, run);
        const before = newest.get(run.job ?? '');
        newest.set(run.job ?? '', run.id);
        runs.delete(before ?? '');
        created += 1;
        return { kind: 'created' };
      },
      get: async (id) => {
        await spend({ partition: id, writeUnits: 0 });
        return runs.get(id);
      },
    },
    alarms: {
      send: async (alarm) => {
        await spend({ partition: 'queue', writeUnits: 0 });
        await send(alarm);
      },
    },
    sessions: createMemorySessionStore(quiet),
    connections: createMemoryConnectionStore(),
    data: createMemoryDataStore(),
    exceptions: { record: exceptions.record },
    idempotency: createMemoryIdempotencyStore(),
    counts: createMemoryCountStore(),
    ...createMemorySagaStores({ ofSaga: () => [], keepOfSaga: quiet }),
    ...createMemoryFleetStores(),
    health: createMemoryHealth(),
    sockets: { post: never('posts'), close: never('closes') },
    functionQueue: { send: never('executes in functions') },
    log: LOG,
    settings: {
      shards: () => ({ sessions: SESSION_SHARDS, ready: 1 }),
      pools: ['default'],
      retentionMs: RETENTION_MS,
      ageingMs: AGEING_MS,
    },
    now,
    chance,
    pause: never('waits'),
    token: () => {
      tokens += 1;
      return `token-${tokens}`;
    },
  };

  const session = aSession();
  const createRun = createCreateRun(ports, {
    findCredit: async () => {
      takes += 1;
      await spend({ partition: 'look', writeUnits: 0 });
      await spend({ partition: `sessions ${takes % SESSION_SHARDS}`, writeUnits: 1 });
      return { grant: aGrant({ seq: takes }), session };
    },
    push: async (_session, orders) => {
      await spend({ partition: 'socket', writeUnits: 0 });
      for (const { run } of orders) {
        pushed(run);
      }
    },
    offerRun: never('waits for credit'),
  });
  return {
    hasRun: (id) => runs.has(id),
    created: () => created,
    jobs: createJobs(ports, {
      createRun,
      skipRun: createSkipRun(ports),
      cancelRun: never('cancels'),
      viewRun: never('looks at runs'),
    }),
  };
};
