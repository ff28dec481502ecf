/** What the fleet keeps: registered workers, categories, leases, logs, and the queues that runs with needs wait in. */
import type { WorkerNeeds } from '../../domain/fleet/needs.ts';
import type { SessionRef } from '../../domain/session.ts';

/** A worker as people know it: registered over HTTP, or by its first `hello` or heartbeat. Its sessions come and go. */
export type WorkerRow = {
  /** The caller's own, or a UUID: 1–128 of letters, digits, `.`, `_` and `-`. */
  readonly id: string;
  /** Unique among those not deleted. */
  readonly name: string;
  readonly description: string;
  readonly active: boolean;
  /** When it was last heard of, to the minute at the least: a heartbeat within the minute writes nothing. */
  readonly lastActive?: number;
  /** As a client sent it. JSON text. */
  readonly metadata: string;
  readonly pool: string;
  readonly handlers: readonly string[];
  readonly tags: readonly string[];
  /** Set by a person; they go before what the worker says of itself. */
  readonly maxTasks?: number;
  readonly tagsSet?: true;
  /** How many runs it says that it takes at a time. */
  readonly capacity?: number;
  readonly enabled: boolean;
  /** What a heartbeat over HTTP told. */
  readonly reported?: {
    readonly status: string;
    readonly currentTasks: number;
    readonly system?: { readonly cpuUsage?: number; readonly memoryUsage?: number; readonly diskUsage?: number };
  };
  /** Its newest session. */
  readonly session?: SessionRef;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly deletedAt?: number;
};

export type WorkerStore = {
  readonly create: (worker: WorkerRow) => Promise<'created' | 'exists' | 'name_taken'>;
  readonly get: (id: string) => Promise<WorkerRow | undefined>;
  readonly findId: (name: string) => Promise<string | undefined>;
  /** `version` of `before` is the condition. */
  readonly write: (before: WorkerRow, after: WorkerRow) => Promise<'done' | 'changed' | 'name_taken'>;
  /** Those not deleted (or the deleted), ordered by id, at most `limit`. @param query.after id of the last one seen */
  readonly list: (query: {
    readonly deleted: boolean;
    readonly after?: string;
    readonly limit: number;
  }) => Promise<readonly WorkerRow[]>;
  readonly count: () => Promise<number>;
};

export type Category = {
  /** A number, as text. */
  readonly id: string;
  /** Unique among those not deleted; does not begin with a digit. */
  readonly code: string;
  readonly name: string;
  /** Shell scripts that the worker runs for a category it serves. */
  readonly setup: string;
  readonly teardown: string;
  readonly check: string;
  readonly description: string;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly deletedAt?: number;
};

export type CategoryStore = {
  readonly create: (category: Category) => Promise<'created' | 'exists' | 'code_taken'>;
  readonly get: (id: string) => Promise<Category | undefined>;
  readonly findId: (code: string) => Promise<string | undefined>;
  readonly write: (before: Category, after: Category) => Promise<'done' | 'changed' | 'code_taken'>;
  /**
   * Ordered by code; with `deleted` those that are, by their former code. At most `limit`.
   * @param query.after id of the last one seen
   */
  readonly list: (query: {
    readonly deleted: boolean;
    readonly after?: string;
    readonly limit: number;
  }) => Promise<readonly Category[]>;
  readonly count: () => Promise<number>;
};

/** A lease on a name. */
export type Lease = {
  readonly value: string;
  /** Only grows, also over releases: a resource that keeps the highest it has seen refuses a holder that overslept. */
  readonly fence: number;
  /** Epoch ms. */
  readonly expiresAt: number;
};

/** Each call is one conditional write, or one consistent read. */
export type LeaseStore = {
  /** Undefined: somebody else holds it. */
  readonly acquire: (key: string, value: string, expiresAt: number, now: number) => Promise<Lease | undefined>;
  readonly release: (key: string, value: string, now: number) => Promise<'released' | 'not_held'>;
  readonly refresh: (key: string, value: string, expiresAt: number, now: number) => Promise<Lease | undefined>;
  readonly find: (key: string, now: number) => Promise<Lease | undefined>;
};

/** What is known of a run's log. Positions are UTF-8 bytes from its beginning. */
export type LogHead = {
  readonly run: string;
  /** As the client asked for it, in API A's words: `db`, `file` or `s3`. We keep all alike. */
  readonly storage: string;
  readonly size: number;
  readonly truncated: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Of each attempt that streams: how much of its own text has arrived. */
  readonly streamed: Readonly<Record<string, number>>;
};

export type LogStore = {
  /**
   * Adds text to the end. `from`: of an attempt's stream, the position in that stream that it begins at; what arrived before is
   * left out, so a frame that comes twice adds nothing.
   * @returns the head after it; `truncated` when the log is full (100 MB)
   */
  readonly append: (
    run: string,
    text: string,
    as: {
      readonly stream?: { readonly attempt: number; readonly from: number };
      readonly storage?: string;
      readonly now: number;
      readonly expiresAt: number;
    },
  ) => Promise<LogHead>;
  readonly head: (run: string) => Promise<LogHead | undefined>;
  /** Text from a position on, at most `bytes` of it, cut between characters. */
  readonly read: (
    run: string,
    from: number,
    bytes: number,
  ) => Promise<{ readonly text: string; readonly next: number }>;
  /** Puts other text in place of all there is. */
  readonly replace: (
    run: string,
    text: string,
    as: { readonly storage?: string; readonly now: number; readonly expiresAt: number },
  ) => Promise<LogHead>;
  readonly remove: (run: string) => Promise<boolean>;
  /** Newest first, by the log's own creation, at most `limit`. @param query.before the last one seen */
  readonly list: (query: {
    readonly before?: Pick<LogHead, 'run' | 'createdAt'>;
    readonly limit: number;
  }) => Promise<readonly LogHead[]>;
};

/** Runs with needs wait in a queue of their own per kind of needs, so that none of them stands before a worker that may not take it. */
export type NeedsStore = {
  /**
   * Notes that runs with these needs wait in a queue of the pool. Once per instance and queue.
   * @param queue `queueOf` such a run: its handler and the kind of its needs
   */
  readonly note: (pool: string, queue: string, needs: WorkerNeeds, expiresAt: number) => Promise<void>;
  /** By queue. */
  readonly list: (pool: string, now: number) => Promise<ReadonlyMap<string, WorkerNeeds>>;
};
