import type { RunOrder, RunResult, ServerFrame, WorkerFrame, WorkerFrameOf } from '../../lib/contracts/frames.ts';
import { attemptKey, parseAttemptKey } from '../../lib/domain/session.ts';
import type { World } from './engine-world.ts';

type HeldAttempt = Pick<RunOrder, 'run' | 'attempt'>;

/** A worker that counts its slots as the protocol asks (C2) and otherwise says only what the test makes it say. */
export type WorldWorker = {
  readonly session: string;
  readonly conn: () => string;
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
  options: { readonly slots?: number; readonly handlers?: readonly string[] } = {},
): WorldWorker => {
  const { slots = 1, handlers = ['send_email'] } = options;
  const [session, pool] = [`session-${name}`, 'default'];
  const held = new Set<string>();
  const orders: RunOrder[] = [];
  const received: ServerFrame[] = [];
  let [rep, seen, epoch] = [0, 0, 1];
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
  const say = (frame: WorkerFrame): Promise<void> => world.engine.receiveFrame({ conn: conn(), frame });

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
    hello: async (fields = {}) => {
      world.onFrame(conn(), receive);
      const who = { name, maxTasks: slots, handlers: [...handlers], tags: [] };
      await say({ type: 'hello', ...report(), ...who, list: list(), ...fields });
    },
    resume: async (fields = {}) => {
      epoch += 1;
      world.onFrame(conn(), receive);
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
