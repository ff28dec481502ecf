/**
 * What the edges (HTTP, WebSocket, queue, stream) may ask of the engine. Everything here is a value: a conflict, an
 * unknown id or a reused key is an answer, never an exception; only faults throw.
 */
import type { ServerFrame, WorkerFrame } from '../contracts/frames.ts';
import type { Alarm } from '../domain/alarm.ts';
import type { ListedFamily } from '../domain/ids.ts';
import type { Run, RunNote, RunStatus } from '../domain/run.ts';
import type { Settled } from '../domain/run-verdicts.ts';
import type { SagaStatus } from '../domain/saga/saga.ts';
import type { Categories } from './fleet/categories.ts';
import type { Leases } from './fleet/leases.ts';
import type { Logs } from './fleet/logs-api.ts';
import type { Health, Overview } from './fleet/overview.ts';
import type { ExplainJob, ExplainRun } from './fleet/why-api.ts';
import type { Workers } from './fleet/workers-api.ts';
import type { Jobs } from './jobs/api.ts';
import type { FunctionExecutorPort, FunctionOrder } from './ports/function-pool.ts';
import type { Idempotency, RunView } from './run-view.ts';
import type { Desk, Flows, SagaStatistics, Sagas } from './sagas/api.ts';

export type { Idempotency, RunView } from './run-view.ts';

import type { Poll } from './sessions/poll.ts';

export type SubmitInput = {
  readonly handler: string;
  readonly pool: string;
  readonly priority: number;
  /** Epoch ms. The past means now. */
  readonly executeAt: number;
  /** JSON text. */
  readonly payload: string;
  readonly maxTries: number;
  readonly timeoutMs: number;
  readonly idempotency?: Idempotency;
} & Pick<Run, 'startBy' | 'needs' | 'routing' | 'task'>;

export type SubmitResult =
  | { readonly kind: 'created'; readonly run: RunView }
  | { readonly kind: 'replayed'; readonly run: RunView }
  | { readonly kind: 'key_reused' };

/** What a key that was used within a day stands for. */
export type SubmittedResult = Exclude<SubmitResult, { kind: 'created' }> | { readonly kind: 'unknown' };

export type RetryResult =
  | SubmitResult
  | { readonly kind: 'not_found' | 'not_ended' }
  /** The job of the run is disabled or deleted. */
  | { readonly kind: 'disabled' }
  /** `forbid`: this run of the job has not ended. */
  | { readonly kind: 'busy'; readonly run: string };

export type CancelResult =
  | { readonly kind: 'cancelled'; readonly run: RunView }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'already_ended'; readonly run: RunView };

export type ListInput = {
  /** Which runs: those that were submitted, those of jobs, or both. */
  readonly families: readonly ListedFamily[];
  readonly handler?: string;
  /** Runs of this job alone; `families` must hold `job`. */
  readonly job?: string;
  readonly statuses?: readonly RunStatus[];
  /** Further conditions, applied while reading. */
  readonly matches?: (run: Run) => boolean;
  /** An order other than by creation, newest first: of the first 2,000 that match. */
  readonly compare?: (a: Run, b: Run) => number;
  readonly limit: number;
  /** Either a cursor from an earlier answer or an offset (0 … 10,000). */
  readonly from: { readonly cursor: string } | { readonly offset: number };
};

export type ListResult =
  | {
      readonly kind: 'page';
      /** Newest first, by creation; or in the order that was asked for. */
      readonly runs: readonly RunView[];
      /**
       * All that match. Of a list that does not end on this page it comes from the counters, and may lag by 5 s. Filters that
       * no counter knows (`matches`, `job`) are counted while reading: at most 2,000 rows beyond those shown, from the cursor on.
       */
      readonly total: number;
      /** Where the next page begins; absent on the last, and where `compare` orders. */
      readonly cursor?: string;
      /** Reading ended after 2,000 rows: the page may lack some, or `total` count too few. Go on from `cursor`. */
      readonly partial: boolean;
    }
  | { readonly kind: 'bad_cursor' };

/** Who holds a socket, and what it said. */
export type Inbound = { readonly conn: string; readonly frame: WorkerFrame };

