import type { Scope } from '../../domain/identity/access.ts';
import type { Session, SessionRef, SlotReport } from '../../domain/session.ts';
import type { Reading } from './runs.ts';

export type SessionCreated =
  | { readonly kind: 'created' }
  | { readonly kind: 'exists'; readonly session: Session }
  | { readonly kind: 'voided' };

export type Reported =
  | {
      readonly kind: 'stored';
      /** As it is now, with the pushes that were taken in the same write counted in `q`. */
      readonly session: Session;
      /** The list before this report. */
      readonly before: readonly string[];
      /** Whether pushes could be taken before this report. */
      readonly hadCredit: boolean;
    }
  /** Overtaken by a newer report, or (with `take`) no credit for it. */
  | { readonly kind: 'refused'; readonly session: Session }
  | { readonly kind: 'missing' };

/** What of a session may change while it is up. */
export type SessionSettings = Partial<
  Pick<Session, 'handlers' | 'tags' | 'labels' | 'categories' | 'maxTasks'> & { readonly disabled: boolean }
>;

/** The rows of sessions: `POOL#<pool>#<shard>`, so that one consistent query finds the credit of a pool (rule D2). */
export type SessionStore = {
  readonly create: (session: Session, nonce: string) => Promise<SessionCreated>;
  readonly get: (ref: SessionRef, reading: Reading) => Promise<Session | undefined>;
  /** Sessions of a shard, 8 or `limit` at most. `after`: begin behind this id. `more`: there are others. */
  readonly look: (query: {
    readonly pool: string;
    readonly shard: number;
    readonly reading: Reading;
    readonly after?: string;
    readonly limit?: number;
  }) => Promise<{ readonly sessions: readonly Session[]; readonly more: boolean }>;
  /** Rule C1: takes `count` pushes of a session whose `q` and `limit` are at least as good as those read, and that is not disabled. */
  readonly take: (session: Session, count: number, now: number) => Promise<Session | undefined>;
  /** Rule C5: gives back pushes that were never sent, if none was taken since. */
  readonly giveBack: (session: Session, count: number) => Promise<boolean>;
  /**
   * Rules C3 and C4: stores a report and takes `take` pushes in the same write, of a disabled session none. A heartbeat brings
   * its list, and its socket (where it has one) if none is known: a 410 may be wrong, and a worker that is heard must not stay
   * out of reach.
   */
  readonly report: (
    ref: SessionRef,
    report: SlotReport,
    with_: {
      readonly heartbeat?: { readonly list: readonly string[]; readonly conn?: string };
      readonly take: number;
      readonly now: number;
    },
  ) => Promise<Reported>;
  /** Rule S2: moves the session to a new socket. */
  readonly resume: (
    ref: SessionRef,
    to: { readonly conn: string; readonly epoch: number },
    report: SlotReport,
    list: readonly string[],
    now: number,
  ) => Promise<Reported>;
  /** Changes what is known of a worker while its session is up. @returns the session as it is now */
  readonly configure: (ref: SessionRef, settings: SessionSettings) => Promise<Session | undefined>;
  /** Rule S3: the socket is gone, if it is still the session's. */
  readonly detach: (ref: SessionRef, conn: string) => Promise<boolean>;
  /** up → lost, if no heartbeat came since `hbAt`, or at once with none given. */
  readonly lose: (ref: SessionRef, hbAt?: number) => Promise<Session | undefined>;
  /** lost → closed. */
  readonly close: (ref: SessionRef) => Promise<void>;
  /** Deletes a closed row. */
  readonly remove: (ref: SessionRef) => Promise<void>;
  readonly fence: (ref: SessionRef, g: number) => Promise<boolean>;
  readonly voidMissing: (ref: SessionRef, nonce: string, expiresAt: number) => Promise<boolean>;
  readonly bump: (ref: SessionRef, g: number, fence: number, nonce: string) => Promise<boolean>;
};

/** What a connection was let in with. It never changes: another key is another connection. */
export type ConnectionGrant = {
  /** The user that the key acts for. */
  readonly owner: string;
  readonly key: string;
  /** SHA-256 of the key's text, base64url: a rolled key has another. */
  readonly hash: string;
  /** How a person would call it. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly pools: readonly string[];
};

/** What is known of a connection: what it was let in with, and which session it serves. */
export type ConnectionStore = {
  /** `$connect`, before any frame. */
  readonly admit: (conn: string, grant: ConnectionGrant, expiresAt: number) => Promise<void>;
  readonly grantOf: (conn: string) => Promise<ConnectionGrant | undefined>;
  readonly bind: (conn: string, ref: SessionRef, expiresAt: number) => Promise<void>;
  readonly find: (conn: string) => Promise<SessionRef | undefined>;
  /** It serves no session any more. What it was let in with is kept until `expiresAt`, for frames that are still on their way. */
  readonly forget: (conn: string, expiresAt: number) => Promise<void>;
  /** Counts a frame that could not be read, or was refused. @returns how many within the running minute */
  readonly strike: (conn: string, now: number, expiresAt: number) => Promise<number>;
};
