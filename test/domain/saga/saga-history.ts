/** Judges what really happened: the history of a saga may only be one of those that a saga promises. */
import type { Flow, FlowStep } from '../../../lib/domain/flow/flow.ts';
import { ancestorsOf } from '../../../lib/domain/flow/graph.ts';
import { stepOf } from '../../../lib/domain/saga/saga.ts';
import type { Event } from './saga-world.ts';

type Truth = {
  /** Runs of it that execute right now. */
  doing: number;
  undoing: number;
  /** What it does is there, or may be. */
  effect: 'none' | 'unknown' | 'there';
  /** A person has left it out, or given its undo up. */
  waived: boolean;
  givenUp: boolean;
  /** It has succeeded, or a person says so, and it was not undone since. */
  done: boolean;
};

const fresh = (): Truth => ({ doing: 0, undoing: 0, effect: 'none', waived: false, givenUp: false, done: false });

type Trial = {
  readonly flow: Flow;
  readonly truth: Map<string, Truth>;
  readonly problems: string[];
  isOver: boolean;
};

const truthOf = ({ truth }: Trial, id: string): Truth => {
  const found = truth.get(id) ?? fresh();
  truth.set(id, found);
  return found;
};

const stepIn = ({ flow }: Trial, id: string): FlowStep | undefined => flow.steps.find((step) => step.id === id);

const beginDo = (trial: Trial, id: string): void => {
  const truth = truthOf(trial, id);
  const step = stepIn(trial, id);
  const { problems } = trial;
  if (truth.doing > 0 || truth.undoing > 0) {
    problems.push(`${id} begins while it is being done or undone`);
  }
  for (const dependency of step?.dependsOn ?? []) {
    const of = truthOf(trial, dependency);
    // One that was left out has never been done, and has no effect: that it was right to leave it out is checked elsewhere.
    const isLeftOut = !of.done && of.doing === 0 && of.effect !== 'there';
    if (of.undoing > 0 || of.doing > 0 || !(of.done || of.waived || isLeftOut)) {
      problems.push(`${id} begins before ${dependency} is done`);
    }
  }
  if (step?.pivot && trial.flow.steps.some(({ id: other }) => truthOf(trial, other).undoing > 0)) {
    problems.push(`pivot ${id} begins while something is being undone`);
  }
  truth.doing += 1;
  truth.givenUp = false;
};

const beginUndo = (trial: Trial, id: string): void => {
  const truth = truthOf(trial, id);
  const { problems, flow } = trial;
  if (truth.doing > 0) {
    problems.push(`${id} is undone while it is being done`);
  }
  if (truth.undoing > 0) {
    problems.push(`${id} is undone twice at once`);
  }
  if (truth.effect === 'none') {
    problems.push(`${id} is undone, and there is nothing to undo`);
  }
  const ancestors = ancestorsOf(flow.steps);
  for (const other of flow.steps.filter((each) => ancestors.get(each.id)?.has(id))) {
    const { doing, undoing, effect, givenUp, waived } = truthOf(trial, other.id);
    const isLeft = other.compensate === undefined || givenUp || waived || effect === 'none';
    if (doing > 0 || undoing > 0 || !isLeft) {
      problems.push(`${id} is undone before ${other.id}, which depends on it`);
    }
  }
  for (const { id: pivot } of flow.steps.filter((step) => step.pivot)) {
    const { doing, effect, waived } = truthOf(trial, pivot);
    if (doing > 0 || (effect !== 'none' && !waived)) {
      problems.push(`${id} is undone behind the pivot ${pivot}`);
    }
  }
  truth.undoing += 1;
};

const endOf = (trial: Trial, { step, undo, as }: Extract<Event, { kind: 'end' }>): void => {
  const truth = truthOf(trial, step);
  if (undo) {
    truth.undoing -= 1;
    if (as === 'done') {
      Object.assign(truth, { effect: 'none', done: false, givenUp: false });
    }
    return;
  }
  truth.doing -= 1;
  if (as === 'done') {
    Object.assign(truth, { effect: 'there', done: true });
  } else if (as === 'unknown' && truth.effect === 'none' && stepIn(trial, step)?.type !== 'flow') {
    // A transaction that nobody waits for any longer undoes itself.
    truth.effect = 'unknown';
  }
};

const said = (trial: Trial, { step, undo, as }: Extract<Event, { kind: 'said' }>): void => {
  const truth = truthOf(trial, step);
  if (undo) {
    Object.assign(truth, as === 'done' ? { effect: 'none', done: false } : { givenUp: true });
  } else {
    Object.assign(truth, as === 'done' ? { effect: 'there', done: true } : { waived: true, effect: 'none' });
  }
};

const over = (trial: Trial, { saga }: Extract<Event, { kind: 'over' }>): void => {
  const { problems, flow } = trial;
  trial.isOver = true;
  for (const step of flow.steps) {
    const { doing, undoing, effect, done, waived, givenUp } = truthOf(trial, step.id);
    const { status } = stepOf(saga, step.id);
    if (saga.leave === undefined && (doing > 0 || undoing > 0)) {
      problems.push(`it is over while ${step.id} executes`);
    }
    if (saga.status === 'succeeded' && !(done || waived || status === 'skipped')) {
      problems.push(`it has succeeded without ${step.id}`);
    }
    if (saga.status === 'compensated' && step.compensate !== undefined && effect !== 'none' && !givenUp) {
      problems.push(`it is compensated, and ${step.id} is not undone`);
    }
  }
};

/** @returns what is wrong with it */
export const problemsOf = (flow: Flow, events: readonly Event[]): readonly string[] => {
  const trial: Trial = { flow, truth: new Map(), problems: [], isOver: false };
  for (const event of events) {
    if (trial.isOver && event.kind === 'begin') {
      trial.problems.push(`${event.run} begins after the end`);
    }
    switch (event.kind) {
      case 'begin':
        (event.undo ? beginUndo : beginDo)(trial, event.step);
        break;
      case 'end':
        endOf(trial, event);
        break;
      case 'said':
        said(trial, event);
        break;
      case 'over':
        over(trial, event);
        break;
    }
  }
  return trial.problems;
};
