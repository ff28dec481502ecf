/** Which steps begin, and which are undone. */
import { holds } from '../flow/condition.ts';
import type { FlowStep } from '../flow/flow.ts';
import type { Roots } from '../flow/paths.ts';
import type { StepStart } from './decision.ts';
import { type Draft, dependentsOf, isActive, setStep, stateOf, without } from './draft.ts';
import { markRetried, raise } from './exceptions.ts';
import { prepare, rootsOf } from './prepare.ts';
import type { StepState } from './saga.ts';
import { hasPassed, isToUndo, turns } from './turn.ts';

const SETTLED: readonly StepState['status'][] = ['succeeded', 'waived', 'skipped'];

/** It is done, or left out, for good: nothing undoes it right now. */
export const isDone = ({ status, undo }: StepState): boolean => SETTLED.includes(status) && undo === undefined;

const dependenciesOf = (draft: Draft, { dependsOn }: FlowStep): readonly StepState[] =>
  dependsOn.map((id) => stateOf(draft, { id }));

/** Nothing that it depends on is still to come. */
const isFree = (draft: Draft, step: FlowStep): boolean =>
  stateOf(draft, step).status === 'pending' && dependenciesOf(draft, step).every(isDone);

const isLeftOut = (draft: Draft, step: FlowStep): boolean => {
  const dependencies = dependenciesOf(draft, step);
  return (
    (dependencies.length > 0 && dependencies.every(({ status }) => status === 'skipped')) ||
    (step.when !== undefined && !holds(step.when, rootsOf(draft)))
  );
};

/** A person asked for it to begin: nothing else is waited for. */
const isAsked = ({ startAt }: StepState): boolean => startAt !== undefined;

/**
 * There is no way back behind a pivot: it does not begin while something waits for a person, who may want to turn back, or is
 * being undone.
 */
const isHeld = (draft: Draft, step: FlowStep): boolean =>
  step.pivot &&
  !hasPassed(draft) &&
  [...draft.steps.values()].some(({ status, undo }) => status === 'failed' || undo === 'running' || undo === 'failed');

/** Steps are left out one after the other: what depends on them alone is left out with them. */
const leaveOut = (draft: Draft): void => {
  const left = draft.view.flow.steps.find((step) => isFree(draft, step) && isLeftOut(draft, step));
  if (left !== undefined) {
    setStep(draft, left, { ...without(stateOf(draft, left), 'startAt'), status: 'skipped' });
    leaveOut(draft);
  }
};

const readySteps = (draft: Draft): readonly FlowStep[] => {
  leaveOut(draft);
  const isWaiting = turns(draft) !== 'no';
  return draft.view.flow.steps.filter(
    (step) => isFree(draft, step) && (isAsked(stateOf(draft, step)) || !(isWaiting || isHeld(draft, step))),
  );
};

/** No fewer than will be ready, before anything is known of the outputs that conditions look at. */
export const stepsThatMayBegin = (draft: Draft): readonly FlowStep[] => {
  const { steps } = draft.view.flow;
  const may = new Set<string>();
  for (let size = -1; size < may.size; ) {
    size = may.size;
    for (const step of steps) {
      const isClear = step.dependsOn.every((id) => may.has(id) || isDone(stateOf(draft, { id })));
      if (stateOf(draft, step).status === 'pending' && isClear) {
        may.add(step.id);
      }
    }
  }
  return steps.filter(({ id }) => may.has(id));
};

type Prepared = {
  readonly step: FlowStep;
  /** Once it has begun. */
  readonly state: StepState;
  readonly made: StepStart | { readonly problem: string };
};

/**
 * Exceptions that one decision opens at the most. DynamoDB writes 100 rows in one transaction; 100 steps that all refer to a
 * parameter which was forgotten would be more. The others are left for whenever a person, or a run, moves the saga on.
 */
const MOST_OPENED = 95;

const roomFor = ({ exceptions }: Draft): number =>
  MOST_OPENED - exceptions.filter(({ kind }) => kind === 'open').length;

/** Nothing begins beside what cannot: that may turn the transaction back. @returns whether all have begun */
const beginAll = (draft: Draft, undo: boolean, prepared: readonly Prepared[]): boolean => {
  const bad = prepared.flatMap(({ step, made }) => ('problem' in made ? [{ step, error: made.problem }] : []));
  for (const { step, error } of bad.slice(0, roomFor(draft))) {
    const state = without(stateOf(draft, step), 'startAt');
    setStep(draft, step, undo ? { ...state, undo: 'failed' } : { ...state, status: 'failed' });
    raise(draft, step, undo, { error, reason: 'bad_payload', tries: 0 });
  }
  for (const { step, state, made } of bad.length === 0 ? prepared : []) {
    if (!('problem' in made)) {
      setStep(draft, step, state);
      draft.starts.push(made);
    }
  }
  return bad.length === 0;
};

/** Begins what is ready; what cannot begin has failed, and may turn the transaction back. */
export const beginSteps = (draft: Draft): void => {
  const ready = readySteps(draft);
  const roots = rootsOf(draft);
  const prepared = ready.map((step): Prepared => {
    const before = stateOf(draft, step);
    const state: StepState = { ...without(before, 'output'), status: 'running', runs: before.runs + 1 };
    return { step, state, made: prepare(draft, step, state, false, roots) };
  });
  if (!beginAll(draft, false, prepared) && turns(draft) !== 'now' && roomFor(draft) > 0) {
    beginSteps(draft);
  }
};

const isUndoFailed = ({ undo }: StepState): boolean => undo === 'failed';

/** Those that nothing depends on which runs or is still to be undone. */
export const undosToBegin = (draft: Draft): readonly FlowStep[] =>
  draft.view.flow.steps.filter((step) => {
    const state = stateOf(draft, step);
    return (
      isToUndo(step, state) &&
      state.undo === undefined &&
      dependentsOf(draft, step).every((dependent) => {
        const other = stateOf(draft, dependent);
        return !isActive(other) && !isToUndo(dependent, other);
      })
    );
  });

const prepareUndo = (draft: Draft, step: FlowStep, roots?: Roots): Prepared => {
  const before = stateOf(draft, step);
  const state: StepState = { ...before, undo: 'running', undoRuns: (before.undoRuns ?? 0) + 1 };
  return { step, state, made: prepare(draft, step, state, true, roots) };
};

/** An undo that has failed stops the unwind: whoever repairs it sees the rest as it was. */
export const beginUndos = (draft: Draft): void => {
  if (![...draft.steps.values()].some(isUndoFailed)) {
    const roots = rootsOf(draft);
    beginAll(
      draft,
      true,
      undosToBegin(draft).map((step) => prepareUndo(draft, step, roots)),
    );
  }
};

/** A person wants a failed undo tried again. */
export const retryUndo = (draft: Draft, step: FlowStep): void => {
  beginAll(draft, true, [prepareUndo(draft, step)]);
};

/** All that have failed. */
export const retryUndos = (draft: Draft, by: string): void => {
  for (const step of draft.view.flow.steps.filter((each) => isUndoFailed(stateOf(draft, each)))) {
    markRetried(draft, step, true, draft.view.now, by);
    retryUndo(draft, step);
  }
};
