/**
 * The run: one execution of a handler, and every transition it can make.
 *
 * | status     | entered when                                             | left when                                             |
 * | ---------- | -------------------------------------------------------- | ----------------------------------------------------- |
 * | scheduled  | created for later, or an attempt failed with tries left  | its instant comes (alarm) → ready or dispatched       |
 * | ready      | due, and no session had credit; or a push met a dead     | a session with credit claims it → dispatched          |
 * |            | socket (the claim is undone, its number is burned)       |                                                       |
 * | dispatched | claimed for a session; the push is on its way            | `started` → running; a result, loss or timeout ends   |
 * | running    | the worker says that it has lived for 2 s                | the attempt; a definite 410 (dispatched only) → ready |
 * | succeeded  | the worker's result of the current attempt; of a run     | never: terminal is final                              |
 * |            | that nobody executes, what it waited for                 |                                                       |
 * | failed     | the last try failed, or its worker was lost              | never                                                 |
 * | timed_out  | the last try ran past its timeout                        | never                                                 |
 * | cancelled  | a person cancelled it before it ended                    | never; the evidence of its end is filled in once      |
 * | skipped    | an occurrence of a job that is not executed               | never                                                 |
 *
 * `attempt` is the fencing token: it grows at each claim and is never given back (rule R1). `tries` counts attempts that
 * ended badly; the maximum is judged on it. `TRANSITIONS` is the one source of what may follow what: the decisions, the
 * condition of every write and the diagram in the docs derive from it. All functions here are pure.
 */
import type { Bumped } from './alarm.ts';
import type { Routing, WorkerNeeds } from './fleet/needs.ts';
import { runFamily } from './ids.ts';
import type { SkipReason } from './job/job.ts';
import type { SessionRef } from './session.ts';

