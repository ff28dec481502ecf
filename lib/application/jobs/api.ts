/** What the edges may ask of jobs. A conflict, an unknown id or a wrong expression is an answer; only faults throw. */

import type { Alarm } from '../../domain/alarm.ts';
import type { ScheduleReading } from '../../domain/cron/read.ts';
import type { DayRule, GapPolicy, OverlapPolicy } from '../../domain/cron/schedule.ts';
import type { Job, JobDetails, JobPolicy, JobSpec, JobState } from '../../domain/job/job.ts';
import type { Run, RunStatus } from '../../domain/run.ts';
import type { Backfill, JobIndex } from '../ports/jobs.ts';
import type { Idempotency, RunView } from '../run-view.ts';

/** A job with what lies beside its row, and how its last run stands. */
export type JobView = Job & {
  readonly payload: string;
  readonly metadata?: string;
  readonly lastStatus?: RunStatus;
};

/** A schedule as a client writes it; what is absent takes the client's API's defaults, which the edge fills in. */
export type ScheduleInput = {
  readonly expression: string;
  readonly timeZone: string;
  readonly days: DayRule;
  readonly gap: GapPolicy;
  readonly overlap: OverlapPolicy;
  /** Epoch ms. Absent: from now on. */
  readonly startAt?: number;
  readonly endAt?: number;
  readonly jitterMs: number;
};

export type JobInput = JobDetails &
  JobSpec & {
    readonly schedule?: ScheduleInput;
    readonly policy: JobPolicy;
    readonly state: Exclude<JobState, 'deleted'>;
  };

/** What changes; `null` takes away. */
export type JobPatch = {
  readonly [K in keyof Omit<JobInput, 'schedule' | 'needs' | 'metadata'>]?: JobInput[K];
} & {
  readonly schedule?: ScheduleInput | null;
  readonly needs?: JobInput['needs'] | null;
  readonly metadata?: string | null;
};

export type CreateJobResult =
  | { readonly kind: 'created' | 'replayed'; readonly job: JobView }
  | { readonly kind: 'name_taken' | 'key_reused' }
  /** The schedule cannot be used; `problem` says why and what to change. */
  | { readonly kind: 'bad_schedule'; readonly problem: string };

export type ChangeJobResult =
  | { readonly kind: 'changed'; readonly job: JobView }
  | { readonly kind: 'not_found' | 'name_taken' }
  | { readonly kind: 'bad_schedule'; readonly problem: string };

export type TriggerResult =
  /** `replayed`: under this key it was started already, whatever has become of it since. */
  | { readonly kind: 'started' | 'replayed'; readonly run: RunView }
  | { readonly kind: 'not_found' | 'disabled' | 'key_reused' }
  /** `forbid`: this run has not ended. */
  | { readonly kind: 'busy'; readonly run: string };

export type ListJobsInput = {
  readonly index: JobIndex;
  readonly descending: boolean;
  /** Further conditions, applied while reading (at most 2,000 jobs of the index). */
  readonly matches?: (job: Job) => boolean;
  /** An order that no index has: of the first 2,000 that match. */
  readonly compare?: (a: Job, b: Job) => number;
  readonly limit: number;
  readonly from: { readonly cursor: string } | { readonly offset: number };
};

export type ListJobsResult =
  | {
      readonly kind: 'page';
      readonly jobs: readonly JobView[];
      /** All that match; where `partial`, those that were seen. */
      readonly total: number;
      readonly cursor?: string;
      readonly partial: boolean;
    }
  | { readonly kind: 'bad_cursor' };

/** What became of one occurrence. */
export type LedgerEntry = {
  /** Epoch ms. */
  readonly n: number;
  readonly outcome: 'ran' | 'skipped' | 'missed' | 'due';
  /** Of what did not run: `overlap`, `deadline`, `paused`, `dst_gap`, or how it was missed. */
  readonly reason?: string;
  readonly run?: string;
  readonly status?: RunStatus;
};

