import type { AttemptRef, RunResult } from '../contracts/frames.ts';
import { attemptKey } from './attempt-memory.ts';
import type { Clock } from './clock.ts';
import { packResults } from './result-size.ts';
import type { Spool } from './spool.ts';

/** A result stays on disk this long after it was sent: until then a lost frame has shown itself by a redelivery (R4). */
const KEEP_SENT_MS = 60_000;

export type OutboxParams = {
  readonly spool: Spool;
  readonly clock: Clock;
  /** Sends one frame of results, if there is a link; `done` tells whether it was handed to the network. */
  readonly send: (results: readonly RunResult[], done: (sent: boolean) => void) => boolean;
  /** The last waiting result was sent. */
  readonly onEmpty: () => void;
};

/** Results on their way out. There is no acknowledgement: what was sent is kept for a while, what was not waits. */
export type Outbox = {
  readonly add: (result: RunResult) => void;
  /** Sends a known result again (K2), or one that an earlier process left on disk (K1). */
  readonly resend: (result: RunResult) => void;
  /** There is a link again. */
  readonly flush: () => void;
  /** The control plane does not want them (any more). */
  readonly discard: (refs: readonly AttemptRef[]) => void;
  readonly purge: () => void;
  readonly waiting: () => number;
  /** Whose results wait. */
  readonly unsent: () => AttemptRef[];
};

export function createOutbox({ spool, clock, send, onEmpty }: OutboxParams): Outbox {
  const queued = new Map<string, RunResult>();
  const leaving = new Map<string, RunResult>();
  const sent = new Map<string, { readonly ref: AttemptRef; readonly at: number }>();
  let scheduled = false;

  const flush = (): void => {
    for (const results of packResults([...queued.values()])) {
      const taken = send(results, (ok) => settle(results, ok));
      if (!taken) return;
      for (const result of results) {
        const key = attemptKey([result.run, result.attempt]);
        queued.delete(key);
        leaving.set(key, result);
      }
    }
  };

  const settle = (results: readonly RunResult[], ok: boolean): void => {
    for (const result of results) {
      const ref: AttemptRef = [result.run, result.attempt];
      const key = attemptKey(ref);
      if (!leaving.delete(key)) continue;
      if (!ok) queued.set(key, result);
      else {
        sent.delete(key);
        sent.set(key, { ref, at: clock.monotonicMs() });
      }
    }
    if (queued.size + leaving.size === 0) onEmpty();
  };

  /** What ends within one turn of the event loop shares a frame. */
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    clock.defer(() => {
      scheduled = false;
      flush();
    });
  };

  const queue = (result: RunResult): void => {
    queued.set(attemptKey([result.run, result.attempt]), result);
    schedule();
  };

  return {
    add(result) {
      spool.write(result);
      queue(result);
    },
    resend: queue,
    flush,
    discard(refs) {
      for (const ref of refs) {
        queued.delete(attemptKey(ref));
        sent.delete(attemptKey(ref));
        spool.remove(ref);
      }
    },
    purge() {
      for (const [key, { ref, at }] of sent) {
        if (clock.monotonicMs() - at < KEEP_SENT_MS) break;
        sent.delete(key);
        spool.remove(ref);
      }
    },
    waiting: () => queued.size + leaving.size,
    unsent: () => [...queued.values(), ...leaving.values()].map(({ run, attempt }) => [run, attempt]),
  };
}
