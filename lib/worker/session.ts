import type { AttemptRef, RunResult, WorkerFrameOf } from '../contracts/frames.ts';
import { MAX_ATTEMPT_REFS } from '../contracts/limits.ts';
import { creditLimit, EMPTY_WINDOW, receiveSeq, type SlotWindow, syncTo, voidOldGaps } from '../domain/slot-window.ts';
import { HEARTBEAT_MS } from '../domain/timing.ts';
import type { TimeSource } from './clock.ts';

/** Who the worker is, for every session of its process. */
export type Identity = {
  readonly name: string;
  readonly pool: string;
  readonly maxTasks: number;
  readonly handlers: readonly string[];
  readonly tags: readonly string[];
  /** Id of the registered worker that it is; absent, its name is its id. */
  readonly worker?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Codes of the categories that it serves; absent: all. */
  readonly categories?: readonly string[];
};

/** What a report tells about the slots (C2). */
export type Load = { readonly max: number; readonly inFlight: number };

/**
 * The state of one session and the frames that carry it. Its id lives in memory only (K1): a restarted process has lost
 * what it had done, so it must not pass for the one that knew.
 */
export type Session = {
  readonly id: string;
  /** What `welcome` said, or the default until then. */
  heartbeatMs: number;
  /** Whether the control plane has ever answered for this session. */
  welcomed: boolean;
  readonly receive: (seq: number) => void;
  readonly sync: (q: number) => void;
  /** Whether a gap was old enough to be voided. */
  readonly voidOldGaps: () => boolean;
  readonly hello: (load: Load, list: readonly AttemptRef[]) => WorkerFrameOf<'hello'>;
  readonly resume: (load: Load, list: readonly AttemptRef[]) => WorkerFrameOf<'resume'>;
  readonly heartbeat: (load: Load, list: readonly AttemptRef[]) => WorkerFrameOf<'heartbeat'>;
  readonly result: (load: Load, results: readonly RunResult[]) => WorkerFrameOf<'result'>;
  readonly envelope: { readonly session: string; readonly pool: string };
};

/** `id` has never been used before; `replaces` is the session whose place this one takes. */
export function createSession(
  identity: Identity,
  clock: TimeSource,
  id: string,
  replaces: string | undefined,
): Session {
  const envelope = { session: id, pool: identity.pool };
  let window: SlotWindow = EMPTY_WINDOW;
  let rep = 0;
  /** The socket of `hello` is the first. */
  let epoch = 1;
  const report = ({ max, inFlight }: Load) => {
    rep += 1;
    return { ...envelope, rep, seen: window.seen, limit: creditLimit(window, max, inFlight) };
  };
  // What is left out of an overlong list is pushed again, and the push is recognised (K2).
  const listed = (list: readonly AttemptRef[]): AttemptRef[] => list.slice(0, MAX_ATTEMPT_REFS);
  return {
    id,
    envelope,
    heartbeatMs: HEARTBEAT_MS,
    welcomed: false,
    receive(seq) {
      window = receiveSeq(window, seq, clock.monotonicMs());
    },
    sync(q) {
      window = syncTo(window, q);
    },
    voidOldGaps() {
      const before = window;
      window = voidOldGaps(window, clock.monotonicMs());
      return window !== before;
    },
    hello(load, list) {
      const { name, maxTasks, handlers, tags, worker, labels, categories } = identity;
      const who = {
        ...{ name, maxTasks, handlers: [...handlers], tags: [...tags] },
        ...(worker === undefined ? {} : { worker }),
        ...(labels === undefined ? {} : { labels: { ...labels } }),
        ...(categories === undefined ? {} : { categories: [...categories] }),
      };
      return {
        type: 'hello',
        ...report(load),
        ...who,
        ...(replaces === undefined ? {} : { replaces }),
        list: listed(list),
      };
    },
    resume(load, list) {
      epoch += 1;
      return { type: 'resume', ...report(load), epoch, list: listed(list) };
    },
    heartbeat: (load, list) => ({ type: 'heartbeat', ...report(load), list: listed(list) }),
    result: (load, results) => ({ type: 'result', ...report(load), results: [...results] }),
  };
}
