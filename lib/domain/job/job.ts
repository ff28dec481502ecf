/**
 * The job: a definition of work, and the chain of alarms that fires it.
 *
 * | state    | entered when                      | fires      | by hand |
 * | -------- | --------------------------------- | ---------- | ------- |
 * | active   | created, resumed                  | on schedule | yes    |
 * | paused   | a person paused it                | no         | yes     |
 * | disabled | a person disabled it              | no         | no      |
 * | deleted  | a person deleted it; never left   | no         | no      |
 *
 * The chain: one alarm for (job, rev, next). Firing occurrence `next` advances the row (`next`, `pend`, `last` and `fired` in
 * one conditional write: the moment of firing, which exactly one handler wins), then creates the run that `pend` names. Every
 * change of schedule or state makes a new `rev`, so alarms of the old one are no-ops. `pend` is never cleared: the next fire,
 * change or reconciliation finds it and creates its run if a crash kept that from happening.
 */
import type { Schedule } from '../cron/schedule.ts';
import type { RoutingStrategy, WorkerNeeds } from '../fleet/needs.ts';

export const JOB_STATES = ['active', 'paused', 'disabled', 'deleted'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** When an occurrence is due and the run before it has not ended: start it too, leave it out, or cancel that run first. */
export const CONCURRENCY_POLICIES = ['allow', 'forbid', 'replace'] as const;
export type ConcurrencyPolicy = (typeof CONCURRENCY_POLICIES)[number];

/** What becomes of occurrences that could not fire in time: none of them, the latest, or all (up to the cap). */
export const MISFIRE_POLICIES = ['skip', 'fire_once', 'fire_all'] as const;
export type MisfirePolicy = (typeof MISFIRE_POLICIES)[number];

export type JobPolicy = {
  readonly concurrency: ConcurrencyPolicy;
  readonly misfire: MisfirePolicy;
  /** `fire_all`: the newest so many fire, older ones are missed. */
  readonly misfireCap: number;
  /** An occurrence that has not begun this long after its instant is not begun any more. Absent: no deadline. */
  readonly deadlineMs?: number;
};

/** What a run of the job executes. Changing any of it makes a new version; runs keep the one they were created with. */
export type JobSpec = {
  readonly handler: string;
  /** JSON text. */
  readonly payload: string;
  /**
   * What a client wants to be kept with the work: of API A's `metadata` what nothing executes, as it was sent. JSON text. Here,
   * because a fire writes the whole row of the job, and this may be tens of kilobytes that no fire needs.
   */
  readonly metadata?: string;
  readonly pool: string;
  /** 1 (first) to 10 (last). */
  readonly priority: number;
  /** Tries in all, the first included. */
  readonly maxTries: number;
  readonly timeoutMs: number;
  readonly needs?: WorkerNeeds;
  readonly strategy: RoutingStrategy;
};

/** Why an occurrence made a row without being executed. */
export const SKIP_REASONS = ['overlap', 'deadline'] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** The newest fire: which run it was to create. */
export type Pending = {
  /** The occurrence, or the instant of a start by hand. Epoch ms. */
  readonly n: number;
  readonly rev: number;
  /** When it was fired. */
  readonly at: number;
  /** Instant of execution: `n`, with the occurrence's jitter. */
  readonly executeAt: number;
  /** Version of the specification. */
  readonly spec: number;
  readonly turn: number;
  readonly trigger: 'schedule' | 'manual' | 'retry';
  /** Of a start by hand: the idempotency key that it was asked for under. */
  readonly keyed?: string;
  readonly skip?: SkipReason;
  /** `replace`: the run to be cancelled first. */
  readonly replaces?: string;
  /** `broadcast`: the names of the workers, one run for each. */
  readonly workers?: readonly string[];
  /** Of a retry of one run of a broadcast: its place among them, which its work depends on. */
  readonly place?: { readonly index: number; readonly total: number };
};

/** Texts and settings that no run needs to be executed, and lists ask for. */
export type JobDetails = {
  readonly project: string;
  readonly name: string;
  readonly category: string;
  readonly description: string;
  /** Whether a run's output and log are kept. */
  readonly saveLog: boolean;
};

/** The occurrences of an interval have no rows of their own: `from` ≤ n < `to`. */
export type Gap = {
  readonly from: number;
  readonly to: number;
  readonly reason: 'paused' | 'missed';
  /** What kept them from firing: who paused, or which policy left them out. */
  readonly by: string;
};

export type Job = JobDetails &
  Omit<JobSpec, 'payload' | 'metadata'> & {
    /** Plain id: a number of 53 bits, ordered by creation. */
    readonly id: string;
    readonly state: JobState;
    /** Absent: only started by hand. */
    readonly schedule?: Schedule;
    /** Since when the schedule is as it is now: the ledger knows nothing of it before. Epoch ms. */
    readonly scheduledFrom?: number;
    readonly policy: JobPolicy;
    /** Here while it has at most 300 bytes; every version's is with that version. */
    readonly payload?: string;
    readonly payloadBytes: number;
    /** Metadata lies with the version of the specification: whoever shows the job has to read it there. */
    readonly hasMetadata?: true;
    /** Version of the specification that the next run gets. From 1. */
    readonly spec: number;
    /** Revision of the chain: alarms of another are no-ops. */
    readonly rev: number;
    /** Grows with every write of the row. */
    readonly version: number;
    /** The occurrence that the live alarm is for. Absent: none will come. */
    readonly next?: number;
    /**
     * Occurrences to come that an earlier revision has fired ahead, and that this one has too: the chain passes over them. There
     * are none, or those of the next seconds.
     */
    readonly ahead?: readonly number[];
    readonly pend?: Pending;
    /** The run that was fired last, leaving out those that were skipped. */
    readonly last?: string;
    readonly lastFiredAt?: number;
    /** Runs fired in all. */
    readonly fired: number;
    /** Since when it has not been active, and whose doing that is. */
    readonly pausedAt?: number;
    readonly pausedBy?: string;
    /** The idempotency key that it was created under, so that a replay is told from a collision of ids. */
    readonly keyed?: string;
    readonly createdAt: number;
    readonly createdBy: string;
    readonly updatedAt: number;
    readonly deletedAt?: number;
    /** Deleted rows go some time after their last run has gone. */
    readonly expiresAt?: number;
  };
