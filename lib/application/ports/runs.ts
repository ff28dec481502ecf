import type { ListedFamily } from '../../domain/ids.ts';
import type { Run, RunChange, RunNote } from '../../domain/run.ts';
import type { Claimable } from '../../domain/run-decisions.ts';
import type { RunException } from './exceptions.ts';

export type Reading = 'consistent' | 'eventual';

export type Created =
  | { readonly kind: 'created' }
  /** A run has this id already. */
  | { readonly kind: 'exists'; readonly run: Run }
  /** The alarm that was armed for this row gave up waiting (rule A5): arm again, then create again. */
  | { readonly kind: 'voided' };

export type Committed =
  | { readonly kind: 'won'; readonly run: Run }
  /** The condition did not hold; `run` is the row that made it fail. Nothing was written. */
  | { readonly kind: 'lost'; readonly run: Run | undefined };

/** A run as the ready index shows it. The index may lag; a claim of what is gone fails its condition. */
export type ReadyEntry = Claimable & { readonly handler: string; readonly queue: string; readonly priority: number };

/** Statuses that have a sparse index of their own; `failed` holds the timed-out ones too. */
export type ListedStatus = 'scheduled' | 'failed';

type Slice = {
  readonly family: ListedFamily;
  /** Shard of the run rows, see `runShard`. */
  readonly shard: number;
  /** Only ids smaller than this one. */
  readonly before?: string;
  readonly limit: number;
};

/** The rows of runs. Every write is conditional; a caller's own write that was applied unseen counts as won (rule W1). */
export type RunStore = {
  /** @param nonce of the alarm armed for this row */
  readonly create: (run: Run, nonce: string) => Promise<Created>;
  readonly get: (id: string, reading: Reading) => Promise<Run | undefined>;
  /** @param exception is written in the same transaction, so that no run ends badly in silence */
  readonly commit: (change: RunChange, exception?: RunException) => Promise<Committed>;
  /** Sets what a person may change whatever the status. Undefined when there is no such run. */
  readonly note: (id: string, note: RunNote, now: number) => Promise<Run | undefined>;
  /**
   * The head of one queue in one shard of a pool's ready index: by priority, then due time. A queue is a handler's runs, or
   * those of them that have the same needs (`queueOf`).
   * @param aged only this class of priority, and only what was due by then: what has waited too long (rule D6)
   */
  readonly readyHead: (query: {
    readonly pool: string;
    readonly shard: number;
    readonly queue: string;
    readonly limit: number;
    readonly aged?: { readonly priority: number; readonly dueBy: number };
  }) => Promise<readonly ReadyEntry[]>;
  /** Rule A5: a commit prepared before this fails. False when the row has moved on from `g`. */
  readonly fence: (id: string, g: number) => Promise<boolean>;
  /** Rule A5 for a row that never came: false when it exists by now. */
  readonly voidMissing: (id: string, nonce: string, expiresAt: number) => Promise<boolean>;
  /** Rule A6: makes every alarm of generation `g` older than the row, and the one with this nonce the only one of the next. */
  readonly bump: (id: string, g: number, fence: number, nonce: string) => Promise<boolean>;
  /** Newest first. */
  readonly newest: (slice: Slice) => Promise<readonly Run[]>;
  /** @param origin of plain runs the handler, of the runs of jobs the job's id */
  readonly newestIdsOfOrigin: (slice: Slice & { readonly origin: string }) => Promise<readonly string[]>;
  readonly newestIdsOfStatus: (slice: Slice & { readonly status: ListedStatus }) => Promise<readonly string[]>;
  /** Ids of ready runs of one shard of a pool, in no useful order. */
  readonly readyIds: (query: {
    readonly pool: string;
    readonly shard: number;
    readonly limit: number;
  }) => Promise<readonly string[]>;
  /** Rows that exist, in no particular order. At most 100 ids. */
  readonly getMany: (ids: readonly string[]) => Promise<readonly Run[]>;
};
