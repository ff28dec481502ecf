import type { Gap, Job, JobSpec, JobState } from '../../domain/job/job.ts';
import type { Reading } from './runs.ts';

/** What a list of jobs goes by: one index answers it. Deleted jobs are in `state: 'deleted'` alone. */
export type JobIndex =
  | { readonly by: 'creation' }
  | { readonly by: 'name' }
  | { readonly by: 'update' }
  | { readonly by: 'project'; readonly project: string }
  | { readonly by: 'category'; readonly category: string }
  | { readonly by: 'state'; readonly state: JobState }
  /** Jobs with a word that begins like this, in their name, description or command. In no useful order. */
  | { readonly by: 'word'; readonly prefix: string };

export type JobPage = {
  readonly ids: readonly string[];
  /** Where the next page begins; absent on the last. */
  readonly cursor?: string;
};

/** How many jobs there are, as of the last change. */
export type JobCounts = {
  readonly states: Readonly<Record<JobState, number>>;
  /** Those not deleted of the project or category that was asked for. */
  readonly matching?: number;
};

export type JobWritten =
  | { readonly kind: 'done' }
  /** The row is no longer the one that the change was made for. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'name_taken' };

/** The rows of jobs, their versions, and the intervals in which they did not fire. Every write is conditional (rule W1). */
export type JobStore = {
  /** @param spec version 1 */
  readonly create: (
    job: Job,
    spec: JobSpec,
  ) => Promise<{ readonly kind: 'created' } | { readonly kind: 'exists' } | { readonly kind: 'name_taken' }>;
  readonly get: (id: string, reading: Reading) => Promise<Job | undefined>;
  /** In no particular order; those that exist. */
  readonly getMany: (ids: readonly string[]) => Promise<readonly Job[]>;
  /**
   * Replaces the row that was read as `before` (its `version` is the condition; `after` has the next one), together with a new
   * version of the specification and a gap, or nothing at all. A change of the chain alone is one write unit.
   */
  readonly write: (
    before: Job,
    after: Job,
    also?: { readonly spec?: JobSpec; readonly gap?: Gap },
  ) => Promise<JobWritten>;
  /** Versions never change, so whoever read one may keep it. */
  readonly getSpec: (id: string, version: number) => Promise<JobSpec | undefined>;
  readonly findId: (project: string, name: string) => Promise<string | undefined>;
  readonly list: (query: {
    readonly index: JobIndex;
    readonly descending: boolean;
    readonly cursor?: string;
    readonly limit: number;
  }) => Promise<JobPage | { readonly bad: 'cursor' }>;
  readonly count: (of?: { readonly project: string } | { readonly category: string }) => Promise<JobCounts>;
  /** Gaps that overlap `from` ≤ t < `to`, oldest first. */
  readonly gaps: (id: string, from: number, to: number) => Promise<readonly Gap[]>;
  readonly backfills: BackfillStore;
};

export type Backfill = {
  readonly id: string;
  readonly job: string;
  /** Occurrences `from` ≤ n < `to`. Epoch ms. */
  readonly from: number;
  readonly to: number;
  /** Runs of it at a time. */
  readonly parallel: number;
  readonly state: 'running' | 'done' | 'cancelled';
  readonly total: number;
  /** Next occurrence to be created; absent when all were. */
  readonly next?: number;
  readonly created: number;
  /** Runs in progress, by id. At most `parallel`. */
  readonly open: readonly string[];
  readonly version: number;
  readonly g: number;
  readonly wakeAt: number;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expiresAt: number;
};

export type BackfillStore = {
  readonly create: (backfill: Backfill) => Promise<boolean>;
  readonly get: (job: string, id: string) => Promise<Backfill | undefined>;
  readonly write: (before: Backfill, after: Backfill) => Promise<boolean>;
  /** Newest first; at most 100. */
  readonly list: (job: string) => Promise<readonly Backfill[]>;
};
