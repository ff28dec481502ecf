/** Everything the engine needs from outside, as function types. Adapters implement them; `engine.ts` wires them. */
import type { ServerFrame } from '../../contracts/frames.ts';
import type { Alarm } from '../../domain/alarm.ts';
import type { RunStatus } from '../../domain/run.ts';
import type { ExceptionStore } from './exceptions.ts';
import type { RunStore } from './runs.ts';
import type { ConnectionStore, SessionStore } from './sessions.ts';

/** What an attempt reported, in full, when it is too long for the row. */
export type StoredReport = { readonly output?: string; readonly error?: string; readonly log?: string };

/** Long texts beside a run's row. Written before the row that refers to them; a crash leaves an orphan that expires. */
export type DataStore = {
  readonly putPayload: (run: string, payload: string, expiresAt: number) => Promise<void>;
  readonly getPayload: (run: string) => Promise<string | undefined>;
  readonly putReport: (run: string, attempt: number, report: StoredReport, expiresAt: number) => Promise<void>;
  readonly getReport: (run: string, attempt: number) => Promise<StoredReport | undefined>;
};

export type Reservation = { readonly run: string; readonly fingerprint: string };

export type IdempotencyStore = {
  /** What a key is bound to, if it has not expired by `now`. */
  readonly find: (key: string, now: number) => Promise<Reservation | undefined>;
  /**
   * Binds a key to a run id for a day. `taken`: it is bound already (and not to `replacing`).
   * @param key hashed: a caller's key may be as odd as it likes, and may be secret
   * @param replacing a run id of the same key that turned out to be another's
   */
  readonly reserve: (
    key: string,
    reservation: Reservation,
    times: { readonly now: number; readonly expiresAt: number },
    replacing?: string,
  ) => Promise<{ readonly kind: 'reserved' } | { readonly kind: 'taken'; readonly by: Reservation }>;
};

export type StatusCounts = Readonly<Partial<Record<RunStatus, number>>>;
export type StatusDeltas = StatusCounts;

/** Counters of rows per status: one for each handler, and one (without a name) for all. */
export type CountStore = {
  readonly read: (counter?: string) => Promise<StatusCounts>;
  /**
   * Adds the sums of changes `first` … `last` of a stream shard, unless some of them are counted already: then nothing is
   * added and `position` is the last that is.
   */
  readonly add: (
    counter: string | undefined,
    streamShard: string,
    range: { readonly first: bigint; readonly last: bigint },
    deltas: StatusDeltas,
    now: number,
  ) => Promise<
    { readonly kind: 'added'; readonly firstOfShard: boolean } | { readonly kind: 'counted'; readonly position: bigint }
  >;
  /** Merges what was counted for stream shards that were last heard of before `before`. */
  readonly fold: (counter: string | undefined, before: number) => Promise<void>;
};

/** Posts to a worker's socket. `gone` is definite (410); `unknown` may or may not have arrived. */
export type SocketPort = {
  readonly post: (conn: string, frame: ServerFrame) => Promise<'sent' | 'gone' | 'unknown'>;
  readonly close: (conn: string) => Promise<void>;
};

/** Makes an alarm durable. Resolves only when it is. */
export type AlarmPort = { readonly send: (alarm: Alarm) => Promise<void> };

export type LogPort = Readonly<
  Record<'debug' | 'info' | 'warn' | 'error', (message: string, fields?: Readonly<Record<string, unknown>>) => void>
>;

export type Settings = {
  /** Shards of a pool: of its sessions and of its ready index. */
  readonly shards: (pool: string) => { readonly sessions: number; readonly ready: number };
  /** Pools whose ready runs a list shows. */
  readonly pools: readonly string[];
  /** How long finished runs are kept. */
  readonly retentionMs: number;
};

export type Ports = {
  readonly runs: RunStore;
  readonly data: DataStore;
  readonly sessions: SessionStore;
  readonly connections: ConnectionStore;
  readonly exceptions: ExceptionStore;
  readonly idempotency: IdempotencyStore;
  readonly counts: CountStore;
  readonly sockets: SocketPort;
  readonly alarms: AlarmPort;
  readonly log: LogPort;
  readonly settings: Settings;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly chance: () => number;
  /** Unguessable text, 128 bits. */
  readonly token: () => string;
};

export type { ExceptionStore, RunException, WorkerException } from './exceptions.ts';
export type { Committed, Created, ListedStatus, Reading, ReadyEntry, RunStore } from './runs.ts';
export type { ConnectionGrant, ConnectionStore, Reported, SessionCreated, SessionStore } from './sessions.ts';
