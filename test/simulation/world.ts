/**
 * The whole of it: the real use cases, handlers and worker agent on memory adapters, with a clock, a network, a queue, a
 * scheduler, a stream and sockets that do what AWS may do. Everything that happens follows from the seed and the faults.
 */
import { connectEvent, disconnectEvent, frameEvent } from '../support/lambda-events.ts';
import { AGEING_MS, NOW, RETENTION_MS } from '../support/rows.ts';
import { seeded } from '../support/seeded.ts';
import { createWorkerKeys } from '../support/worker-keys.ts';
import type { Basics } from './basics.ts';
import { createClerk } from './clerk.ts';
import { createClient } from './client.ts';
import { createDatabase } from './cloud/database.ts';
import { createFunctionPool, type FunctionPool } from './cloud/function-pool.ts';
import { createFunctions, type Functions } from './cloud/functions.ts';
import { createGateway, type Gateway } from './cloud/gateway.ts';
import { createNetwork } from './cloud/network.ts';
import { createQueue, type Queue } from './cloud/queue.ts';
import { createReconciler } from './cloud/reconciler.ts';
import { createSchedules } from './cloud/schedules.ts';
import { createStream } from './cloud/stream.ts';
import { createFaults, describeFault, FAULTS, type FaultPlan } from './faults.ts';
import { createFleet } from './fleet/fleet.ts';
import { createLedger } from './ledger.ts';
import { createTeller } from './teller.ts';
import { createTimeline } from './timeline.ts';
import { createTrace } from './trace.ts';

export type WorldOptions = {
  readonly seed: number;
  readonly plan: FaultPlan;
  /** Takes the timeline, line by line. */
  readonly write?: (line: string) => void;
};

/** A worker brings its output as often as it has to, for a while. */
const UPLOADS = 20;
const UPLOAD_AGAIN_MS = 500;

export type World = ReturnType<typeof createWorld>;

/** Hexadecimal, as UUIDs are: a look for credit in a crowded shard begins at a random place among them. */
const sessionId = (chance: () => number, count: number): string =>
  `${Math.floor(chance() * 2 ** 32)
    .toString(16)
    .padStart(8, '0')}-${count}`;

