/**
 * The whole engine in a world of its own: a clock that stands until it is moved, alarms that ring when the test says so,
 * sockets that record what is posted to them, chance from a seed. Nothing happens by itself, so every run of a test is
 * the same; and every call of a port can be watched, or made to fail.
 */
import { createMemoryFleetStores } from '../../lib/adapters/memory/fleet/stores.ts';
import { createMemoryHealth } from '../../lib/adapters/memory/health.ts';
import { createMemoryIdentityStores } from '../../lib/adapters/memory/identity/stores.ts';
import { createMemoryJobStore } from '../../lib/adapters/memory/jobs/jobs.ts';
import { createMemoryRunStore } from '../../lib/adapters/memory/runs.ts';
import { createMemorySagaStores } from '../../lib/adapters/memory/sagas/sagas.ts';
import { createMemoryConnectionStore, createMemorySessionStore } from '../../lib/adapters/memory/sessions.ts';
import {
  createMemoryCountStore,
  createMemoryDataStore,
  createMemoryExceptionStore,
  createMemoryIdempotencyStore,
} from '../../lib/adapters/memory/side-stores.ts';
import type { CountedChange, Engine, SubmitInput } from '../../lib/application/api.ts';
import { createEngine } from '../../lib/application/engine.ts';
import { createAuthentication } from '../../lib/application/identity/authentication.ts';
import { createFrameAccess } from '../../lib/application/identity/frame-access.ts';
import type { FunctionOrder } from '../../lib/application/ports/function-pool.ts';
import type { TokenVerifier } from '../../lib/application/ports/identity.ts';
import type { Ports, RunException, WorkerException } from '../../lib/application/ports/index.ts';
import type { ServerFrame, WorkerFrame } from '../../lib/contracts/frames.ts';
import type { Alarm } from '../../lib/domain/alarm.ts';
import type { AuditEntry } from '../../lib/domain/identity/audit.ts';
import { LISTED_FAMILIES, RUN_SHARDS } from '../../lib/domain/ids.ts';
import type { Run } from '../../lib/domain/run.ts';
import type { Logger } from '../../lib/platform/logger.ts';
import { CHANGES } from '../../lib/platform/memory-stream.ts';
import { createConnectHandler } from '../../lib/platform/websocket/connect-handler.ts';
import { createFrameHandler } from '../../lib/platform/websocket/frame-handler.ts';
import { connectEvent, frameEvent } from './lambda-events.ts';
import { AGEING_MS, NOW, RETENTION_MS } from './rows.ts';
import { seeded } from './seeded.ts';
import { createWorkerKeys, type WorkerKeys } from './worker-keys.ts';

type FleetStores = Pick<Ports, 'jobs' | 'workers' | 'categories' | 'leases' | 'logs' | 'needs'>;
type SagaStores = Pick<Ports, 'flows' | 'sagas' | 'sagaExceptions'>;
type Stores = FleetStores &
  SagaStores &
  Pick<Ports, 'runs' | 'data' | 'sessions' | 'connections' | 'exceptions' | 'idempotency' | 'counts'>;

/** What a socket does with a frame: takes it; says 410; keeps silent about it; takes it and loses it. */
export type SocketMood = 'open' | 'gone' | 'unknown' | 'lossy';

/** One call of a port, as `runs.commit`, with what it was given and (afterwards) what it answered. */
export type PortCall = {
  readonly when: 'before' | 'after';
  readonly name: string;
  readonly args: readonly unknown[];
  readonly answer?: unknown;
};

/** Thrown into a port call: the process dies there. Whoever delivers the message brings it again. */
export const CRASH = new Error('The process died here');

