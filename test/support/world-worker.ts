import type { RunOrder, RunResult, ServerFrame, WorkerFrame, WorkerFrameOf } from '../../lib/contracts/frames.ts';
import { attemptKey, parseAttemptKey } from '../../lib/domain/session.ts';
import type { World } from './engine-world.ts';

type HeldAttempt = Pick<RunOrder, 'run' | 'attempt'>;

/** A worker that counts its slots as the protocol asks (C2) and otherwise says only what the test makes it say. */
export type WorldWorker = {
  readonly session: string;
  readonly conn: () => string;
  /** With what HTTP status its newest socket was answered, where it has a key. */
  readonly opened: () => number | undefined;
  readonly say: (frame: WorkerFrame) => Promise<void>;
  /** Every order that arrived, redeliveries included. */
  readonly orders: RunOrder[];
  readonly received: ServerFrame[];
  /** What it holds: `<run>:<attempt>`. */
  readonly held: Set<string>;
  readonly holding: () => readonly HeldAttempt[];
  /** The order of a run, newest first. */
  readonly orderOf: (run: string) => RunOrder;
  readonly hello: (fields?: Partial<WorkerFrameOf<'hello'>>) => Promise<void>;
  /** Comes back on a new socket. */
  readonly resume: (fields?: Partial<WorkerFrameOf<'resume'>>) => Promise<void>;
  readonly heartbeat: (fields?: Partial<WorkerFrameOf<'heartbeat'>>) => Promise<void>;
  readonly started: (attempt: HeldAttempt) => Promise<void>;
  readonly goodbye: () => Promise<void>;
  /** Ends orders, all in one frame. */
  readonly finish: (attempts: readonly HeldAttempt[], fields?: Partial<RunResult>) => Promise<void>;
  /** Ends an order without a word: the frame was lost. */
  readonly finishUnheard: (attempt: HeldAttempt) => void;
};

export const createWorker = (
  world: World,
  name: string,
  options: {
    readonly slots?: number;
    readonly handlers?: readonly string[];
    readonly pool?: string;
    /** The text of an API key: it opens its sockets with it. Without one its frames go straight to the engine. */
    readonly key?: string;
  } = {},
): WorldWorker => {
  const { slots = 1, handlers = ['send_email'], pool = 'default', key } = options;
  const session = `session-${name}`;
  const held = new Set<string>();
  const orders: RunOrder[] = [];
  const received: ServerFrame[] = [];
  let [rep, seen, epoch] = [0, 0, 1];
  let opened: number | undefined;
  const conn = (): string => `${name}-${epoch}`;

  const receive = (frame: ServerFrame): void => {
    received.push(frame);
    if (frame.type === 'run') {
      for (const order of frame.runs) {
        orders.push(order);
        seen = Math.max(seen, order.seq);
        held.add(attemptKey(order.run, order.attempt));
      }
    } else if (frame.type === 'sync') {
      seen = Math.max(seen, frame.q);
    }
  };
  const report = () => {
    rep += 1;
    return { session, pool, rep, seen, limit: seen + slots - held.size };
  };
  const holding = (): HeldAttempt[] => [...held].map(parseAttemptKey);
  const list = (): [string, number][] => holding().map(({ run, attempt }) => [run, attempt]);
  const say = (frame: WorkerFrame): Promise<void> =>
    key === undefined ? world.engine.receiveFrame({ conn: conn(), frame }) : world.say(conn(), frame);
  const open = async (): Promise<void> => {
    world.onFrame(conn(), receive);
    if (key !== undefined) {
      opened = await world.connect(conn(), `Bearer ${key}`);
    }
  };

  return {
    session,
    conn,
    orders,
    received,
    held,
    holding,
    orderOf: (run) => {
      const order = orders.findLast((one) => one.run === run);
      if (order === undefined) {
        throw new Error(`${name} was never sent run ${run}`);
      }
      return order;
    },
    opened: () => opened,
    say,
    hello: async (fields = {}) => {
      await open();
      const who = { name, maxTasks: slots, handlers: [...handlers], tags: [] };
      await say({ type: 'hello', ...report(), ...who, list: list(), ...fields });
    },
    resume: async (fields = {}) => {
      epoch += 1;
      await open();
      await say({ type: 'resume', ...report(), epoch, list: list(), ...fields });
    },
    heartbeat: (fields = {}) => say({ type: 'heartbeat', ...report(), list: list(), ...fields }),
    started: ({ run, attempt }) =>
      say({ type: 'started', session, pool, runs: [{ run, attempt, startedAt: world.now() }] }),
    goodbye: () => say({ type: 'goodbye', session, pool }),
    finish: async (ended, fields = {}) => {
      for (const { run, attempt } of ended) {
        held.delete(attemptKey(run, attempt));
      }
      const results = ended.map(({ run, attempt }): RunResult => {
        return { run, attempt, outcome: 'succeeded', startedAt: world.now(), durationMs: 10, ...fields };
      });
      await say({ type: 'result', ...report(), results });
    },
    finishUnheard: ({ run, attempt }) => {
      held.delete(attemptKey(run, attempt));
    },
  };
};
