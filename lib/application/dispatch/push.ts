import type { RunOrder } from '../../contracts/frames.ts';
import { MAX_FRAME_BYTES, MAX_INLINE_PAYLOAD_BYTES, MAX_RUNS_PER_FRAME } from '../../contracts/limits.ts';
import type { Run } from '../../domain/run.ts';
import { undoClaim } from '../../domain/run-decisions.ts';
import type { Session } from '../../domain/session.ts';
import { arm } from '../alarms/arm.ts';
import type { Ports } from '../ports/index.ts';
import { pickShard } from './pick-shard.ts';

/** A claimed run to be pushed; `payload` where the caller has it at hand and it is not on the row. */
export type Delivery = { readonly run: Run; readonly payload?: string };

/** Room that the frame's own fields take beside its orders. */
const ENVELOPE_BYTES = 512;

/** Path under which a worker fetches a payload that is too large for a frame. */
const payloadPath = (run: string): string => `/api/runs/${encodeURIComponent(run)}/payload`;

const toOrder = async ({ data }: Pick<Ports, 'data'>, { run, payload }: Delivery): Promise<RunOrder> => {
  const order = {
    seq: run.seq ?? 0,
    run: run.id,
    attempt: run.attempt,
    handler: run.handler,
    notBefore: run.dueAt,
    timeoutMs: run.timeoutMs,
    maxTries: run.maxTries,
    tries: run.tries,
  };
  const byPath = { ...order, payloadPath: payloadPath(run.id) };
  if (run.payloadBytes > MAX_INLINE_PAYLOAD_BYTES) {
    return byPath;
  }
  const text = run.payload ?? payload ?? (await data.getPayload(run.id));
  // JSON in JSON: every quote in it takes a backslash, which can double its size.
  const fits = text !== undefined && Buffer.byteLength(JSON.stringify(text)) <= MAX_INLINE_PAYLOAD_BYTES;
  return fits ? { ...order, payload: text } : byPath;
};

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
export const createPush = (ports: Ports): { readonly push: Push; readonly pushAgain: PushAgain } => {
  const { runs, sessions, sockets, settings, now, chance, log } = ports;

  const undo = async (run: Run): Promise<void> => {
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

  /** @returns the orders that were not delivered, for certain */
  const send = async (session: Session, deliveries: readonly Delivery[]): Promise<readonly RunOrder[]> => {
    const orders = await Promise.all(deliveries.map((delivery) => toOrder(ports, delivery)));
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
     * has the rest of its 45 s to come back.
     */
    pushAgain: async (session, again) => {
      await send(
        session,
        again.map((run) => ({ run })),
      );
    },
  };
};
