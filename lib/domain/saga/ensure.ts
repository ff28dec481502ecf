/** What a crash may have left undone: runs that were not created, runs that were not stopped. */
import type { FlowStep } from '../flow/flow.ts';
import { isTerminal } from '../run.ts';
import { currentRun, type Draft, runIdOf, stateOf } from './draft.ts';
import { markOf, prepare } from './prepare.ts';
import { stepOf } from './saga.ts';

/** It was begun in the decision that is being made: nobody knows of it yet. */
const isNew = (draft: Draft, run: string): boolean => draft.starts.some((start) => start.run === run);

/** A run that cannot be made a second time is not needed: should the first exist, its end is waited for. */
const recreate = (draft: Draft, step: FlowStep, undo: boolean): void => {
  const made = prepare(draft, step, stateOf(draft, step), undo);
  draft.starts.push('problem' in made ? markOf(draft, step, undo) : made);
};

/** Asks the run to stop; one that does not exist is made impossible. */
const stop = (draft: Draft, step: FlowStep, undo: boolean, isAsked: boolean): void => {
  const run = currentRun(draft, step, undo);
  const id = runIdOf(draft.view.saga, step.id, stateOf(draft, step), undo);
  if (run === undefined && draft.view.complete) {
    draft.starts.push(markOf(draft, step, undo));
  }
  // Of what was not read nothing is known: it is asked once, when the transaction turns, and again by the alarm's look.
  if (run === undefined ? draft.view.complete || !isAsked : !isTerminal(run.status)) {
    draft.cancels.add(id);
  }
};

const ensure = (draft: Draft, step: FlowStep, undo: boolean): void => {
  const { saga, complete } = draft.view;
  const [state, before] = [stateOf(draft, step), stepOf(saga, step.id)];
  if (undo ? draft.leave : state.stopping) {
    stop(draft, step, undo, undo ? saga.leave === true : before.stopping === true);
  } else if (complete && currentRun(draft, step, undo) === undefined) {
    recreate(draft, step, undo);
  }
};

export const ensureRuns = (draft: Draft): void => {
  for (const step of draft.view.flow.steps) {
    for (const undo of [false, true]) {
      const state = stateOf(draft, step);
      const isRunning = (undo ? state.undo : state.status) === 'running';
      if (isRunning && !isNew(draft, runIdOf(draft.view.saga, step.id, state, undo))) {
        ensure(draft, step, undo);
      }
    }
  }
};
