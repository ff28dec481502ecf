/**
 * Whether a run costs more when many wait: calls of the engine's ports for each run at a steady load, with a short backlog
 * and with a long one. The engine runs on the memory adapters in virtual time, so that 100,000 runs can wait.
 */
import { createMemoryFleetStores } from '../lib/adapters/memory/fleet/stores.ts';
import { createMemoryHealth } from '../lib/adapters/memory/health.ts';
import { createMemoryJobStore } from '../lib/adapters/memory/jobs/jobs.ts';
import { createMemoryRunStore } from '../lib/adapters/memory/runs.ts';
import { createMemorySagaStores } from '../lib/adapters/memory/sagas/sagas.ts';
import { createMemoryConnectionStore, createMemorySessionStore } from '../lib/adapters/memory/sessions.ts';
import {
  createMemoryCountStore,
  createMemoryDataStore,
  createMemoryExceptionStore,
  createMemoryIdempotencyStore,
} from '../lib/adapters/memory/side-stores.ts';
import { createEngine } from '../lib/application/engine.ts';
import type { ServerFrame, WorkerFrame } from '../lib/contracts/frames.ts';
import { createLogger } from '../lib/platform/logger.ts';
import { toSettings } from '../lib/platform/settings.ts';
import { makeToken } from '../lib/platform/token.ts';
import { createTimeline } from '../test/support/meter-timeline.ts';
import { createVirtualWorker } from '../test/support/meter-worker.ts';
import { aTask } from './in-process.ts';

const CONN = 'connection';
const SLOTS = 10;
const RUN_MS = 1_000;
/** As many runs come as the slots take. */
const ARRIVAL_MS = RUN_MS / SLOTS;
const COUNTED = 1_000;
/** Every run that waits is looked at once; the later looks come by the time that it waits, and are left out. */
const FIRST_LOOK_MS = 1_500;
const START = Date.UTC(2030, 0, 1);

/** Calls of a port's functions, by name. */
type Calls = Map<string, number>;

const counted = <T extends object>(port: string, functions: T, calls: Calls): T =>
  new Proxy(functions, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') {
        return value;
      }
      return (...args: readonly unknown[]): unknown => {
        const key = `${port}.${String(name)}`;
        calls.set(key, (calls.get(key) ?? 0) + 1);
        return Reflect.apply(value, target, args);
      };
    },
  });

export type BacklogFigures = {
  readonly backlog: number;
  /** By port and function, for each run. */
  readonly callsPerRun: ReadonlyMap<string, number>;
  readonly msPerRun: number;
};

export const measureBacklog = async (backlog: number): Promise<BacklogFigures> => {
  const calls: Calls = new Map();
  const timeline = createTimeline(START);
  const exceptions = createMemoryExceptionStore();
  /** The backlog's own alarms are left out: its runs have waited for hours. */
  let alarmsFrom = Number.POSITIVE_INFINITY;
  const runs = createMemoryRunStore(() => undefined, exceptions.recordRun);
  const engine = createEngine({
    runs: counted('runs', runs, calls),
    data: counted('data', createMemoryDataStore(), calls),
    sessions: counted('sessions', createMemorySessionStore(), calls),
    connections: createMemoryConnectionStore(),
    exceptions,
    idempotency: createMemoryIdempotencyStore(),
    counts: createMemoryCountStore(),
    jobs: createMemoryJobStore(),
    ...createMemorySagaStores(runs),
    ...createMemoryFleetStores(),
    health: createMemoryHealth(),
    sockets: counted(
      'sockets',
      {
        post: async (_conn: string, frame: ServerFrame) => {
          timeline.at(timeline.now(), () => worker.receive(frame));
          return 'sent' as const;
        },
        close: async () => undefined,
      },
      calls,
    ),
    alarms: counted(
      'alarms',
      {
        send: async (alarm) => {
          if (timeline.now() >= alarmsFrom && alarm.dueAt <= timeline.now() + FIRST_LOOK_MS) {
            timeline.at(alarm.dueAt, () => engine.ring(alarm));
          }
        },
      },
      calls,
    ),
    functionQueue: { send: async () => undefined },
    log: createLogger({ level: 'error' }),
    settings: toSettings({ POOL_SHARDS: {}, RUN_RETENTION_DAYS: 30, PRIORITY_AGEING_SECONDS: 600 }),
    now: timeline.now,
    pause: async () => undefined,
    chance: Math.random,
    token: makeToken,
  });
  const send = (conn: string, frame: WorkerFrame): Promise<void> => engine.receiveFrame({ conn, frame });
  const worker = createVirtualWorker({
    ...{ name: 'bench', conn: CONN, slots: SLOTS, handlers: ['bench'], runMs: RUN_MS, heartbeats: false, timeline },
    ...{ send, onRun: () => undefined, onEnd: () => undefined },
  });

  // One millisecond holds 4,096 run ids at most.
  for (let index = 0; index < backlog + SLOTS; index += 1) {
    await timeline.runUntil(START + Math.floor(index / 10));
    await engine.submitRun(aTask(timeline.now()));
  }
  await send(CONN, worker.hello());
  calls.clear();
  const from = timeline.now();
  alarmsFrom = from;
  for (let index = 1; index <= COUNTED; index += 1) {
    timeline.at(from + index * ARRIVAL_MS, async () => {
      await engine.submitRun(aTask(timeline.now()));
    });
  }
  const startedAt = performance.now();
  await timeline.runUntil(from + COUNTED * ARRIVAL_MS);
  const msPerRun = (performance.now() - startedAt) / COUNTED;
  return { backlog, msPerRun, callsPerRun: new Map([...calls].map(([name, count]) => [name, count / COUNTED])) };
};
