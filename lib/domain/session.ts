/**
 * The session: one worker's life from `hello` to loss, surviving reconnects, and the credit it grants.
 *
 * | st     | entered when                            | left when                                                       |
 * | ------ | --------------------------------------- | --------------------------------------------------------------- |
 * | up     | `hello`                                 | 45 s of silence → lost; `goodbye` or a successor → closed        |
 * | lost   | its alarm finds 45 s of silence          | its runs are settled → closed                                    |
 * | closed | nothing refers to it any more            | its alarm deletes the row                                        |
 * | void   | an alarm gave up waiting for its `hello` | a later `hello` takes the place, or the row expires              |
 *
 * Credit is a limit and a count, both only ever compared (rules C1–C6): `q` pushes were made, `limit` are allowed. The
 * worker alone moves the limit, by an ordered report of its own slots, so slots cannot leak.
 */
import type { Bumped } from './alarm.ts';
import { SESSION_LOSS_MS } from './timing.ts';

/** Where a session's row lives. */
export type SessionRef = { readonly pool: string; readonly shard: number; readonly id: string };

export type SessionStatus = 'up' | 'lost' | 'closed' | 'void';

export type Session = SessionRef & {
  readonly st: SessionStatus;
  readonly name: string;
  /** The connection that frames are posted to; absent while the socket is known to be gone. */
  readonly conn?: string;
  /** Connection epoch: a resume with an older one is refused (rule S2). */
  readonly epoch: number;
  readonly handlers: readonly string[];
  readonly tags: readonly string[];
  /** Runs at a time: what a person set, else what the worker said. */
  readonly maxTasks: number;
  /** Id of the registered worker that this one is. */
  readonly worker?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Codes that it serves. Absent: all. */
  readonly categories?: readonly string[];
  /** Switched off by a person: it keeps what it holds and gets no more. */
  readonly disabled?: true;
  /** Without a socket: it fetches its runs over HTTP. */
  readonly polls?: true;
  readonly limit: number;
  readonly q: number;
  /** Number of the worker's newest report, and the highest push it had seen then. */
  readonly rep: number;
  readonly seen: number;
  /** When `list` was reported. */
  readonly hbAt: number;
  readonly takeAt: number;
  /** The attempts the worker held at `hbAt`, as {@link attemptKey}. */
  readonly list: readonly string[];
  readonly g: number;
  readonly fence: number;
  readonly bumped?: Bumped;
  readonly createdAt: number;
  /** Marks the write that left the row like this, where the store keeps such a mark (rule W1). */
  readonly op?: string;
};

/** The worker's ordered account of its slots (rules C2, C3). */
export type SlotReport = { readonly rep: number; readonly seen: number; readonly limit: number };

export const attemptKey = (run: string, attempt: number): string => `${run}:${attempt}`;

export const parseAttemptKey = (key: string): { run: string; attempt: number } => {
  const colon = key.lastIndexOf(':');
  return { run: key.slice(0, colon), attempt: Number(key.slice(colon + 1)) };
};

/** Pushes that the session still takes. Negative after the worker lowered its limit: that heals by itself. */
export const available = (session: Pick<Session, 'limit' | 'q'>): number => session.limit - session.q;

/**
 * A `hello` that is handled twice may be created by the slower function when the session has come and gone: nothing would watch
 * it then. So a closed row is kept for longer than any function may stand still, counted from its creation (rule S4, hole H34).
 */
const CLOSED_KEPT_MS = 5 * 60_000;

/** When a closed row may be deleted. */
export const removableAt = (session: Pick<Session, 'createdAt'>): number => session.createdAt + CLOSED_KEPT_MS;

/** When silence makes the session lost. */
export const lossAt = (session: Pick<Session, 'hbAt'>): number => session.hbAt + SESSION_LOSS_MS;

/** Alarms see every session that still needs an end: also a lost one whose runs are not settled yet (hole H25). */
export const isSessionOpen = (session: Pick<Session, 'st'>): boolean => session.st === 'up' || session.st === 'lost';

/** Rule C6: a push older than this that the worker has not seen by its heartbeat never arrived. */
const PUSH_GRACE_MS = 20_000;

export const missedPushes = (session: Pick<Session, 'seen' | 'q' | 'takeAt' | 'hbAt'>): boolean =>
  session.seen < session.q && session.hbAt >= session.takeAt + PUSH_GRACE_MS;

/** Rule S5: attempts that the worker held at its last heartbeat and no longer names: a result that may be lost. */
export const dropped = (before: readonly string[], now: readonly string[]): string[] => {
  const held = new Set(now);
  return before.filter((key) => !held.has(key));
};

/** Whether a push may be taken at all: what can be reached, is not switched off and waits for pushes. Credit is apart. */
export const takesPushes = (session: Pick<Session, 'st' | 'conn' | 'disabled' | 'polls'>): boolean =>
  session.st === 'up' && session.conn !== undefined && session.disabled === undefined && session.polls === undefined;

/**
 * Rule D2: sessions read in one look at a shard. A row is some 400 bytes, so these are one read unit (4 KB); two dozen
 * would find hardly better credit and cost three.
 */
export const SESSIONS_PER_LOOK = 8;
