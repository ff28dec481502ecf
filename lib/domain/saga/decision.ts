/** What the machine of a saga is given, and what it decides. Pure: time, chance and everything read are parameters. */
import type { Flow, Json, JsonObject, RetryPolicy } from '../flow/flow.ts';
import type { Run } from '../run.ts';
import type { DeskAction, Resolution, Saga, SagaException } from './saga.ts';

/** What there is to know of a run of a step. */
export type StepRun = Pick<
  Run,
  'id' | 'status' | 'attempt' | 'tries' | 'evidence' | 'reason' | 'error' | 'notedOutput'
> &
  Partial<Pick<Run, 'history' | 'exitCode'>>;

export type SagaView = {
  readonly flow: Flow;
  readonly saga: Saga;
  /** By task name. */
  readonly params: JsonObject;
  /**
   * Runs of steps and undos as read, by id. `complete`: every run that the row says is not settled was looked for, so one that
   * is not here is missing and has to be created.
   */
  readonly runs: ReadonlyMap<string, StepRun>;
  readonly complete: boolean;
  /** Outputs of steps, by step id: at least those of `outputsNeeded` (./needs.ts). */
  readonly outputs: Readonly<Record<string, Json>>;
  /** Epoch ms. */
  readonly now: number;
  /** A plain id that nobody has, for an exception. */
  readonly drawId: () => string;
};

/** A run to be created, under an id that follows from the row: whoever creates it again meets the first. */
export type StepStart = {
  readonly run: string;
  readonly step: string;
  readonly undo: boolean;
  /** What its executor gets. */
  readonly payload: Json;
  readonly handler: string;
  readonly pool: string;
  /** Epoch ms. */
  readonly executeAt: number;
  readonly timeoutMs: number;
  /** Tries that the run makes by itself. */
  readonly maxTries: number;
  readonly retry: Pick<RetryPolicy, 'intervalMs' | 'backoff'>;
  /** Ends as timed out when nobody has said by then how it ended; it is executed by nobody (`flow`, and a `wait` for a signal). */
  readonly waitsUntil?: number;
  /** Of a step of type `flow`: what is to be started. */
  readonly child?: { readonly flow: string; readonly params: JsonObject };
};

export type ExceptionIntent =
  | { readonly kind: 'open'; readonly exception: SagaException }
  /** A retry of it failed: it waits for a person again. `tries`: of this retry, to be added to those it had. */
  | {
      readonly kind: 'reopen';
      readonly id: string;
      readonly run?: string;
      readonly error: string;
      readonly reason: string;
      readonly tries: number;
    }
  | { readonly kind: 'retry'; readonly id: string; readonly retryAt: number; readonly by: string }
  /** A person's word on it that something else has to follow: it stays open until then. */
  | { readonly kind: 'note'; readonly id: string; readonly what: string; readonly by: string; readonly remark?: string }
  | {
      readonly kind: 'handle';
      readonly id: string;
      readonly as: Resolution;
      readonly by: string;
      readonly remark?: string;
    };

export type SagaDecision = {
  /** The row that is to take the place of the one that was read; the same object where nothing changes. */
  readonly next: Saga;
  readonly starts: readonly StepStart[];
  /** Ids of runs that are to be cancelled. */
  readonly cancels: readonly string[];
  readonly exceptions: readonly ExceptionIntent[];
  /** The exception that a person's word was judged on: where it is another by now, nothing of this may be written. */
  readonly judged?: SagaException;
};

/** What a person asks. `by`: the principal's id, or `anonymous`. */
export type SagaCommand =
  /** Begins what failed, and what was left out because of it, anew. */
  | { readonly kind: 'retry'; readonly by: string }
  /** `leave`: nothing is undone. */
  | { readonly kind: 'cancel'; readonly by: string; readonly leave: boolean }
  | {
      readonly kind: 'desk';
      readonly action: DeskAction;
      readonly exception: SagaException;
      readonly by: string;
      /** Of a retry: when. */
      readonly at?: number;
      /** Of a retry, in place of the parameters. JSON text of an object. */
      readonly input?: string;
      /** Of skip and done. JSON text. */
      readonly output?: string;
      readonly remark?: string;
    }
  /** The exception is dealt with elsewhere: the transaction stays as it is. */
  | { readonly kind: 'handle'; readonly exception: SagaException; readonly by: string; readonly remark?: string };

/** Why a command changes nothing; the edge has the words. */
export type SagaRefusal =
  | 'not_failed'
  | 'ended'
  /** A person has cancelled it and wants nothing undone: it waits for what runs to stop. */
  | 'being_cancelled'
  | 'already_handled'
  | 'not_retryable'
  /** A step has passed the point of no return. */
  | 'past_pivot'
  /** The flow undoes nothing. */
  | 'nothing_to_undo'
  /** It does not unwind. */
  | 'not_backward'
  /** It unwinds: what failed can only be undone, until a person makes it go forward. */
  | 'unwinding'
  /** A retry of it is under way: its outcome is waited for. */
  | 'in_progress'
  /** A retry is asked for already, for another instant. */
  | 'planned'
  /** The flow asks for two persons: the desk takes the word of the second. */
  | 'two_persons'
  /** What was to be approved is no longer what is proposed. */
  | 'not_proposed'
  /** Given inputs and outputs of one transaction may take {@link MAX_GIVEN_BYTES} in all. */
  | 'too_large';

export const MAX_GIVEN_BYTES = 64 * 1024;

export type SagaAnswer = SagaDecision | { readonly refused: SagaRefusal };