export type World = {
  readonly engine: Engine;
  /** A socket asks to be let in. @returns the HTTP status */
  readonly connect: (conn: string, authorization?: string) => Promise<number | undefined>;
  /** A frame comes in by the function of the sockets, which lets through what the connection's key allows. */
  readonly say: (conn: string, frame: WorkerFrame) => Promise<void>;
  /** Forgets what the instances of the functions remember. */
  readonly coolDown: () => void;
  readonly keys: WorkerKeys;
  /** The audit log, oldest first. */
  readonly audited: () => Promise<readonly AuditEntry[]>;
  readonly ports: Ports;
  readonly now: () => number;
  readonly pass: (ms: number) => void;
  /** Alarms on their way, the next one first. */
  readonly alarms: () => readonly Alarm[];
  /** The next alarm arrives, at its time or, with that gone by, now. @returns it */
  readonly ringNext: () => Promise<Alarm | undefined>;
  /** Time passes, and every alarm arrives when it is due. */
  readonly live: (ms: number) => Promise<void>;
  /** Everything posted to a socket, whether it arrived or not. */
  readonly posted: { readonly conn: string; readonly frame: ServerFrame }[];
  /** Everything sent to the function that executes runs. */
  readonly orders: readonly FunctionOrder[];
  readonly closed: string[];
  readonly setMood: (conn: string, mood: SocketMood) => void;
  readonly onFrame: (conn: string, receive: (frame: ServerFrame) => void) => void;
  /** Watches every call of a port; what it throws, the call throws. */
  readonly watch: (observer: ((call: PortCall) => void | Promise<void>) | undefined) => void;
  readonly exceptions: () => readonly (RunException | WorkerException)[];
  /** The row, which must be there. */
  readonly run: (id: string) => Promise<Run>;
  /** Every row there is. */
  readonly allRuns: () => Promise<readonly Run[]>;
  /** Submits a due run, or what is asked for, and gives its id. */
  readonly submit: (input?: Partial<SubmitInput>) => Promise<string>;
  /** The stream brings the changes of rows since the last time, and then, as it may, brings them again. */
  readonly count: () => Promise<void>;
  readonly warnings: string[];
};

