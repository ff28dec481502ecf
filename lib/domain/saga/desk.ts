/** What a person does about one exception. */
import type { FlowStep } from '../flow/flow.ts';
import { bytesOf } from '../flow/json.ts';
import { retryUndo, retryUndos } from './begin.ts';
import { MAX_GIVEN_BYTES, type SagaCommand, type SagaRefusal } from './decision.ts';
import { type Draft, setStep, stateOf, without } from './draft.ts';
import { markRetried, resolveAll, resolveException } from './exceptions.ts';
import type { SagaException, StepState } from './saga.ts';
import { undone } from './settle.ts';
import { canUndo, forwards, isBarred, turnBack, turnForward } from './turn.ts';

type DeskWord = Extract<SagaCommand, { kind: 'desk' }>;
type HandleWord = Extract<SagaCommand, { kind: 'handle' }>;

/** Whose exception it is, as long as it is open. */
const stepWith = (draft: Draft, { id, step, undo }: SagaException): FlowStep | undefined =>
  draft.view.flow.steps.find((each) => {
    const { exception, undoException } = stateOf(draft, each);
    return each.id === step && (undo ? undoException : exception) === id;
  });

const givenBytes = (draft: Draft, { input, output }: DeskWord): number => {
  const kept = [...draft.steps.values()].flatMap((state) => [state.input, state.undoInput, state.output]);
  return [...kept, input, output].reduce((bytes, text) => bytes + bytesOf(text ?? ''), 0);
};

const remarked = ({ by, remark }: DeskWord | HandleWord) => ({ by, ...(remark === undefined ? {} : { remark }) });

/** Nothing that a person says about a step is worth anything while the step is being executed, or undone. */
const isUnderWay = ({ status, undo }: StepState, isUndo: boolean): boolean =>
  isUndo ? undo === 'running' : status === 'running' || undo !== undefined;

const retry = (draft: Draft, step: FlowStep, word: DeskWord): SagaRefusal | undefined => {
  const { exception, by, input } = word;
  const isUndo = exception.undo === true;
  const state = stateOf(draft, step);
  if (exception.strategy === 'no_retry') {
    return 'not_retryable';
  }
  if (isUnderWay(state, isUndo)) {
    // Asked twice, it is retried once; but not with other parameters, or at another instant, than the first asked for.
    if (input !== undefined || exception.proposal !== undefined) {
      return 'in_progress';
    }
    return word.at === undefined || word.at === exception.retryAt ? undefined : 'planned';
  }
  const at = word.at ?? draft.view.now + exception.intervalMs;
  markRetried(draft, step, isUndo, at, by);
  if (isUndo) {
    setStep(draft, step, { ...state, startAt: at, ...(input === undefined ? {} : { undoInput: input }) });
    retryUndo(draft, step);
  } else {
    setStep(draft, step, { ...state, status: 'pending', startAt: at, ...(input === undefined ? {} : { input }) });
  }
  return undefined;
};

/** A person says what the step gave: it was left out, or done by hand. */
const stateStep = (draft: Draft, step: FlowStep, word: DeskWord, status: 'waived' | 'succeeded'): void => {
  const before = without(stateOf(draft, step), 'unknown', 'startAt');
  setStep(draft, step, { ...before, status, output: word.output ?? 'null' });
};

/** An undo that is given up, or was done by hand. */
const stateUndo = (draft: Draft, step: FlowStep, isDone: boolean): void => {
  const given: StepState = { ...stateOf(draft, step), undo: 'given_up' };
  if (isDone) {
    undone(draft, step);
  } else {
    setStep(draft, step, draft.direction === 'backward' ? given : forwards(given));
  }
};

const say = (draft: Draft, step: FlowStep, word: DeskWord, as: 'skipped' | 'done'): SagaRefusal | undefined => {
  const isUndo = word.exception.undo === true;
  if (isUnderWay(stateOf(draft, step), isUndo)) {
    return 'in_progress';
  }
  if (isUndo) {
    stateUndo(draft, step, as === 'done');
  } else {
    stateStep(draft, step, word, as === 'done' ? 'succeeded' : 'waived');
  }
  resolveException(draft, step, isUndo, { as, ...remarked(word) });
  return undefined;
};

const compensate = (draft: Draft, word: DeskWord): SagaRefusal | undefined => {
  if (!canUndo(draft)) {
    return 'nothing_to_undo';
  }
  if (draft.direction === 'forward') {
    if (isBarred(draft)) {
      return 'past_pivot';
    }
    turnBack(draft);
  }
  draft.exceptions.push({ kind: 'note', id: word.exception.id, what: 'compensate', ...remarked(word) });
  retryUndos(draft, word.by);
  return undefined;
};

const forward = (draft: Draft, word: DeskWord): SagaRefusal | undefined => {
  if (draft.direction === 'forward') {
    return 'not_backward';
  }
  resolveAll(draft, { as: 'forward', ...remarked(word) });
  turnForward(draft);
  return undefined;
};

const ofStep = (draft: Draft, step: FlowStep, word: DeskWord): SagaRefusal | undefined => {
  if (draft.direction === 'backward' && word.exception.undo !== true) {
    return 'unwinding';
  }
  switch (word.action) {
    case 'skip':
      return say(draft, step, word, 'skipped');
    case 'done':
      return say(draft, step, word, 'done');
    default:
      return retry(draft, step, word);
  }
};

export const actAtDesk = (draft: Draft, word: DeskWord): SagaRefusal | undefined => {
  const step = stepWith(draft, word.exception);
  if (step === undefined) {
    return 'already_handled';
  }
  if (givenBytes(draft, word) > MAX_GIVEN_BYTES) {
    return 'too_large';
  }
  switch (word.action) {
    case 'compensate':
      return compensate(draft, word);
    case 'forward':
      return forward(draft, word);
    default:
      return ofStep(draft, step, word);
  }
};

/** It stays failed, and turns nothing back; but no one has to look at it any more. */
export const handle = (draft: Draft, word: HandleWord): SagaRefusal | undefined => {
  const { exception } = word;
  const step = stepWith(draft, exception);
  if (step === undefined) {
    return 'already_handled';
  }
  resolveException(draft, step, exception.undo === true, { as: 'handled', ...remarked(word) });
  return undefined;
};