/** `total`: occurrences in the interval that had no run when it was asked for. */
export type BackfillView = Pick<
  Backfill,
  'id' | 'job' | 'from' | 'to' | 'parallel' | 'state' | 'total' | 'created' | 'createdAt'
>;

export type BackfillResult =
  | { readonly kind: 'planned'; readonly total: number; readonly first?: number; readonly last?: number }
  | { readonly kind: 'started'; readonly backfill: BackfillView }
  | { readonly kind: 'not_found' | 'no_schedule' | 'nothing_to_do' }
  | { readonly kind: 'too_many'; readonly most: number };

/** What of a job a list of its runs shows. */
export type JobBrief = JobDetails & Pick<Job, 'id'>;

export type FindJobsResult =
  | {
      readonly kind: 'page';
      readonly jobs: readonly JobBrief[];
      readonly cursor?: string;
      readonly partial: boolean;
    }
  | { readonly kind: 'bad_cursor' };

/** Which jobs a command on many is for. */
export type BulkFilter = { readonly ids: readonly string[] } | { readonly index: JobIndex };

export type BulkDone = {
  readonly kind: 'done';
  readonly changed: number;
  /** Those that could not be changed, and why. */
  readonly failed: readonly { readonly id: string; readonly reason: string }[];
  /** Where to go on: a request changes at most 200. */
  readonly cursor?: string;
};
export type BulkResult = BulkDone | { readonly kind: 'bad_cursor' };

export type Jobs = {
  readonly create: (input: JobInput, by: string, idempotency?: Idempotency) => Promise<CreateJobResult>;
  readonly get: (id: string) => Promise<JobView | undefined>;
  readonly findByName: (project: string, name: string) => Promise<JobView | undefined>;
  readonly change: (id: string, patch: JobPatch, by: string) => Promise<ChangeJobResult>;
  /** Deletes softly: no run appears any more, the name is free. */
  readonly remove: (id: string, by: string) => Promise<'removed' | 'not_found'>;
  /** Starts a run now (rule J4). */
  readonly trigger: (id: string, idempotency?: Idempotency) => Promise<TriggerResult>;
  /** Does the work of a run again, by the same write as a start by hand: with the version of its specification. */
  readonly retry: (
    run: Pick<Run, 'spec' | 'needs' | 'broadcast'> & { readonly job: string },
    idempotency?: Idempotency,
  ) => Promise<TriggerResult>;
  readonly list: (input: ListJobsInput) => Promise<ListJobsResult>;
  /** As `list`, of the rows alone: no payload and no last run is looked up, and nothing is counted. */
  readonly find: (input: ListJobsInput) => Promise<FindJobsResult>;
  /** What to call the jobs of these ids that are not deleted, and what a client keeps with them; in no particular order. */
  readonly describe: (ids: readonly string[]) => Promise<readonly (JobBrief & { readonly metadata?: string })[]>;
  readonly read: (schedule: ScheduleInput) => ScheduleReading;
  /** Occurrences `from` ≤ n < `to`, oldest first, at most `limit`. */
  readonly ledger: (
    id: string,
    range: { readonly from: number; readonly to: number; readonly limit: number },
  ) => Promise<readonly LedgerEntry[] | undefined>;
  readonly backfill: (
    id: string,
    asked: { readonly from: number; readonly to: number; readonly parallel: number; readonly dryRun: boolean },
    by: string,
  ) => Promise<BackfillResult>;
  readonly listBackfills: (id: string) => Promise<readonly BackfillView[] | undefined>;
  /** Ends it: what it created and has not ended is cancelled. */
  readonly cancelBackfill: (id: string, backfill: string) => Promise<BackfillView | undefined>;
  readonly setStates: (
    filter: BulkFilter,
    state: 'active' | 'paused',
    by: string,
    cursor?: string,
  ) => Promise<BulkResult>;
  /** An alarm of a job has come (rules J1 to J6). */
  readonly ring: (alarm: Alarm) => Promise<void>;
  /** Rule J6, one page of jobs: arms what has no alarm, creates what a crash left out. */
  readonly reconcile: (cursor: string | undefined) => Promise<{ readonly repaired: number; readonly cursor?: string }>;
};