export const createWorld = (
  options: {
    readonly shards?: { readonly sessions: number; readonly ready: number };
    readonly seed?: number;
    /** In place of the memory adapters. Exceptions are then to be read from them. */
    readonly stores?: Stores;
  } = {},
): World => {
  let now = NOW;
  let alarms: Alarm[] = [];
  let observer: ((call: PortCall) => void | Promise<void>) | undefined;
  let changes: CountedChange[] = [];
  let sequence = 0n;
  let tokens = 0;
  const posted: World['posted'] = [];
  const orders: FunctionOrder[] = [];
  const closed: string[] = [];
  const warnings: string[] = [];
  const moods = new Map<string, SocketMood>();
  const receivers = new Map<string, (frame: ServerFrame) => void>();
  const exceptions = createMemoryExceptionStore();

  const note = (change: Omit<CountedChange, 'sequence'>): void => {
    sequence += 1n;
    changes.push({ sequence, ...change });
  };
  const runs = createMemoryRunStore((before, after) => note(CHANGES.run(before, after)), exceptions.recordRun);
  const stores: Stores = options.stores ?? {
    runs,
    data: createMemoryDataStore(),
    sessions: createMemorySessionStore(),
    connections: createMemoryConnectionStore(),
    exceptions,
    idempotency: createMemoryIdempotencyStore(),
    counts: createMemoryCountStore(),
    jobs: createMemoryJobStore(),
    ...createMemorySagaStores(runs, {
      onSaga: (before, after) => note(CHANGES.saga(before, after)),
      onException: (before, after) => note(CHANGES.exception(before, after)),
    }),
    ...createMemoryFleetStores(),
  };

  const watched = <T extends object>(name: string, port: T): T =>
    new Proxy(port, {
      get: (target, key) => {
        const method: unknown = Reflect.get(target, key);
        if (typeof method !== 'function') {
          return method;
        }
        return async (...args: unknown[]) => {
          const call = { name: `${name}.${String(key)}`, args };
          await observer?.({ when: 'before', ...call });
          const answer: unknown = await Reflect.apply(method, target, args);
          await observer?.({ when: 'after', ...call, answer });
          return answer;
        };
      },
    });

  const byTime = (a: Alarm, b: Alarm): number => a.dueAt - b.dueAt;
  const ports: Ports = {
    runs: watched('runs', stores.runs),
    data: watched('data', stores.data),
    sessions: watched('sessions', stores.sessions),
    connections: watched('connections', stores.connections),
    exceptions: watched('exceptions', stores.exceptions),
    idempotency: watched('idempotency', stores.idempotency),
    counts: watched('counts', stores.counts),
    jobs: watched('jobs', { ...stores.jobs, backfills: watched('backfills', stores.jobs.backfills) }),
    flows: watched('flows', stores.flows),
    sagas: watched('sagas', stores.sagas),
    sagaExceptions: watched('sagaExceptions', stores.sagaExceptions),
    workers: watched('workers', stores.workers),
    categories: watched('categories', stores.categories),
    leases: watched('leases', stores.leases),
    logs: watched('logs', stores.logs),
    needs: watched('needs', stores.needs),
    health: watched('health', createMemoryHealth()),
    functionQueue: watched('functionQueue', {
      send: async (order) => {
        orders.push(order);
      },
    }),
    sockets: watched<Ports['sockets']>('sockets', {
      post: async (conn, frame) => {
        posted.push({ conn, frame });
        const mood = moods.get(conn) ?? 'open';
        if (mood === 'gone' || mood === 'unknown') {
          return mood;
        }
        if (mood === 'open') {
          receivers.get(conn)?.(frame);
        }
        return 'sent';
      },
      close: async (conn) => {
        closed.push(conn);
      },
    }),
    alarms: watched<Ports['alarms']>('alarms', {
      send: async (alarm) => {
        alarms = [...alarms, alarm].toSorted(byTime);
      },
    }),
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: (message) => warnings.push(message),
      error: (message) => warnings.push(message),
    },
    settings: {
      shards: () => options.shards ?? { sessions: 1, ready: 1 },
      pools: ['default'],
      retentionMs: RETENTION_MS,
      ageingMs: AGEING_MS,
    },
    now: () => now,
    pause: async (ms) => {
      now += ms;
    },
    chance: seeded(options.seed ?? 1),
    token: () => {
      tokens += 1;
      return `token-${tokens}`;
    },
  };
  const engine = createEngine(ports);

  const logger: Logger = { ...ports.log, with: () => logger };
  const identity = createMemoryIdentityStores();
  const { connections } = ports;
  const credentials = watched('credentials', identity.credentials);
  const audit = watched('audit', identity.audit);
  const warmUp = () => {
    const verify: TokenVerifier = async () => ({ kind: 'invalid', reason: 'not_ours' });
    const shared = { connections, credentials, audit, log: ports.log, now: ports.now };
    const authentication = createAuthentication({ ...shared, verify });
    return {
      connect: createConnectHandler({ ...shared, authentication, logger }),
      frame: createFrameHandler({ engine, access: createFrameAccess({ ...shared, authentication }), logger }),
    };
  };
  let functions = warmUp();

  const ringNext = async (): Promise<Alarm | undefined> => {
    const [next] = alarms;
    if (next === undefined) {
      return undefined;
    }
    now = Math.max(now, next.dueAt);
    try {
      await engine.ring(next);
    } catch (error) {
      if (error !== CRASH) {
        throw error;
      }
      // The queue makes the message visible again after its visibility timeout.
      alarms.push({ ...next, dueAt: now + 30_000 });
    }
    // A message is deleted last.
    alarms = alarms.filter((alarm) => alarm !== next).toSorted(byTime);
    return next;
  };

  return {
    engine,
    connect: async (conn, authorization) => {
      const answer = await functions.connect(connectEvent(conn, authorization));
      return typeof answer === 'string' ? undefined : answer.statusCode;
    },
    say: async (conn, frame) => {
      await functions.frame(frameEvent(conn, JSON.stringify(frame)));
    },
    coolDown: () => {
      functions = warmUp();
    },
    keys: createWorkerKeys(identity, ports.now),
    audited: async () => (await identity.audit.newest({ limit: 1_000 })).toReversed(),
    ports,
    now: () => now,
    pass: (ms) => {
      now += ms;
    },
    alarms: () => alarms,
    ringNext,
    live: async (ms) => {
      const end = now + ms;
      while (alarms[0] !== undefined && alarms[0].dueAt <= end) {
        await ringNext();
      }
      now = Math.max(now, end);
    },
    posted,
    orders,
    closed,
    setMood: (conn, mood) => moods.set(conn, mood),
    onFrame: (conn, receive) => receivers.set(conn, receive),
    watch: (next) => {
      observer = next;
    },
    exceptions: exceptions.all,
    run: async (id) => {
      const run = await stores.runs.get(id, 'consistent');
      if (run === undefined) {
        throw new Error(`There is no run ${id}`);
      }
      return run;
    },
    allRuns: async () => {
      const shards = LISTED_FAMILIES.flatMap((family) =>
        Array.from({ length: RUN_SHARDS }, (_, shard) => stores.runs.newest({ family, shard, limit: 1_000 })),
      );
      return (await Promise.all(shards)).flat();
    },
    submit: async (input = {}) => {
      const submitted = await engine.submitRun({
        ...{ handler: 'send_email', pool: 'default', priority: 5, executeAt: now, payload: '{"to":"a@example.com"}' },
        ...{ maxTries: 3, timeoutMs: 300_000 },
        ...input,
      });
      if (submitted.kind === 'key_reused') {
        throw new Error('The key was used for another request');
      }
      return submitted.run.id;
    },
    count: async () => {
      const batch = changes;
      changes = [];
      await engine.countChanges('shard', batch);
      await engine.countChanges('shard', batch.slice(batch.length >> 1));
    },
    warnings,
  };
};
