/** A worker in virtual time: it speaks the protocol with the worker library's own session, and its runs take no work. */
import { randomUUID } from 'node:crypto';
import type { RunOrder, ServerFrame, WorkerFrame, WorkerFrameOf } from '../../lib/contracts/frames.ts';
import { HEARTBEAT_MS } from '../../lib/domain/timing.ts';
import { createSession } from '../../lib/worker/session.ts';
import type { Timeline } from './meter-timeline.ts';

export type VirtualWorker = {
  readonly conn: string;
  /** Its first frame; to be sent, or to be taken as if it had been. */
  readonly hello: () => WorkerFrameOf<'hello'>;
  /** A frame that the control plane posted to its connection. */
  readonly receive: (frame: ServerFrame) => Promise<void>;
};

export type VirtualWorkerOptions = {
  readonly name: string;
  readonly conn: string;
  readonly slots: number;
  readonly handlers: readonly string[];
  /** How long each run takes. */
  readonly runMs: number;
  readonly heartbeats: boolean;
  readonly timeline: Pick<Timeline, 'now' | 'at'>;
  readonly send: (conn: string, frame: WorkerFrame) => Promise<void>;
  readonly onRun: (run: string) => void;
  readonly onEnd: (run: string) => void;
};

/** One line, as a handler's `context.log` writes it. */
const LOG_LINE = '2026-11-21T09:00:00.000Z info  sent to user@example.com, provider id 8f14e45f\n';

export const createVirtualWorker = (options: VirtualWorkerOptions): VirtualWorker => {
  const { conn, slots, handlers, runMs, timeline, send } = options;
  const identity = { name: options.name, pool: 'default', maxTasks: slots, handlers, tags: [] };
  const time = { monotonicMs: timeline.now, wallMs: timeline.now };
  const session = createSession(identity, time, randomUUID(), undefined);
  const held = new Map<string, RunOrder>();
  const due: RunOrder[] = [];
  let executing = 0;

  const load = () => ({ max: slots, inFlight: held.size });
  const list = () => [...held.values()].map(({ run, attempt }): [string, number] => [run, attempt]);

  const end = async ({ run, attempt }: RunOrder): Promise<void> => {
    const startedAt = timeline.now() - runMs;
    executing -= 1;
    held.delete(run);
    options.onEnd(run);
    const outcome = { outcome: 'succeeded' as const, output: '{"sent":true}', log: LOG_LINE };
    await send(conn, session.result(load(), [{ run, attempt, startedAt, durationMs: runMs, ...outcome }]));
    pump();
  };

  const pump = (): void => {
    while (executing < slots) {
      const order = due.shift();
      if (order === undefined) {
        return;
      }
      executing += 1;
      timeline.at(timeline.now() + runMs, () => end(order));
    }
  };

  const accept = (order: RunOrder): void => {
    if (held.has(order.run)) {
      return;
    }
    session.receive(order.seq);
    held.set(order.run, order);
    options.onRun(order.run);
    timeline.at(order.notBefore, async () => {
      due.push(order);
      pump();
    });
  };

  const heartbeat = async (): Promise<void> => {
    await send(conn, session.heartbeat(load(), list()));
    timeline.at(timeline.now() + HEARTBEAT_MS, heartbeat);
  };

  return {
    conn,
    hello: () => {
      if (options.heartbeats) {
        timeline.at(timeline.now() + HEARTBEAT_MS, heartbeat);
      }
      return session.hello(load(), []);
    },
    receive: async (frame) => {
      if (frame.type === 'run') {
        for (const order of frame.runs) {
          accept(order);
        }
      } else if (frame.type === 'sync') {
        session.sync(frame.q);
        await send(conn, session.heartbeat(load(), list()));
      } else if (frame.type !== 'welcome') {
        throw new Error(`A plain run gets no such frame: ${JSON.stringify(frame)}`);
      }
    },
  };
};
