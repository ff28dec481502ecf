import type { RunOrder } from '../../contracts/frames.ts';
import { MAX_FRAME_BYTES, MAX_RUNS_PER_FRAME } from '../../contracts/limits.ts';
import { FUNCTION_POOL } from '../../domain/fleet/function-pool.ts';
import type { Run } from '../../domain/run.ts';
import { undoClaim } from '../../domain/run-decisions.ts';
import { attemptKey, type Session } from '../../domain/session.ts';
import { arm } from '../alarms/arm.ts';
import type { Ports } from '../ports/index.ts';
import { storeList } from '../sessions/store-list.ts';
import { pickShard } from './pick-shard.ts';
import type { Queues } from './queues.ts';
import type { Delivery, ToOrder } from './to-order.ts';

/** Room that the frame's own fields take beside its orders. */
const ENVELOPE_BYTES = 512;

/** Cuts orders into frames of one billing unit (32 KB). */
const intoFrames = (orders: readonly RunOrder[]): RunOrder[][] => {
  const frames: RunOrder[][] = [];
  let bytes = 0;
  for (const order of orders) {
    const size = Buffer.byteLength(JSON.stringify(order)) + 1;
    const current = frames.at(-1);
    if (
      current === undefined ||
      bytes + size > MAX_FRAME_BYTES - ENVELOPE_BYTES ||
      current.length >= MAX_RUNS_PER_FRAME
    ) {
      frames.push([order]);
      bytes = size;
    } else {
      current.push(order);
      bytes += size;
    }
  }
  return frames;
};

export type Push = (session: Session, deliveries: readonly Delivery[]) => Promise<void>;
export type PushAgain = (session: Session, runs: readonly Run[]) => Promise<void>;

/** Sends runs to their session's worker: claims for the first time, and what it may have lost once more. */
export const createPush = (
  ports: Ports,
  { toOrder, queues }: { readonly toOrder: ToOrder; readonly queues: Pick<Queues, 'note'> },
): { readonly push: Push; readonly pushAgain: PushAgain } => {
  const { runs, sessions, sockets, functionQueue, settings, now, chance, log } = ports;

  const undo = async (run: Run): Promise<void> => {
    await queues.note(run);
    const decision = undoClaim(run, pickShard(settings.shards(run.pool).ready, chance), now());
    if (decision.arm !== undefined) {
      await arm(ports, { kind: 'run', id: run.id }, decision.arm.g, decision.arm.dueAt);
    }
    await runs.commit(decision.change);
  };

  const post = async (session: Session, orders: readonly RunOrder[]): Promise<'sent' | 'gone' | 'unknown'> => {
    const frame = { type: 'run' as const, session: session.id, at: now(), runs: [...orders] };
    if (session.conn === undefined) {
      return 'gone';
    }
    const first = await sockets.post(session.conn, frame);
    if (first !== 'gone') {
      return first;
    }
    const current = await sessions.get(session, 'consistent');
    if (current?.conn === undefined) {
      return 'gone';
    }
    if (current.conn === session.conn) {
      await sessions.detach(session, session.conn);
      return 'gone';
    }
    return sockets.post(current.conn, frame);
  };

  /** The pool without workers. What did not get into the queue is sent again by the run's alarm (rule R3). */
  const sendToFunction = async (deliveries: readonly Delivery[]): Promise<void> => {
    for (const { run } of deliveries) {
      try {
        await functionQueue.send({ run: run.id, attempt: run.attempt });
      } catch (error) {
        log.warn('An order may not have reached the function: the watch of its run finds out', { run: run.id, error });
      }
    }
  };

  /** @returns the orders that were not delivered, for certain */
  const send = async (session: Session, deliveries: readonly Delivery[]): Promise<readonly RunOrder[]> => {
    if (session.pool === FUNCTION_POOL) {
      await sendToFunction(deliveries);
      return [];
    }
    const orders = await Promise.all(deliveries.map(toOrder));
    const undelivered: RunOrder[] = [];
    for (const frame of intoFrames(orders)) {
      const outcome = await post(session, frame);
      if (outcome === 'gone') {
        undelivered.push(...frame);
      } else if (outcome === 'unknown') {
        log.warn('A push may not have arrived: the watch of each run finds out', { session: session.id });
      }
    }
    return undelivered;
  };

  return {
    /**
     * What cannot be delivered for certain (410, no socket) turns `ready` again (rule R5); what may or may not have
     * arrived stays dispatched, and the run's alarm finds out (rule R3).
     */
    push: async (session, deliveries) => {
      const claimed = new Map(deliveries.map(({ run }) => [run.id, run]));
      const undelivered = (await send(session, deliveries)).flatMap((order) => claimed.get(order.run) ?? []);
      if (undelivered.length > 0) {
        log.info('The worker has no socket: its runs are ready again', {
          session: session.id,
          runs: undelivered.length,
        });
        await Promise.all(undelivered.map(undo));
      }
    },

    /**
     * Redelivery (rule R4), with the same attempt. Undelivered, it changes nothing: the worker may well hold the run, and
     * has the rest of its 45 s to come back. A worker that polls is given what its list names, with its next poll; where one
     * comes in this very moment, the next look finds what it said.
     */
    pushAgain: async (session, again) => {
      if (session.polls) {
        const keys = again.map(({ id, attempt }) => attemptKey(id, attempt));
        await storeList(sessions, session, [...session.list, ...keys], session.hbAt);
        return;
      }
      await send(
        session,
        again.map((run) => ({ run })),
      );
    },
  };
};
