/** Which way a saga goes, and what turning round makes of its steps. */
import type { FlowStep } from '../flow/flow.ts';
import { type Draft, dependentsOf, setStep, stateOf, without } from './draft.ts';
import type { StepState } from './saga.ts';
import { anew } from './settle.ts';

const pivots = (draft: Draft): readonly StepState[] =>
  draft.view.flow.steps.filter(({ pivot }) => pivot).map((step) => stateOf(draft, step));

/** It has happened, or nobody knows that it has not. */
const mayHavePassed = ({ status, unknown }: StepState): boolean =>
  status === 'succeeded' || (unknown === true && status !== 'running');

export const hasPassed = (draft: Draft): boolean => pivots(draft).some(({ status }) => status === 'succeeded');

/** A pivot that runs cannot be stopped without leaving it unknown whether there is a way back. */
export const isBarred = (draft: Draft): boolean =>
  pivots(draft).some((pivot) => pivot.status === 'running' || mayHavePassed(pivot));

export const canUndo = ({ view }: Draft): boolean => view.flow.steps.some(({ compensate }) => compensate !== undefined);

/**
 * Whether what has failed turns the transaction back by itself. `wait`: once the pivot that runs has told whether it can;
 * nothing new begins until then. What a person has dealt with elsewhere turns nothing back.
 */
export const turns = (draft: Draft): 'no' | 'wait' | 'now' => {
  const isAsked = draft.view.flow.steps.some((step) => {
    const { status, exception } = stateOf(draft, step);
    return status === 'failed' && exception !== undefined && step.retry.strategy !== 'manual';
  });
  if (draft.direction === 'backward' || !isAsked || !canUndo(draft) || pivots(draft).some(mayHavePassed)) {
    return 'no';
  }
  return pivots(draft).some(({ status }) => status === 'running') ? 'wait' : 'now';
};

/** What runs is stopped, and nothing more begins. */
export const turnBack = (draft: Draft): void => {
  draft.direction = 'backward';
  for (const step of draft.view.flow.steps) {
    const state = stateOf(draft, step);
    if (state.status === 'running') {
      setStep(draft, step, { ...state, stopping: true });
    } else if (state.status === 'pending') {
      setStep(draft, step, { ...without(state, 'startAt'), status: 'cancelled' });
    }
  }
};

/**
 * How a step that is not being executed goes on when nothing is to be undone any more. What was undone, or never done, is done
 * anew; what was done, and is not undone, stays done.
 */
export const forwards = (state: StepState): StepState => {
  if (state.undo === 'succeeded') {
    return anew(state);
  }
  const rest = without(state, 'undo', 'startAt', 'undoInput');
  return state.status === 'failed' || state.status === 'cancelled' ? { ...rest, status: 'pending' } : rest;
};

/** Undos that run are waited for, and so is what is being stopped: they end as {@link forwards} says. */
export const turnForward = (draft: Draft): void => {
  draft.direction = 'forward';
  draft.cancelled = false;
  for (const step of draft.view.flow.steps) {
    const state = stateOf(draft, step);
    if (state.status !== 'running' && state.undo !== 'running') {
      setStep(draft, step, forwards(state));
    }
  }
  reconsider(draft);
};

/** What was left out because of an output that will come anew may be wanted this time. */
const reconsider = (draft: Draft): void => {
  const comesAnew = ({ status, undo }: StepState): boolean => status === 'pending' || undo === 'running';
  for (const step of draft.view.flow.steps.filter((each) => comesAnew(stateOf(draft, each)))) {
    for (const dependent of dependentsOf(draft, step)) {
      const state = stateOf(draft, dependent);
      if (state.status === 'skipped') {
        setStep(draft, dependent, { ...state, status: 'pending' });
      }
    }
  }
};

/** Its undo is still to come. */
export const isToUndo = ({ compensate }: FlowStep, { status, unknown, undo }: StepState): boolean =>
  compensate !== undefined &&
  (status === 'succeeded' || (unknown === true && status !== 'running')) &&
  undo !== 'succeeded' &&
  undo !== 'given_up';
