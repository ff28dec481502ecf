/** What has to be read before a saga can be decided on. */
import type { Flow, FlowStep } from '../flow/flow.ts';
import { referencesOf } from '../flow/paths.ts';
import { isDone, stepsThatMayBegin, undosToBegin } from './begin.ts';
import type { StepRun } from './decision.ts';
import { type Draft, openDraft, runIdOf, stateOf } from './draft.ts';
import type { Saga, StepState } from './saga.ts';
import { settle } from './settle.ts';
import { canUndo, turnBack, turns } from './turn.ts';

/** Ids of the runs that the row says are not settled: of steps and of undos. */
export const unsettled = (saga: Pick<Saga, 'no' | 'steps'>): readonly string[] =>
  Object.entries(saga.steps).flatMap(([step, state]) => [
    ...(state.status === 'running' ? [runIdOf(saga, step, state, false)] : []),
    ...(state.undo === 'running' ? [runIdOf(saga, step, state, true)] : []),
  ]);

const neededToBegin = ({ when, config }: FlowStep): readonly string[] => [
  ...(when === undefined ? [] : referencesOf(when)),
  ...referencesOf(config),
];

const neededToUndo = ({ compensate }: FlowStep): readonly string[] =>
  compensate === undefined ? [] : referencesOf(compensate.config);

/** A person's word may begin and undo nearly anything; and what is missing is made anew. */
const ofWhole = (draft: Draft): readonly string[] =>
  draft.view.flow.steps.flatMap((step) => [
    ...(isDone(stateOf(draft, step)) && draft.direction === 'forward' ? [] : neededToBegin(step)),
    ...neededToUndo(step),
  ]);

/** What ends now lets these begin, or turns the transaction back. A step that cannot begin turns it back, too. */
const ofNext = (draft: Draft): readonly string[] => {
  if (turns(draft) === 'now') {
    turnBack(draft);
  }
  const steps = draft.direction === 'forward' ? stepsThatMayBegin(draft) : [];
  if (steps.length > 0 && canUndo(draft)) {
    turnBack(draft);
  }
  const undos = draft.direction === 'backward' && !draft.leave ? undosToBegin(draft) : [];
  return [...steps.flatMap(neededToBegin), ...undos.flatMap(neededToUndo)];
};

const hasOutput = ({ runs, output }: StepState): boolean => runs > 0 || output !== undefined;

/**
 * Ids of steps whose outputs a decision may look at.
 *
 * @param complete as the view's; a person's word is decided on a complete one
 */
export const outputsNeeded = (
  flow: Flow,
  saga: Saga,
  runs: ReadonlyMap<string, StepRun>,
  complete: boolean,
): readonly string[] => {
  const nothing = { params: {}, outputs: {}, now: saga.updatedAt, drawId: () => '' };
  const draft = openDraft({ flow, saga, runs, complete, ...nothing });
  settle(draft);
  const ids = new Set(complete ? ofWhole(draft) : ofNext(draft));
  return flow.steps.filter((step) => ids.has(step.id) && hasOutput(stateOf(draft, step))).map(({ id }) => id);
};
