/** Workers as they are: the worker library's own agent, in processes that share nothing but the world they live in. */

import type { MadeKey } from '../../../lib/application/identity/api.ts';
import type { ServerFrame, WorkerFrame } from '../../../lib/contracts/frames.ts';
import type { WorkerNeeds } from '../../../lib/domain/fleet/needs.ts';
import type { ApiKey } from '../../../lib/domain/identity/api-key.ts';
import { attemptKey } from '../../../lib/domain/session.ts';
import { SLEEP_SUSPECT_MS } from '../../../lib/domain/timing.ts';
import { type Agent, createAgent } from '../../../lib/worker/agent.ts';
import { CONNECTOR_TIMINGS } from '../../../lib/worker/connector.ts';
import type { WorkerLogger } from '../../../lib/worker/logger.ts';
import type { LoadedPayload } from '../../../lib/worker/order-payload.ts';
import type { Spool } from '../../../lib/worker/spool.ts';
import type { WorkerKeys } from '../../support/worker-keys.ts';
import type { Basics } from '../basics.ts';
import type { Gateway, Peer } from '../cloud/gateway.ts';
import { createHandler } from './handler.ts';
import { createProcess, type Process } from './process.ts';

export type WorkerOptions = {
  readonly slots: number;
  /** Default: `send_email`. */
  readonly handlers?: readonly string[];
  /** Its handlers may run twice, so they are not killed with their session (K5). */
  readonly idempotent?: boolean;
  /** Default: `default`. */
  readonly pool?: string;
  /** Default: none. */
  readonly tags?: readonly string[];
};

export type WorkerHandle = {
  readonly name: string;
  /** Of its API key, for its own pool. A worker that is started again has the same. */
  readonly key: ApiKey;
  readonly welcomed: () => boolean;
  /** Takes no more, ends what it has, leaves. */
  readonly drain: () => Promise<void>;
  readonly kill: () => void;
  readonly pause: (ms: number) => void;
  readonly stepClock: (ms: number) => void;
};

type Life = {
  readonly process: Process;
  readonly agent: Agent;
  /** When its newest session was confirmed. */
  greetedAt: number | undefined;
};

const PAUSE_MS = 60_000;
const STEP_MS = 60_000;
const RESTART_MS = 3_000;
const DRAIN_MS = 60_000;
/** A push that is taken in this long after it was made may have been voided meanwhile: it comes on top (C6). */
const LATE_PUSH_MS = 19_000;

type Surroundings = Basics & {
  readonly gateway: () => Gateway;
  readonly keys: WorkerKeys;
  readonly makeSessionId: () => string;
  /** A payload that is too large for a frame, asked for over HTTP. */
  readonly fetchPayload: (run: string) => Promise<string | undefined>;
  /** A piece of an output that is too large for a frame, brought over HTTP. @returns whether it is kept */
  readonly storeOutput: (piece: {
    readonly run: string;
    readonly attempt: number;
    readonly piece: number;
    readonly text: string;
  }) => Promise<boolean>;
};