/** One side of a change. A hidden row does not count: it is as good as deleted. */
export type Counted = {
  readonly handler: string;
  readonly status: RunStatus;
  readonly ofJob: boolean;
  /** Epoch ms. */
  readonly createdAt: number;
  /** Epoch ms; of a run that has ended. */
  readonly endedAt?: number;
};

/** A transaction, and an exception of one, as they are counted. */
export type CountedSaga = {
  readonly flow: string;
  readonly status: SagaStatus;
  /** Epoch ms. */
  readonly createdAt: number;
  /** Epoch ms; of one that has ended. */
  readonly endedAt?: number;
};
export type CountedException = { readonly handled: boolean; readonly createdAt: number };

type Sides<T> = { readonly before?: T; readonly after?: T };

/** Of a run, of a transaction, or of an exception. */
export type CountedChange = Sides<Counted> & {
  /** Position in its stream shard: only grows. */
  readonly sequence: bigint;
  readonly saga?: Sides<CountedSaga>;
  readonly exception?: Sides<CountedException>;
};

export type { Settled } from '../domain/run-verdicts.ts';
export type SettleResult =
  | { readonly kind: 'settled'; readonly run: RunView }
  | { readonly kind: 'not_found' }
  /** From this status a run cannot get there. */
  | { readonly kind: 'illegal'; readonly status: RunStatus };

export type { RunNote } from '../domain/run.ts';

export type Engine = {
  readonly submitRun: (input: SubmitInput) => Promise<SubmitResult>;
  /** Whether a key was used already: a repeat is answered even when what it asks for would no longer be accepted. */
  readonly findSubmitted: (asked: Idempotency) => Promise<SubmittedResult>;
  readonly getRun: (id: string) => Promise<RunView | undefined>;
  readonly cancelRun: (id: string) => Promise<CancelResult>;
  readonly listRuns: (input: ListInput) => Promise<ListResult>;
  /** A person's verdict on a run: it ends, and its worker's copy is cancelled (rule R9). */
  readonly settleRun: (id: string, as: Settled) => Promise<SettleResult>;
  readonly noteRun: (id: string, note: RunNote) => Promise<RunView | undefined>;
  /** Does the work of a run that has ended again, as a new run. */
  readonly retryRun: (id: string, idempotency?: Idempotency) => Promise<RetryResult>;
  readonly jobs: Jobs;
  readonly flows: Flows;
  readonly sagas: Sagas;
  readonly desk: Desk;
  readonly sagaStats: SagaStatistics;
  readonly workers: Workers;
  readonly overview: () => Promise<Overview>;
  readonly health: () => Promise<Health>;
  readonly categories: Categories;
  readonly leases: Leases;
  readonly logs: Logs;
  /**
   * A worker brings a piece of an output of a step's run that is too long for a result, before the result. `stale`: the attempt is
   * not in flight any more.
   */
  readonly storeOutput: (input: {
    readonly run: string;
    readonly attempt: number;
    readonly piece: number;
    readonly text: string;
    /** Whether the worker serves a pool: the runs of others are not told. */
    readonly servesPool: (pool: string) => boolean;
  }) => Promise<'stored' | 'stale' | 'not_found'>;
  /** Why a run is not running, and why a job does not fire, from state alone. */
  readonly why: ExplainRun;
  readonly whyJob: ExplainJob;
  /** What a worker without a socket says and asks, once. */
  readonly poll: Poll;
  /** A frame of a worker. What it answers goes out by the socket port, not by the return value. */
  readonly receiveFrame: (inbound: Inbound) => Promise<void>;
  /** A frame that could not be read, or was refused: answered with the reason; the third within a minute closes the socket. */
  readonly rejectFrame: (
    conn: string,
    code: Extract<ServerFrame, { type: 'error' }>['code'],
    message: string,
  ) => Promise<void>;
  /** Whoever sent this frame may be a worker no more: the session that it names is over, and its socket closed. */
  readonly expel: (inbound: Inbound) => Promise<void>;
  readonly disconnect: (conn: string) => Promise<void>;
  /** A run of the pool without workers, to be executed here and now by `execute`. */
  readonly executeRun: (order: FunctionOrder, execute: FunctionExecutorPort) => Promise<void>;
  readonly ring: (alarm: Alarm) => Promise<void>;
  /** Counts a batch of row changes exactly once, however often and however cut it is delivered. */
  readonly countChanges: (streamShard: string, changes: readonly CountedChange[]) => Promise<void>;
};
