/**
 * What the edges (HTTP, WebSocket, queue, stream) may ask of the engine. Everything here is a value: a conflict, an
 * unknown id or a reused key is an answer, never an exception; only faults throw.
 */
import type { ServerFrame, WorkerFrame } from '../contracts/frames.ts';
import type { Alarm } from '../domain/alarm.ts';
import type { Run, RunStatus } from '../domain/run.ts';

/** A run with everything that lies beside its row put back: payload always, output, error and log in full. */
export type RunView = Run & { readonly payload: string };

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
};

export type Idempotency = {
  /** Whose key it is: two callers may use the same one. */
  readonly caller: string;
  readonly key: string;
  /** Hash of what was asked: the same key with another one is refused. */
  readonly fingerprint: string;
};

export type SubmitResult =
  | { readonly kind: 'created'; readonly run: RunView }
  | { readonly kind: 'replayed'; readonly run: RunView }
  | { readonly kind: 'key_reused' };

/** What a key that was used within a day stands for. */
export type SubmittedResult = Exclude<SubmitResult, { kind: 'created' }> | { readonly kind: 'unknown' };

export type CancelResult =
  | { readonly kind: 'cancelled'; readonly run: RunView }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'already_ended'; readonly run: RunView };

export type ListInput = {
  readonly handler?: string;
  readonly statuses?: readonly RunStatus[];
  readonly limit: number;
  /** Either a cursor from an earlier answer or an offset (0 … 10,000). */
  readonly from: { readonly cursor: string } | { readonly offset: number };
};

export type ListResult =
  | {
      readonly kind: 'page';
      /** Newest first, by creation. */
      readonly runs: readonly RunView[];
      /** All that match. Of a list that does not end on this page it comes from the counters, and may lag by 5 s. */
      readonly total: number;
      /** Where the next page begins; absent on the last. */
      readonly cursor?: string;
      /** The filters matched so few of the 2,000 rows read that the page is not full; go on from `cursor`. */
      readonly partial: boolean;
    }
  | { readonly kind: 'bad_cursor' };

/** Who holds a socket, and what it said. */
export type Inbound = { readonly conn: string; readonly frame: WorkerFrame };

export type CountedChange = {
  /** Position in its stream shard: only grows. */
  readonly sequence: bigint;
  readonly before?: { readonly handler: string; readonly status: RunStatus };
  readonly after?: { readonly handler: string; readonly status: RunStatus };
};

export type Engine = {
  readonly submitRun: (input: SubmitInput) => Promise<SubmitResult>;
  /** Whether a key was used already: a repeat is answered even when what it asks for would no longer be accepted. */
  readonly findSubmitted: (asked: Idempotency) => Promise<SubmittedResult>;
  readonly getRun: (id: string) => Promise<RunView | undefined>;
  readonly cancelRun: (id: string) => Promise<CancelResult>;
  readonly listRuns: (input: ListInput) => Promise<ListResult>;
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
  readonly ring: (alarm: Alarm) => Promise<void>;
  /** Counts a batch of row changes exactly once, however often and however cut it is delivered. */
  readonly countChanges: (streamShard: string, changes: readonly CountedChange[]) => Promise<void>;
};