export const createFleet = (world: Surroundings) => {
  const { timeline, chance, faults, ledger, say } = world;
  const lives = new Map<string, Life>();
  const spools = new Map<string, Map<string, ReturnType<Spool['read']>[number]>>();
  /** By peer: pushes that were late or repeated, cancels that came, and when a frame of its was last lost. */
  const lateOrders = new Map<string, Set<string>>();
  const cancelled = new Map<Peer, Set<string>>();
  const known = new Map<Peer, Set<string>>();
  const draining = new Set<string>();

  const spoolOf = (name: string): Spool => {
    const files = spools.get(name) ?? new Map();
    spools.set(name, files);
    return {
      write: (result) => files.set(attemptKey(result.run, result.attempt), result),
      remove: ([run, attempt]) => files.delete(attemptKey(run, attempt)),
      read: () => [...files.values()],
    };
  };

  const loggerOf = (name: string): WorkerLogger => {
    const at = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) =>
      say(() => [name, `${level}: ${message} ${fields === undefined ? '' : JSON.stringify(fields)}`]);
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  };

  /** Something happened in a worker's process: here it may stand still, die, or find its clock set. */
  const moment = (name: string): void => {
    const life = lives.get(name);
    if (life === undefined) {
      return;
    }
    if (faults.strike('worker_died')) {
      kill(name);
      timeline.after(RESTART_MS, () => boot(name));
    } else if (faults.strike('worker_paused')) {
      say(() => [name, 'stands still']);
      life.process.pause(PAUSE_MS);
    } else if (faults.strike('clock_stepped')) {
      life.process.stepClock(chance() < 0.5 ? STEP_MS : -STEP_MS);
    }
  };

  const kill = (name: string): void => {
    const life = lives.get(name);
    if (life === undefined) {
      return;
    }
    say(() => [name, 'dies']);
    lives.delete(name);
    life.process.kill();
    world.gateway().endOf(life.process.peer);
    for (const execution of ledger.executions()) {
      if (execution.worker === name && execution.endedAt === undefined) {
        execution.endedAt = timeline.now();
        execution.how = 'died';
      }
    }
  };

  const plans = new Map<string, WorkerOptions>();
  const keys = new Map<string, MadeKey>();
  const keyOf = (name: string, pool: string): MadeKey => {
    const made = keys.get(name) ?? world.keys.make(name, { pools: [pool] });
    keys.set(name, made);
    return made;
  };

  const parsed = (text: string | undefined): LoadedPayload =>
    text === undefined
      ? { reason: 'payload_unavailable', error: 'The payload could not be fetched' }
      : { payload: JSON.parse(text) };

  /** An answer that finds the process dead is heard by nobody. */
  const fetchPayload = (peer: Peer, run: string): Promise<LoadedPayload> =>
    new Promise((resolve) => {
      void world.fetchPayload(run).then((text) => timeline.after(0, () => peer.run(() => resolve(parsed(text)))));
    });

  /** Piece by piece; refused, or unanswered, the whole of it has not got there. */
  const storeOutput = (peer: Peer, run: string, attempt: number, pieces: readonly string[]): Promise<void> =>
    new Promise((resolve, reject) => {
      void Promise.all(pieces.map((text, piece) => world.storeOutput({ run, attempt, piece, text }))).then((stored) =>
        timeline.after(0, () =>
          peer.run(() => (stored.every(Boolean) ? resolve() : reject(new Error('The output was not taken')))),
        ),
      );
    });

  /** Not twice, and not one that has left for good. */
  const boot = (name: string): void => {
    const plan = plans.get(name);
    if (plan === undefined || lives.has(name)) {
      return;
    }
    const { slots, handlers = ['send_email'], idempotent = false, pool = 'default', tags = [] } = plan;
    const { text } = keyOf(name, pool);
    const process = createProcess(timeline, name, Math.round((chance() - 0.5) * 2 * STEP_MS));
    const { clock, peer } = process;
    cancelled.set(peer, new Set());
    known.set(peer, new Set());
    const execute = createHandler(name, clock, ledger, () => moment(name), timeline.stir);
    const agent = createAgent({
      openLink: (events) => world.gateway().open(peer, events, text),
      makeSessionId: world.makeSessionId,
      storeOutput: ({ run, attempt }, pieces) => storeOutput(peer, run, attempt, pieces),
      loadPayload: async ({ run, payload }) => (payload === undefined ? fetchPayload(peer, run) : parsed(payload)),
      identity: { name, pool, maxTasks: slots, handlers, tags },
      handlers: new Map(
        handlers.map((handler) => [
          handler,
          {
            idempotent,
            execute: (task, control) => {
              // It died by what it began a moment ago.
              if (!peer.isAlive()) {
                return new Promise(() => undefined);
              }
              beforeBegin(process, task.run, task.attempt);
              return execute(task, control);
            },
          },
        ]),
      ),
      spool: spoolOf(name),
      logger: loggerOf(name),
      clock,
      random: chance,
      timings: CONNECTOR_TIMINGS,
      onWelcome: () => {
        life.greetedAt = timeline.now();
      },
    });
    const life: Life = { process, agent, greetedAt: undefined };
    lives.set(name, life);
    agent.start();
  };

  /** In words of our own: the tags and the names that the stories ask for. */
  const isMet = (name: string, { tags = [], workers = [] }: WorkerNeeds): boolean =>
    tags.every((tag) => plans.get(name)?.tags?.includes(tag)) && (workers.length === 0 || workers.includes(name));

  const beforeBegin = (process: Process, run: string, attempt: number): void => {
    const { name } = process.peer;
    ledger.must(
      isMet(name, ledger.runs.get(run)?.needs ?? {}),
      'needs_met',
      () => `run ${run} was given to ${name}, which is not what it needs`,
    );
    const key = attemptKey(run, attempt);
    ledger.must(
      cancelled.get(process.peer)?.has(key) !== true,
      'cancel_heeded',
      () => `attempt ${attempt} of run ${run} began on ${process.peer.name} after its cancel had come`,
    );
    const session = ledger.sessions.get(ledger.holderOf(run, attempt) ?? '');
    ledger.must(
      !process.justSlept(SLEEP_SUSPECT_MS) || session?.st === 'up',
      'sleeper_waits',
      () => `${process.peer.name} woke and began attempt ${attempt} of run ${run}, though its session is over`,
    );
  };

  return {
    start: (name: string, options: WorkerOptions): WorkerHandle => {
      plans.set(name, options);
      boot(name);
      return {
        name,
        key: keyOf(name, options.pool ?? 'default').key,
        welcomed: () => lives.get(name)?.greetedAt !== undefined,
        drain: async () => {
          draining.add(name);
          const life = lives.get(name);
          await life?.agent.drain(DRAIN_MS);
          if (lives.get(name) === life) {
            lives.delete(name);
          }
        },
        kill: () => kill(name),
        pause: (ms) => lives.get(name)?.process.pause(ms),
        stepClock: (ms) => lives.get(name)?.process.stepClock(ms),
      };
    },
    restart: boot,

    /** A frame that a worker's process has taken in. */
    delivered: (peer: Peer, frame: ServerFrame): void => {
      if (frame.type === 'run') {
        const before = known.get(peer) ?? new Set();
        for (const { run, attempt } of frame.runs) {
          const key = attemptKey(run, attempt);
          const dispatchedAt = ledger.runs.get(run)?.dispatchedAt ?? 0;
          if (!before.has(key) && timeline.now() - dispatchedAt > LATE_PUSH_MS) {
            lateOrders.set(frame.session, (lateOrders.get(frame.session) ?? new Set()).add(key));
          }
          before.add(key);
        }
      } else if (frame.type === 'cancel') {
        cancelled.get(peer)?.add(attemptKey(frame.run, frame.attempt));
      }
      timeline.after(0, () => moment(peer.name));
    },

    /** A frame that a worker sends: what it says of its slots is the bound that credit keeps (C2). */
    sent: (peer: Peer, frame: WorkerFrame): void => {
      if ('limit' in frame && !draining.has(peer.name)) {
        const over = frame.seen - frame.limit;
        const late = lateOrders.get(frame.session)?.size ?? 0;
        const adopted = frame.type === 'hello' ? frame.list.length : 0;
        ledger.must(
          over <= late + adopted,
          'credit_bound',
          () => `${peer.name} holds ${over} more than it granted; ${late} pushes came late`,
        );
      }
      moment(peer.name);
    },
    awakeSince: (name: string): number | undefined => lives.get(name)?.process.awakeSince(),
    /** Since when it sends heartbeats: awake, and greeted (a greeting may be late). */
    beatsSince: (name: string): number | undefined => {
      const life = lives.get(name);
      const awakeSince = life?.process.awakeSince();
      return awakeSince === undefined || life?.greetedAt === undefined
        ? undefined
        : Math.max(awakeSince, life.greetedAt);
    },
    names: (): readonly string[] => [...lives.keys()],
    plans,
    isMet,
    welcomed: (name: string): boolean => lives.get(name)?.greetedAt !== undefined,
    drainAll: async (): Promise<void> => {
      await Promise.all(
        [...lives].map(async ([name, { agent }]) => {
          draining.add(name);
          await agent.drain(DRAIN_MS);
          lives.delete(name);
        }),
      );
    },
  };
};
export type Fleet = ReturnType<typeof createFleet>;
