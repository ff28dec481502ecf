/**
 * The saga: one transaction of a flow.
 *
 * | status       | entered when                                                       | left when                                  |
 * | ------------ | ------------------------------------------------------------------ | ------------------------------------------ |
 * | running      | started; a person retries, skips, marks done, or has it go forward | all steps are settled; an unwind begins    |
 * | compensating | a step failed for good, or a person asks for it                     | all is undone; an undo fails for good      |
 * | failed       | nothing runs any more, and a step or an undo waits for a person     | a person says how to go on                 |
 * | succeeded    | every step succeeded or was left out                               | never                                      |
 * | compensated  | everything that was done is undone, or a person has given it up    | never                                      |
 * | cancelled    | a person cancelled it and there was nothing to undo, or nothing was to be undone | never                        |
 *
 * One that a person cancels with nothing to be undone keeps its status until what runs has been stopped.
 *
 * | a step begins when                                            | its undo begins when                                      |
 * | ------------------------------------------------------------- | --------------------------------------------------------- |
 * | all that it depends on is done or left out, not all left out  | it is done, or may be; nothing that depends on it runs,   |
 * | and none of it is being undone; its condition holds           | or is still to be undone; no undo has failed              |
 *
 * A pivot begins only while nothing has failed and nothing is being undone, and nothing is undone behind one that has
 * succeeded, that runs, or of which that is not known.
 *
 * Its state is one row: for each step how far it is, and how many runs it has had. A step is executed as a run of its own,
 * under an id that follows from the row ({@link ../ids.ts}), so that whoever carries out a decision again meets the run of
 * the first. The row is changed first, its runs are created after; an alarm that was armed before finishes what a crash left.
 */
import type { Bumped } from '../alarm.ts';
import type { RetryStrategy } from '../flow/flow.ts';

export const SAGA_STATUSES = ['running', 'compensating', 'failed', 'succeeded', 'compensated', 'cancelled'] as const;
export type SagaStatus = (typeof SAGA_STATUSES)[number];

export const STEP_STATUSES = [
  /** Waits for what it depends on. */
  'pending',
  /** Its run number `runs` is not settled. */
  'running',
  'succeeded',
  /** Its run ended badly. `unknown`: what it did is not known. */
  'failed',
  /** Its condition did not hold, or all that it depends on was left out for that. */
  'skipped',
  /** A person left it out, and said what its output is. */
  'waived',
  /** Not begun, or stopped, because the transaction turned back. */
  'cancelled',
] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

/** How far the undo of a step is. Absent: none was begun. `given_up`: a person left it as it is. */
export const UNDO_STATUSES = ['running', 'succeeded', 'failed', 'given_up'] as const;
export type UndoStatus = (typeof UNDO_STATUSES)[number];

export type StepState = {
  readonly status: StepStatus;
  /** Runs that it has had, the current one included: the number of the newest. */
  readonly runs: number;
  /** Its effects may be there though it did not succeed: it timed out, its worker was lost, or it was stopped while it ran. */
  readonly unknown?: true;
  /** The transaction turned back while it ran: its run is asked to stop, and waited for. */
  readonly stopping?: true;
  readonly undo?: UndoStatus;
  /** As `runs`. */
  readonly undoRuns?: number;
  /** The instant that its current run, or its undo's, was asked to begin at (a retry of a person). Epoch ms. */
  readonly startAt?: number;
  /** In place of the parameters, from a person. JSON text of an object. */
  readonly input?: string;
  /** The same for its undo, which else gets what the step got. */
  readonly undoInput?: string;
  /** From a person. JSON text. Else the output is the run's. */
  readonly output?: string;
  /** The exception that is not handled yet. */
  readonly exception?: string;
  /** That of its undo. */
  readonly undoException?: string;
};

export const PENDING_STEP: StepState = { status: 'pending', runs: 0 };

