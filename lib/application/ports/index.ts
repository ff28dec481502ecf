/** Everything the engine needs from outside, as function types. Adapters implement them; `engine.ts` wires them. */
import type { ServerFrame } from '../../contracts/frames.ts';
import type { Alarm } from '../../domain/alarm.ts';
import type { RunStatus } from '../../domain/run.ts';
import type { ExceptionStore } from './exceptions.ts';
import type { CategoryStore, LeaseStore, LogStore, NeedsStore, WorkerStore } from './fleet.ts';
import type { FunctionQueuePort } from './function-pool.ts';
import type { HealthPort } from './health.ts';
import type { JobStore } from './jobs.ts';
import type { RunStore } from './runs.ts';
import type { FlowStore, SagaExceptionStore, SagaStore } from './sagas.ts';
import type { ConnectionStore, SessionStore } from './sessions.ts';

/** What an attempt reported, in full, when it is too long for the row. */
export type StoredReport = {
  readonly output?: string;
  /** The output is longer than a report may be: it lies in so many pieces of its own. */
  readonly outputPieces?: number;
  readonly error?: string;
  readonly log?: string;
};

/** Long texts beside a run's row. Written before the row that refers to them; a crash leaves an orphan that expires. */
export type DataStore = {
  /**
   * The first text under an id stays. `taken`: it is another one, of somebody who drew the same id; whoever went on would
   * find that text in place of their own.
   */
  readonly putPayload: (run: string, payload: string, expiresAt: number) => Promise<'kept' | 'taken'>;
  readonly getPayload: (run: string) => Promise<string | undefined>;
  readonly putReport: (run: string, attempt: number, report: StoredReport, expiresAt: number) => Promise<void>;
  readonly getReport: (run: string, attempt: number) => Promise<StoredReport | undefined>;
  /** @param piece its number, from 0. One that is there stays */
  readonly putOutput: (run: string, attempt: number, piece: number, text: string, expiresAt: number) => Promise<void>;
  /** The first so many pieces, joined; undefined where one is missing. */
  readonly getOutput: (run: string, attempt: number, pieces: number) => Promise<string | undefined>;
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

/** Name of the counter of all runs of jobs: longer than any handler's name may be. */
export const JOB_RUNS = 'runs of jobs, which are not counted for each handler';

/** Names of the counters of transactions, of all and of those of a flow: longer than any handler's name may be, too. */
export const SAGAS = 'transactions, which are not among the runs of any handler';
export const sagasOf = (flow: string): string => `${SAGAS}#${flow}`;
/** Name of the counter of their exceptions: `open` and `handled`. */
export const SAGA_EXCEPTIONS = 'exceptions of transactions, which wait for a person to act';

/**
 * Sums by name. Of transactions those of each status, with `durationMs` of all that have succeeded; they stay when a row
 * expires, which `expired_<status>` counts: so they are of all time, and without those of the rows that are there.
 */
export type Sums = Readonly<Record<string, number>>;
/** @property hour epoch ms of its beginning */
export type HourSums = { readonly hour: number; readonly sums: Sums };

/**
 * Counters of rows per status: one for each handler, one (without a name) for all plain runs, {@link JOB_RUNS} for those of
 * jobs, {@link SAGAS} and {@link sagasOf} for transactions; and for each hour of the last week one of all runs, with what was
 * `created` in it and what ended in it by how (occurrences that were skipped are created and ended at once), those of
 * transactions, with how those stand now that were started in it, and one of exceptions, with those `created` in it.
 */
export type CountStore = {
  readonly read: (counter?: string) => Promise<Sums>;
  /**
   * Hours that begin at `from` ≤ t < `to`, oldest first; those in which nothing happened are left out.
   * @param of the counter of transactions or exceptions; absent: of all runs
   */
  readonly hours: (from: number, to: number, of?: string) => Promise<readonly HourSums[]>;
  /**
   * Adds the sums of changes `first` … `last` of a stream shard, unless some of them are counted already: then nothing is
   * added and `position` is the last that is.
   */
  readonly add: (
    counter: string | undefined | { readonly hour: number; readonly of?: string },
    streamShard: string,
    range: { readonly first: bigint; readonly last: bigint },
    deltas: Sums,
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
  /** A ready run that has waited this long goes before every class of priority. */
  readonly ageingMs: number;
};

export type Ports = {
  readonly runs: RunStore;
  readonly data: DataStore;
  readonly sessions: SessionStore;
  readonly connections: ConnectionStore;
  readonly exceptions: ExceptionStore;
  readonly jobs: JobStore;
  readonly flows: FlowStore;
  readonly sagas: SagaStore;
  readonly sagaExceptions: SagaExceptionStore;
  readonly workers: WorkerStore;
  readonly categories: CategoryStore;
  readonly leases: LeaseStore;
  readonly logs: LogStore;
  readonly needs: NeedsStore;
  readonly health: HealthPort;
  readonly idempotency: IdempotencyStore;
  readonly counts: CountStore;
  readonly sockets: SocketPort;
  readonly alarms: AlarmPort;
  readonly functionQueue: FunctionQueuePort;
  readonly log: LogPort;
  readonly settings: Settings;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Resolves after so many ms. */
  readonly pause: (ms: number) => Promise<void>;
  /** Uniform in [0, 1). */
  readonly chance: () => number;
  /** Unguessable text, 128 bits. */
  readonly token: () => string;
};

export type { ExceptionStore, RunException, WorkerException } from './exceptions.ts';
export type {
  Category,
  CategoryStore,
  Lease,
  LeaseStore,
  LogHead,
  LogStore,
  NeedsStore,
  WorkerRow,
  WorkerStore,
} from './fleet.ts';
export { HEALTH_SERVICES, type HealthPort, type HealthService } from './health.ts';
export type {
  Backfill,
  BackfillStore,
  JobCounts,
  JobIndex,
  JobPage,
  JobStore,
  JobWritten,
} from './jobs.ts';
export type { Committed, Created, ListedStatus, Reading, ReadyEntry, RunStore } from './runs.ts';
export type { ExceptionWrite, FlowStore, SagaExceptionStore, SagaStore, SagaWritten } from './sagas.ts';
export { MOST_EXCEPTION_WRITES } from './sagas.ts';
export type {
  ConnectionGrant,
  ConnectionStore,
  Reported,
  SessionCreated,
  SessionSettings,
  SessionStore,
} from './sessions.ts';
