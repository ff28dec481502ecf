/** A saga while it is decided on: the row as it will be, and what is to be done once it is written. */
import type { Flow, FlowStep } from '../flow/flow.ts';
import { ancestorsOf } from '../flow/graph.ts';
import { makeStepRunId } from '../ids.ts';
import type { ExceptionIntent, SagaDecision, SagaView, StepRun, StepStart } from './decision.ts';
import { isSagaEnded, PENDING_STEP, type Saga, type StepState, stepOf } from './saga.ts';

/** Which steps depend on a step, directly or not. */
type Dependents = ReadonlyMap<string, readonly FlowStep[]>;

const known = new WeakMap<Flow['steps'], Dependents>();

const dependentsIn = ({ steps }: Pick<Flow, 'steps'>): Dependents => {
  const found = known.get(steps);
  if (found !== undefined) {
    return found;
  }
  const ancestors = ancestorsOf(steps);
  const made = new Map(steps.map(({ id }) => [id, steps.filter((other) => ancestors.get(other.id)?.has(id))]));
  known.set(steps, made);
  return made;
};

export type Draft = {
  readonly view: SagaView;
  readonly dependents: Dependents;
  status: Saga['status'];
  direction: Saga['direction'];
  cancelled: boolean;
  leave: boolean;
  readonly steps: Map<string, StepState>;
  readonly starts: StepStart[];
  readonly cancels: Set<string>;
  readonly exceptions: ExceptionIntent[];
};

export const openDraft = (view: SagaView): Draft => ({
  view,
  dependents: dependentsIn(view.flow),
  status: view.saga.status,
  direction: view.saga.direction,
  cancelled: view.saga.cancelled === true,
  leave: view.saga.leave === true,
  steps: new Map(view.flow.steps.map(({ id }) => [id, stepOf(view.saga, id)])),
  starts: [],
  cancels: new Set(),
  exceptions: [],
});

export const stateOf = (draft: Draft, { id }: Pick<FlowStep, 'id'>): StepState => draft.steps.get(id) ?? PENDING_STEP;

export const dependentsOf = (draft: Draft, { id }: Pick<FlowStep, 'id'>): readonly FlowStep[] =>
  draft.dependents.get(id) ?? [];

/** The state without some of what it says. */
export const without = (state: StepState, ...fields: readonly (keyof StepState)[]): StepState =>
  Object.fromEntries(Object.entries(state).filter(([field]) => !fields.some((each) => each === field))) as StepState;

export const setStep = (draft: Draft, { id }: Pick<FlowStep, 'id'>, state: StepState): void => {
  draft.steps.set(id, state);
};

/** The current run of a step, or of its undo. */
export const runIdOf = (saga: Pick<Saga, 'no'>, step: string, state: StepState, undo: boolean): string =>
  makeStepRunId({ saga: saga.no, step, undo, n: undo ? (state.undoRuns ?? 0) : state.runs });

export const currentRun = (draft: Draft, step: FlowStep, undo: boolean): StepRun | undefined =>
  draft.view.runs.get(runIdOf(draft.view.saga, step.id, stateOf(draft, step), undo));

/** Its run is not settled. */
export const isActive = ({ status, undo }: StepState): boolean => status === 'running' || undo === 'running';

const isSame = (a: StepState, b: StepState): boolean => {
  const fields = Object.keys(a) as readonly (keyof StepState)[];
  return a === b || (fields.length === Object.keys(b).length && fields.every((field) => a[field] === b[field]));
};

const isChanged = ({ view: { saga, flow }, ...draft }: Draft): boolean =>
  draft.status !== saga.status ||
  draft.direction !== saga.direction ||
  draft.cancelled !== (saga.cancelled === true) ||
  draft.leave !== (saga.leave === true) ||
  draft.exceptions.length > 0 ||
  flow.steps.some(({ id }) => !isSame(draft.steps.get(id) ?? PENDING_STEP, stepOf(saga, id)));

/** `expiresAt` is not among it: how long what has ended is kept is not the machine's to say. */
const nextRow = (draft: Draft): Saga => {
  const { saga, now } = draft.view;
  const { cancelled: _cancelled, leave: _leave, expiresAt: _expiresAt, ...rest } = saga;
  const { status, direction } = draft;
  return {
    ...rest,
    ...{ status, direction },
    ...(draft.cancelled ? { cancelled: true } : {}),
    ...(draft.leave ? { leave: true } : {}),
    steps: Object.fromEntries([...draft.steps].filter(([, state]) => !isSame(state, PENDING_STEP))),
    updatedAt: now,
    version: saga.version + 1,
    ...(isSagaEnded(draft) ? { endedAt: now } : {}),
  };
};

export const closeDraft = (draft: Draft): SagaDecision => ({
  next: isChanged(draft) ? nextRow(draft) : draft.view.saga,
  starts: draft.starts,
  cancels: [...draft.cancels],
  exceptions: draft.exceptions,
});
