/** What failed for good is put before a person: one exception a step, and one for its undo. */
import type { FlowStep } from '../flow/flow.ts';
import type { StepRun } from './decision.ts';
import { type Draft, setStep, stateOf, without } from './draft.ts';
import type { Resolution } from './saga.ts';

/** Who handles what nobody had to. */
export const SYSTEM = 'system';

/** An exception is read in lists, and written together with 99 others: the whole error is with the run. */
const MAX_ERROR_CHARS = 1_000;

export type Failure = {
  readonly run?: string;
  readonly error: string;
  readonly reason: string;
  readonly tries: number;
};

const WORDS: Readonly<Partial<Record<StepRun['status'], string>>> = {
  timed_out: 'It ran out of time: what it did is not known',
  cancelled: 'Its run was cancelled',
};

/** Of a run that has ended badly. */
export const failureOf = ({ id, status, reason, error, tries }: StepRun): Failure => ({
  run: id,
  error: (error ?? WORDS[status] ?? 'It failed, and said nothing about why').slice(0, MAX_ERROR_CHARS),
  reason: reason ?? status,
  tries,
});

const fieldOf = (undo: boolean): 'exception' | 'undoException' => (undo ? 'undoException' : 'exception');

/** A new exception, or the one that a person had retried. */
export const raise = (draft: Draft, step: FlowStep, undo: boolean, failure: Failure): void => {
  const { saga, now, drawId } = draft.view;
  const state = stateOf(draft, step);
  const open = state[fieldOf(undo)];
  if (open !== undefined) {
    draft.exceptions.push({ kind: 'reopen', id: open, ...failure });
    return;
  }
  const id = drawId();
  const { retry } = undo ? (step.compensate ?? step) : step;
  draft.exceptions.push({
    kind: 'open',
    exception: {
      id,
      saga: saga.no,
      instance: saga.instance,
      flow: saga.flow,
      flowName: saga.flowName,
      step: step.id,
      taskName: step.description,
      ...(undo ? { undo: true } : {}),
      ...failure,
      strategy: retry.strategy,
      maxTries: retry.maxAttempts,
      intervalMs: retry.intervalMs,
      at: now,
      notes: [],
      version: 1,
    },
  });
  setStep(draft, step, { ...state, [fieldOf(undo)]: id });
};

type Handling = { readonly as: Resolution; readonly by: string; readonly remark?: string };

/** Nothing happens where none is open. */
export const resolveException = (draft: Draft, step: FlowStep, undo: boolean, handling: Handling): void => {
  const state = stateOf(draft, step);
  const id = state[fieldOf(undo)];
  if (id !== undefined) {
    draft.exceptions.push({ kind: 'handle', id, ...handling });
    setStep(draft, step, without(state, fieldOf(undo)));
  }
};

export const resolveAll = (draft: Draft, handling: Handling): void => {
  for (const step of draft.view.flow.steps) {
    resolveException(draft, step, false, handling);
    resolveException(draft, step, true, handling);
  }
};

/** It stays open until the retry has an outcome. */
export const markRetried = (draft: Draft, step: FlowStep, undo: boolean, retryAt: number, by: string): void => {
  const id = stateOf(draft, step)[fieldOf(undo)];
  if (id !== undefined) {
    draft.exceptions.push({ kind: 'retry', id, retryAt, by });
  }
};