export type Saga = {
  /** A plain id: its address, and its place in creation order. */
  readonly no: string;
  /** The caller's own id. Of a step's sub-transaction the id of the step's run. */
  readonly instance: string;
  readonly flow: string;
  readonly flowName: string;
  /** Version of the flow's definition. */
  readonly flowVersion: number;
  readonly status: SagaStatus;
  /** Backward: it unwinds, or an undo of the unwind has failed. */
  readonly direction: 'forward' | 'backward';
  /** A person cancelled it: what the unwind ends in. */
  readonly cancelled?: true;
  /** That person wants nothing undone: it only waits for what runs to stop. */
  readonly leave?: true;
  /** By step id. A step that is not named is {@link PENDING_STEP}. */
  readonly steps: Readonly<Record<string, StepState>>;
  /** JSON text of an object, where it fits the row ({@link INLINE_PARAMS_BYTES}); else it lies beside it. */
  readonly params?: string;
  /** SHA-256 of flow and parameters: what a repeated start is compared with. */
  readonly fingerprint: string;
  /** Transactions above it. */
  readonly depth: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** When it reached `succeeded`, `compensated` or `cancelled`. */
  readonly endedAt?: number;
  /** Until when what it may need was put off from expiring, where it has been. Epoch ms. */
  readonly keptUntil?: number;
  /** Grows with every write, also with a fence (rule A5): a commit made for an older one fails. */
  readonly version: number;
  readonly g: number;
  readonly wakeAt: number;
  readonly bumped?: Bumped;
  readonly expiresAt?: number;
};

export const INLINE_PARAMS_BYTES = 400;

const ENDED: readonly SagaStatus[] = ['succeeded', 'compensated', 'cancelled'];
export const isSagaEnded = ({ status }: Pick<Saga, 'status'>): boolean => ENDED.includes(status);

export const stepOf = (saga: Pick<Saga, 'steps'>, step: string): StepState => saga.steps[step] ?? PENDING_STEP;

/** What a person has said about an exception, or done. */
export type DeskNote = {
  readonly at: number;
  readonly by: string;
  readonly what: string;
  readonly text?: string;
};

/** What a person asks of the desk that changes the transaction. */
export const DESK_ACTIONS = ['retry', 'skip', 'done', 'compensate', 'forward'] as const;
export type DeskAction = (typeof DESK_ACTIONS)[number];

/** What takes a second person where the flow asks for two: also to say that nothing is left to do. */
export const PROPOSABLE = [...DESK_ACTIONS, 'handle'] as const;

/** An action that waits for a second person. */
export type Proposal = {
  /** Unlike that of any other proposal for this exception: a second person names what they have read. */
  readonly id: number;
  readonly action: (typeof PROPOSABLE)[number];
  /** The principal's id. */
  readonly by: string;
  /** Whom that principal acts for: a person's login and a key of theirs are one. */
  readonly person: string;
  readonly at: number;
  /** Of a retry: the instant that was asked for. Absent: after the interval, counted from the approval. Epoch ms. */
  readonly retryAt?: number;
  /** JSON text. */
  readonly input?: string;
  /** JSON text. */
  readonly output?: string;
  readonly remark?: string;
};

/** How an exception came to be handled. */
export const RESOLUTIONS = ['retried', 'skipped', 'done', 'compensated', 'forward', 'handled', 'cancelled'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/** A step, or the undo of one, that failed for good: a person has to act. */
export type SagaException = {
  /** A plain id. */
  readonly id: string;
  readonly saga: string;
  readonly instance: string;
  readonly flow: string;
  readonly flowName: string;
  readonly step: string;
  /** The step's description. */
  readonly taskName: string;
  readonly undo?: true;
  /** The run that failed last; absent where none could be created. */
  readonly run?: string;
  readonly error: string;
  readonly reason: string;
  readonly strategy: RetryStrategy;
  /** Tries so far, over all runs. */
  readonly tries: number;
  readonly maxTries: number;
  readonly intervalMs: number;
  readonly at: number;
  /** A retry is asked for, for that instant. Absent again when it failed. */
  readonly retryAt?: number;
  readonly handled?: {
    readonly at: number;
    readonly by: string;
    readonly as: Resolution;
    readonly remark?: string;
  };
  readonly assignee?: string;
  readonly proposal?: Proposal;
  /** The oldest first, the last {@link MAX_DESK_NOTES} of at most {@link MAX_DESK_NOTE_BYTES} in all. */
  readonly notes: readonly DeskNote[];
  /** Grows with every write. */
  readonly version: number;
  readonly expiresAt?: number;
};

export const MAX_DESK_NOTES = 100;
/**
 * An item has at most 400 KB, and one transaction of DynamoDB 4 MB: a decision writes up to 100 exceptions, each with all its
 * notes. Eight of the longest (1,000 characters of 4 bytes) fit.
 */
export const MAX_DESK_NOTE_BYTES = 32 * 1024;
