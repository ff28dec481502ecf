/** What the edges may ask of the registered workers. A conflict or an unknown id is an answer; only faults throw. */
import type { WorkerRow } from '../ports/index.ts';
import type { Greet } from '../sessions/greet.ts';

export const WORKER_STATUSES = ['online', 'offline', 'busy'] as const;
export type WorkerStatus = (typeof WORKER_STATUSES)[number];

/** A worker as it is now: its row, and what its session or its last heartbeat tells. */
export type WorkerView = Omit<WorkerRow, 'maxTasks'> & {
  readonly status: WorkerStatus;
  readonly currentTasks: number;
  readonly maxTasks: number;
  /** Epoch ms. The last sign of it, by whichever way it came. */
  readonly lastHeartbeat?: number;
  /** Those that it says that it serves, while it is connected. Absent: all. */
  readonly categories?: readonly string[];
};

export type WorkerInput = Pick<WorkerRow, 'name' | 'description' | 'active' | 'metadata'> & {
  /** Absent: the registry makes one. */
  readonly id?: string;
};

export type WorkerPatch = Partial<
  Pick<WorkerRow, 'name' | 'description' | 'active' | 'metadata' | 'tags' | 'enabled'>
> & { readonly maxTasks?: number };

/** What a worker without a socket says of itself. */
export type WorkerReport = NonNullable<WorkerRow['reported']>;

export type RegisterWorkerResult =
  | { readonly kind: 'registered'; readonly worker: WorkerView }
  | { readonly kind: 'exists' | 'name_taken' };

export type ChangeWorkerResult =
  | { readonly kind: 'changed'; readonly worker: WorkerView }
  | { readonly kind: 'not_found' | 'name_taken' };

/** Most workers that a list shows, or looks through. */
export const MAX_LISTED_WORKERS = 1_000;

export type Workers = {
  readonly register: (input: WorkerInput) => Promise<RegisterWorkerResult>;
  /** Those registered (or the deleted), by id, at most {@link MAX_LISTED_WORKERS}; and how many are registered in all. */
  readonly list: (query: {
    readonly deleted: boolean;
  }) => Promise<{ readonly workers: readonly WorkerView[]; readonly total: number }>;
  readonly get: (id: string) => Promise<WorkerView | undefined>;
  /** What it changes of a worker that is connected holds at once. */
  readonly change: (id: string, patch: WorkerPatch) => Promise<ChangeWorkerResult>;
  /** A worker that is connected keeps its session, and registers again with its next `hello`. */
  readonly remove: (id: string) => Promise<'removed' | 'not_found'>;
  /** A sign of life, given by whoever calls. @param pools those that the caller may speak for */
  readonly ping: (id: string, pools: readonly string[]) => Promise<WorkerView | 'not_found' | 'foreign'>;
  /**
   * A sign of life from a worker without a socket. One that nobody knows is registered by it.
   * @param pools those that the caller may speak for
   */
  readonly heartbeat: (id: string, report: WorkerReport, pools: readonly string[]) => Promise<WorkerView | 'foreign'>;
  /** A worker has said `hello`: registers it, or notes where it is. */
  readonly greet: Greet;
};