export const RUN_STATUSES = [
  'scheduled',
  'ready',
  'dispatched',
  'running',
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'skipped',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

export const IN_FLIGHT = ['dispatched', 'running'] as const satisfies readonly RunStatus[];
export const TERMINAL = [
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'skipped',
] as const satisfies readonly RunStatus[];

type Transition = {
  readonly from: readonly RunStatus[];
  readonly to: RunStatus;
  /** The rule of docs/protocol.md that asks for it. */
  readonly rule: string;
};

export const TRANSITIONS = {
  submit_due: { from: [], to: 'dispatched', rule: 'D1' },
  submit_waiting: { from: [], to: 'ready', rule: 'D3' },
  submit_later: { from: [], to: 'scheduled', rule: 'A1' },
  skip: { from: [], to: 'skipped', rule: 'J1' },
  fall_due: { from: ['scheduled'], to: 'ready', rule: 'D3' },
  dispatch_due: { from: ['scheduled'], to: 'dispatched', rule: 'D1' },
  claim: { from: ['ready'], to: 'dispatched', rule: 'D4' },
  undo_claim: { from: ['dispatched'], to: 'ready', rule: 'R5' },
  start: { from: ['dispatched'], to: 'running', rule: 'R2' },
  report_progress: { from: IN_FLIGHT, to: 'running', rule: 'R2' },
  adopt: { from: IN_FLIGHT, to: 'running', rule: 'S2' },
  succeed: { from: IN_FLIGHT, to: 'succeeded', rule: 'C4' },
  retry: { from: IN_FLIGHT, to: 'scheduled', rule: 'R1' },
  fail: { from: IN_FLIGHT, to: 'failed', rule: 'R1' },
  time_out: { from: IN_FLIGHT, to: 'timed_out', rule: 'R3' },
  expire: { from: ['scheduled', 'ready'], to: 'timed_out', rule: 'R8' },
  fulfil: { from: ['scheduled', 'ready'], to: 'succeeded', rule: 'T8' },
  fulfil_badly: { from: ['scheduled', 'ready'], to: 'failed', rule: 'T8' },
  cancel_waiting: { from: ['scheduled', 'ready'], to: 'cancelled', rule: 'R7' },
  cancel_in_flight: { from: IN_FLIGHT, to: 'cancelled', rule: 'R7' },
  record_evidence: { from: ['cancelled'], to: 'cancelled', rule: 'R7' },
} as const satisfies Record<string, Transition>;
export type TransitionName = keyof typeof TRANSITIONS;

/** Why an attempt ended badly. */
export type FailureReason =
  | 'handler_failed'
  | 'timed_out'
  /** Not begun by `startBy` (rule R8). */
  | 'not_started'
  | 'worker_lost'
  | 'payload_unavailable'
  /** It succeeded; but what it gave was too long, or could not be brought here, and a later step would have needed it. */
  | 'output_not_stored'
  | 'no_handler'
  | 'refused'
  | 'bad_payload'
  /** A person said how it ended (rule R9). */
  | 'operator'
  /** A person said that it could not be executed. */
  | 'operator_not_run'
  /** What it waited for came to another end, or never began (rule T8). */
  | 'not_fulfilled';

/** What proves that a cancelled run no longer executes: the worker's word, or its absence said plainly (rule R7). */
export type Evidence =
  | { readonly state: 'pending' }
  | { readonly state: 'exited'; readonly at: number; readonly signal?: string; readonly exitCode?: number }
  | { readonly state: 'abandoned'; readonly at: number };

/** How one attempt went. The current attempt's record lies in the run's own fields; these are the earlier ones. */
export type AttemptRecord = {
  readonly attempt: number;
  readonly outcome: 'failed' | 'timed_out' | 'lost' | 'undelivered';
  readonly reason?: FailureReason;
  readonly worker?: string;
  readonly startedAt?: number;
  readonly endedAt: number;
  readonly exitCode?: number;
  /** The first {@link ERROR_HEAD_CHARS} characters; the whole is kept beside the run. */
  readonly error?: string;
};

/** What the worker reported of an attempt. */
export type Outcome = {
  readonly outcome: 'succeeded' | 'failed' | 'timed_out';
  readonly reason?: FailureReason;
  readonly startedAt?: number;
  readonly durationMs?: number;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly error?: string;
};

/** The wait before try n + 1 is `everyMs` · `factor`ⁿ⁻¹. */
export type Backoff = { readonly everyMs: number; readonly factor: number };

export type RunTrigger = 'schedule' | 'manual' | 'backfill' | 'retry';

/** What a client wants to be kept with a run that it submitted: API A's task form. */
export type TaskForm = {
  readonly name: string;
  readonly project: string;
  readonly category: string;
  readonly description: string;
  readonly saveLog: boolean;
  /** The job that the client says it belongs to. */
  readonly cronjob?: string;
  readonly isGroup?: true;
  readonly isStandalone?: true;
  readonly taskOrder?: number;
  readonly previous?: string;
  readonly next?: string;
  /** As it was sent. JSON text. */
  readonly metadata?: string;
  readonly inactive?: true;
};

export type Run = {
  readonly id: string;
  readonly handler: string;
  readonly pool: string;
  /** 1 (first) to 10 (last). */
  readonly priority: number;
  readonly status: RunStatus;
  readonly attempt: number;
  readonly tries: number;
  readonly maxTries: number;
  readonly timeoutMs: number;
  /** The instant that was asked for. */
  readonly executeAt: number;
  /** The instant of the current or next attempt: `executeAt`, later the retry's. */
  readonly dueAt: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Generation of the live alarm, when the row next needs a look, and the fence against late commits (A1, A5). */
  readonly g: number;
  readonly wakeAt: number;
  readonly fence: number;
  readonly bumped?: Bumped;
  /** The payload as JSON text; absent when it lies beside the row (more than 400 bytes). */
  readonly payload?: string;
  readonly payloadBytes: number;
  /** The job that it is a run of, and the version of that job's specification that it executes: the payload is there. */
  readonly job?: string;
  readonly spec?: number;
  readonly trigger?: RunTrigger;
  /** The backfill that asked for it. */
  readonly backfill?: string;
  /** Why it is `skipped`. */
  readonly skip?: SkipReason;
  /** Where it has not begun by then, it ends as `timed_out` (rule R8). */
  readonly startBy?: number;
  /** How long to wait before the next try; absent: 1 s, doubled with each try, and drawn by chance. */
  readonly backoff?: Backoff;
  readonly needs?: WorkerNeeds;
  readonly routing?: Routing;
  /** Its place among the runs of a broadcast. */
  readonly broadcast?: { readonly index: number; readonly total: number };
  readonly task?: TaskForm;
  /** A run of a job that keeps no output: set where it is requested. See {@link keepsOutput}. */
  readonly unsaved?: true;
  /** What a person noted as the output, in place of the worker's. */
  readonly notedOutput?: string;
  /** A person deleted it: no list shows it. */
  readonly hidden?: true;
  /** The idempotency key that it was created under, so that a replay is told from a collision of ids. */
  readonly keyed?: string;
  readonly readyAt?: number;
  readonly readyShard?: number;
  readonly session?: SessionRef;
  readonly worker?: string;
  readonly seq?: number;
  readonly dispatchedAt?: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly durationMs?: number;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly reason?: FailureReason;
  readonly output?: string;
  readonly error?: string;
  readonly log?: string;
  /** The attempt's whole output, error and log lie beside the row, because they are too long for it. */
  readonly reportStored?: boolean;
  readonly progress?: { readonly percent: number; readonly note?: string };
  readonly evidence?: Evidence;
  readonly history: readonly AttemptRecord[];
  /** When the finished row may be deleted. */
  readonly expiresAt?: number;
};

export const ERROR_HEAD_CHARS = 200;

export const isTerminal = (status: RunStatus): boolean => (TERMINAL as readonly RunStatus[]).includes(status);
export const isInFlight = (status: RunStatus): boolean => (IN_FLIGHT as readonly RunStatus[]).includes(status);

/** Rule A1's "open": the row still needs its alarm. A cancelled run does until its evidence is in (hole H6). */
export const isRunOpen = (run: Pick<Run, 'status' | 'evidence'>): boolean =>
  !isTerminal(run.status) || run.evidence?.state === 'pending';

/** Tries begun: what API D calls `attempts`. A run that was fulfilled took none. */
export const triesBegun = (run: Pick<Run, 'status' | 'tries' | 'evidence' | 'dispatchedAt'>): number => {
  const isDone = run.status === 'succeeded' && run.dispatchedAt !== undefined;
  const current = isInFlight(run.status) || isDone || run.evidence !== undefined;
  return run.tries + (current ? 1 : 0);
};

/** When the current attempt has used its time. */
export const deadline = (run: Pick<Run, 'dispatchedAt' | 'dueAt' | 'startedAt' | 'timeoutMs'>): number =>
  Math.max(run.dispatchedAt ?? 0, run.dueAt, run.startedAt ?? 0) + run.timeoutMs;

/**
 * Rule T8: the instant until which a run that nobody executes waits to be told how it ended. A run of a step is one where it
 * would have to begin by an instant.
 */
export const waitsUntil = ({ id, startBy }: Pick<Run, 'id' | 'startBy'>): number | undefined =>
  runFamily(id) === 'step' ? startBy : undefined;

/** Rule R8: it had to begin by then and has not. What was begun once may be tried again at any time. */
export const missesStart = (run: Pick<Run, 'startBy' | 'tries'>, now: number): boolean =>
  run.tries === 0 && now >= (run.startBy ?? Number.POSITIVE_INFINITY);

/** Whether what it writes is kept: as its form says, which a person may change; else as its job said when it was requested. */
export const keepsOutput = ({ task, unsaved }: Pick<Run, 'task' | 'unsaved'>): boolean =>
  task?.saveLog ?? unsaved === undefined;

type Fields = { -readonly [K in keyof Run]?: Run[K] };

/** The condition of a write: all that is given must hold, or nothing is written. */
export type Expectation = {
  readonly attempt?: number;
  /** Where a worker's word causes the change: the pool that it speaks for (rule X4). */
  readonly pool?: string;
  readonly g?: number;
  readonly fence?: number;
  readonly session?: string;
  readonly evidencePending?: true;
  /** An attempt begins now: refused where that is too late ({@link missesStart}). */
  readonly startingAt?: number;
  /** What the attempt wrote comes with the change: refused where it is not to be kept ({@link keepsOutput}). */
  readonly keepsOutput?: true;
};

/** One conditional change of one run. The statuses it may start from are those of its transition. */
export type RunChange = {
  readonly id: string;
  readonly transition: TransitionName;
  readonly expect: Expectation;
  readonly set: Fields & { readonly updatedAt: number };
  readonly clear: readonly (keyof Run)[];
};

/** What of a run a person may change at any time. */
export type RunNote = Pick<Run, 'notedOutput' | 'hidden' | 'task'>;

/** The fields that belong to one attempt: a new claim starts without them. */
export const ATTEMPT_FIELDS = [
  'session',
  'worker',
  'seq',
  'dispatchedAt',
  'startedAt',
  'endedAt',
  'durationMs',
  'exitCode',
  'signal',
  'reason',
  'output',
  'error',
  'log',
  'reportStored',
  'progress',
] as const satisfies readonly (keyof Run)[];