export const createWorld = ({ seed, plan, write }: WorldOptions) => {
  const chance = seeded(seed);
  const timeline = createTimeline(NOW);
  const say = createTrace(write, timeline.now);
  const ledger = createLedger(timeline.now);
  const faults = createFaults(plan, chance, (fault) =>
    say(() => ['FAULT', `${describeFault(fault)}: ${FAULTS[fault.kind]}`]),
  );
  const shards = { sessions: 1 + Math.floor(chance() * 2), ready: 1 + Math.floor(chance() * 3) };
  const basics: Basics = { timeline, chance, faults, ledger, say };
  const slandered = new Set<string>();
  const waiting = new Set<() => void>();
  let tokens = 0;
  let sessions = 0;

  const stream = createStream({
    ...basics,
    deliver: (event) => functions.invoke('counts', (handler) => handler(event)),
  });
  const database = createDatabase({
    now: timeline.now,
    chance,
    isLate: () => faults.strike('stale_read'),
    onRun: (before, after) => {
      ledger.onRun(before, after);
      stream.run(before, after);
    },
    onSaga: (before, after) => {
      ledger.onSaga(before, after);
      stream.saga(before, after);
    },
    onException: (before, after) => {
      ledger.onSagaException(before, after);
      stream.exception(before, after);
    },
    onJob: (before, after, gap) => {
      ledger.onJob(before, after, gap);
      reconciler.begin();
    },
    onBackfill: ledger.onBackfill,
    onSession: (before, after) => {
      ledger.onSession(before, after);
      const lost =
        before?.conn !== undefined && after !== undefined && after.conn === undefined ? before.conn : undefined;
      ledger.must(
        lost === undefined || slandered.has(lost) || !gateway.isOpen(lost),
        'socket_kept',
        () => `session ${after?.id} lost its socket ${lost}, which is open`,
      );
    },
  });
  const queue: Queue = createQueue({
    ...basics,
    deliver: (records) => functions.invoke('alarms', (handler) => handler({ Records: records })),
  });
  const schedules = createSchedules({ ...basics, queue });
  const gateway: Gateway = createGateway({
    ...basics,
    connect: async (conn, key) => {
      const ended = await functions.invoke('connect', (handler) => handler(connectEvent(conn, `Bearer ${key}`)));
      const answer = ended.kind === 'answered' ? ended.answer : undefined;
      return typeof answer === 'object' ? answer.statusCode : undefined;
    },
    receive: (conn, body) => {
      void functions.invoke('frame', (handler) => handler(frameEvent(conn, body)));
    },
    disconnect: (conn) => {
      void functions.invoke('frame', (handler) => handler(disconnectEvent(conn)));
    },
    delivered: (peer, frame) => fleet.delivered(peer, frame),
    sent: (peer, frame) => fleet.sent(peer, frame),
    pushed: ledger.onPush,
    slandered: (conn) => slandered.add(conn),
  });
  const functionPool: FunctionPool = createFunctionPool({
    ...basics,
    deliver: (order) => functions.invoke('execute', (handler) => handler(order)),
  });
  const functions: Functions = createFunctions({
    ...basics,
    network: createNetwork(basics),
    services: {
      stores: database.stores,
      sockets: { post: gateway.post, close: gateway.close },
      functionQueue: { send: functionPool.send },
      execute: functionPool.execute,
      queue: queue.client,
      schedules: schedules.client,
      settings: { shards: () => shards, pools: ['default'], retentionMs: RETENTION_MS, ageingMs: AGEING_MS },
      now: timeline.now,
      chance,
      pause: timeline.pause,
      token: () => {
        tokens += 1;
        return `token-${tokens}`;
      },
    },
  });
  const keys = createWorkerKeys(database.identity, timeline.now);
  const fleet = createFleet({
    ...basics,
    keys,
    gateway: () => gateway,
    makeSessionId: () => {
      sessions += 1;
      return sessionId(chance, sessions);
    },
    fetchPayload: async (run) => {
      const ended = await functions.invoke('engine', (engine) => engine.getRun(run));
      return ended.kind === 'answered' ? ended.answer?.payload : undefined;
    },
    storeOutput: async (piece) => {
      for (let tries = 0; tries < UPLOADS; tries += 1) {
        const ended = await functions.invoke('engine', (engine) =>
          engine.storeOutput({ ...piece, servesPool: () => true }),
        );
        if (ended.kind === 'answered') {
          return ended.answer === 'stored';
        }
        await timeline.pause(UPLOAD_AGAIN_MS);
      }
      return false;
    },
  });
  const client = createClient({ ...basics, functions });
  const clerk = createClerk({ ...basics, functions });
  const teller = createTeller({ ...basics, functions });
  const reconciler = createReconciler({ timeline, ledger, functions });

  return {
    ...basics,
    functions,
    queue,
    schedules,
    gateway,
    stream,
    fleet,
    keys,
    client,
    clerk,
    teller,
    stores: database.stores,
    exceptions: database.exceptions,
    sessionsMade: (): number => sessions,
    /** Waits until something holds, or `withinMs` have passed: a world with faults may never get there. */
    until: (holds: () => boolean, withinMs = 120_000): Promise<boolean> =>
      new Promise((resolve) => {
        const end = (held: boolean): void => {
          cancel();
          waiting.delete(look);
          resolve(held);
        };
        const look = (): void => {
          if (holds()) {
            end(true);
          }
        };
        const cancel = timeline.after(withinMs, () => end(holds()));
        waiting.add(look);
        look();
      }),
    /** After every step: whoever waits for something looks. */
    look: (): void => {
      for (const look of waiting) {
        look();
      }
    },
  };
};
