/** What may happen to a step of a transaction, and to its undo. */
import type { JsonObject } from '../../../lib/domain/flow/flow.ts';
import type { Run } from '../../../lib/domain/run.ts';
import type { Saga, StepState } from '../../../lib/domain/saga/saga.ts';
import type { FlowPlan, StepPlan } from '../flow-plans.ts';
import { isFinal } from './final.ts';
import { canBeMade, dependentsOf, isSettled, type Roots, whenHolds } from './saga-model.ts';
import { stepRun, undoRun } from './step-run.ts';
import type { Verdict } from './verdict.ts';

/** What people have asked for, each as often as it was sent. */
export const ASKED = ['retry', 'cancel', 'leave', 'skip', 'done', 'compensate', 'forward', 'handle'] as const;
export type Asked = (typeof ASKED)[number];

export type Book = {
  row: Saga;
  readonly plan: FlowPlan;
  readonly params: JsonObject;
  /** By step: the runs of it that have been undone. */
  readonly undone: Map<string, number>;
  /** Steps of which a person said that they were done. */
  readonly byHand: Set<string>;
  /** Runs that began anew: by step, and by the undo of one. */
  readonly again: Map<string, number>;
};

const PASSED: readonly StepState['status'][] = ['succeeded', 'skipped', 'waived'];
const PENDING: StepState = { status: 'pending', runs: 0 };
export const stateOf = ({ steps }: Pick<Saga, 'steps'>, step: string): StepState => steps[step] ?? PENDING;

/** Where nothing is undone nobody waits for the word of a worker that its handler has stopped. */
const hasEndedBadly = ({ leave }: Saga, run: Run | undefined): boolean =>
  run !== undefined && run.status !== 'succeeded' && (isSettled(run) || (leave === true && isFinal(run)));

/** What the account of transactions knows. */
export type Knowledge = {
  readonly runs: ReadonlyMap<string, Run>;
  readonly rootsOf: (book: Book) => Roots;
  /** It has an undo, and effects that may be there. */
  readonly isToUndo: (book: Book, step: StepPlan) => boolean;
  readonly isLeft: (book: Book, step: string) => boolean;
  /** How often a person has asked for it. */
  readonly askedFor: (instance: string, what: Asked) => number;
};

export const createStepAccount = ({ must }: Verdict, { runs, rootsOf, isToUndo, isLeft, askedFor }: Knowledge) => {
  const count = (book: Book, key: string): number => {
    const times = (book.again.get(key) ?? 0) + 1;
    book.again.set(key, times);
    return times;
  };

  /** A run of the step begins: what it depends on is passed, and nobody has turned back. */
  const onStepBegins = (book: Book, step: StepPlan, was: StepState, is: StepState): void => {
    const { row } = book;
    const { no } = row;
    const { id, dependsOn = [] } = step;
    must(
      is.runs === was.runs + 1,
      'saga_row_first',
      () => `step ${id} of ${no} went from run ${was.runs} (${was.status}) to run ${is.runs}`,
    );
    must(
      was.runs === 0 || isSettled(runs.get(stepRun(no, id, was.runs))),
      'saga_row_first',
      () => `run ${is.runs} of step ${id} of ${no} begins while the one before is not settled`,
    );
    must(row.direction === 'forward', 'saga_order', () => `step ${id} of ${no} begins after it has turned back`);
    const states = dependsOn.map((one) => stateOf(row, one).status);
    must(
      states.every((status) => PASSED.includes(status)) &&
        (states.length === 0 || states.some((status) => status !== 'skipped')),
      'saga_order',
      () => `step ${id} of ${no} begins though ${dependsOn.join(', ')} are ${states.join(', ')}`,
    );
    must(whenHolds(step, rootsOf(book)), 'saga_order', () => `step ${id} of ${no} begins though its condition fails`);
    const mostAgain = askedFor(row.instance, 'retry') + askedFor(row.instance, 'forward');
    must(
      was.runs === 0 || count(book, id) <= mostAgain,
      'saga_row_first',
      () => `step ${id} of ${no} begins run ${is.runs}, and ${mostAgain} retries were asked for`,
    );
  };

  const onUndoBegins = (book: Book, step: StepPlan, was: StepState, is: StepState): void => {
    const { row, plan } = book;
    const { no } = row;
    const { id } = step;
    const [n = 0, before = 0] = [is.undoRuns, was.undoRuns];
    must(
      n === before + 1 && was.undo !== 'succeeded' && (before === 0 || isSettled(runs.get(undoRun(no, id, before)))),
      'saga_row_first',
      () => `the undo of step ${id} of ${no} went from run ${before} (${was.undo}) to run ${n}`,
    );
    must(row.direction === 'backward', 'saga_undo', () => `step ${id} of ${no} is undone though it goes forward`);
    must(isToUndo(book, step), 'saga_undo', () => `step ${id} of ${no} is undone, and has done nothing`);
    for (const other of dependentsOf(plan, id)) {
      must(
        !isToUndo(book, other) || isLeft(book, other.id),
        'saga_undo',
        () => `step ${id} of ${no} is undone before step ${other.id}, which depends on it`,
      );
    }
    for (const other of [step, ...dependentsOf(plan, id)]) {
      const { runs: newest } = stateOf(row, other.id);
      must(
        newest === 0 || isSettled(runs.get(stepRun(no, other.id, newest))),
        'saga_undo',
        () => `step ${id} of ${no} is undone while run ${newest} of step ${other.id} is not settled`,
      );
    }
    const passed = plan.steps.find((one) => one.pivot === true && stateOf(row, one.id).status === 'succeeded');
    must(passed === undefined, 'saga_undo', () => `step ${id} of ${no} is undone past pivot ${passed?.id}`);
    const mostAgain =
      askedFor(row.instance, 'retry') + askedFor(row.instance, 'forward') + askedFor(row.instance, 'compensate');
    must(
      before === 0 || count(book, `undo ${id}`) <= mostAgain + askedFor(row.instance, 'cancel'),
      'saga_row_first',
      () => `the undo of step ${id} of ${no} begins run ${n}, and ${mostAgain} retries were asked for`,
    );
  };

  /** A step, or its undo, is no longer running: as its run ended, or as a person said. */
  const onStepEnds = (book: Book, step: StepPlan, was: StepState, is: StepState): void => {
    const { row } = book;
    const { no, instance } = row;
    const { id, dependsOn = [] } = step;
    const run = runs.get(stepRun(no, id, is.runs));
    const said = `step ${id} of ${no} is ${is.status}`;
    if (is.status === 'succeeded' && was.status === 'running') {
      // The decision that takes a failure in may be the one that a person's word asks for.
      const byHand = run?.status !== 'succeeded' && askedFor(instance, 'done') > 0;
      must(
        run?.status === 'succeeded' || byHand,
        'saga_complete',
        () => `${said}, and its run ${is.runs} is ${run?.status}`,
      );
      if (byHand) {
        book.byHand.add(id);
      }
    } else if (is.status === 'succeeded') {
      must(
        askedFor(instance, 'done') > 0 || was.undo !== undefined,
        'saga_complete',
        () => `${said} from ${was.status}`,
      );
      if (askedFor(instance, 'done') > 0) {
        book.byHand.add(id);
      }
    } else if (is.status === 'failed' && was.status === 'running') {
      must(hasEndedBadly(row, run), 'saga_complete', () => `${said}, and its run ${is.runs} is ${run?.status}`);
    } else if (is.status === 'failed') {
      must(!canBeMade(step, false, rootsOf(book)), 'saga_complete', () => `${said} without a run, and could have one`);
      must(
        dependsOn.every((one) => PASSED.includes(stateOf(row, one).status)),
        'saga_order',
        () => `${said} before what it depends on is done`,
      );
    } else if (is.status === 'waived') {
      must(askedFor(instance, 'skip') > 0, 'saga_complete', () => `${said}, and nobody has asked for it`);
    } else if (is.status === 'skipped') {
      const all = dependsOn.length > 0 && dependsOn.every((one) => stateOf(row, one).status === 'skipped');
      must(
        was.status === 'pending' && (all || !whenHolds(step, rootsOf(book))),
        'saga_order',
        () => `${said}, and its condition holds`,
      );
    } else if (is.status === 'cancelled') {
      must(
        row.direction === 'backward' || row.status === 'cancelled',
        'saga_complete',
        () => `${said}, and it goes forward`,
      );
      must(
        is.runs === 0 || was.status !== 'running' || isSettled(run) || askedFor(instance, 'leave') > 0,
        'saga_complete',
        () => `${said}, and its run is ${run?.status}`,
      );
    }
  };
  const onUndoEnds = (book: Book, { id }: StepPlan, was: StepState, is: StepState): void => {
    const { row } = book;
    const n = is.undoRuns ?? 0;
    const run = runs.get(undoRun(row.no, id, n));
    const said = `the undo of step ${id} of ${row.no} is ${is.undo}`;
    if (is.undo === 'succeeded') {
      must(
        run?.status === 'succeeded' || askedFor(row.instance, 'done') > 0,
        'saga_complete',
        () => `${said}, and its run ${n} is ${run?.status}`,
      );
      book.undone.set(id, is.runs);
      book.byHand.delete(id);
    } else if (is.undo === 'failed' && was.undo === 'running' && was.undoRuns === is.undoRuns) {
      must(hasEndedBadly(row, run), 'saga_complete', () => `${said}, and its run ${n} is ${run?.status}`);
    } else if (is.undo === 'given_up') {
      must(askedFor(row.instance, 'skip') > 0, 'saga_complete', () => `${said}, and nobody has asked for it`);
    }
  };

  const onEnd = (book: Book): void => {
    const { row, plan } = book;
    const { no, status } = row;
    const left = askedFor(row.instance, 'leave') > 0 && status === 'cancelled';
    for (const step of plan.steps) {
      const state = stateOf(row, step.id);
      const said = `${no} is ${status}, and step ${step.id} is ${state.status}`;
      const newest = runs.get(stepRun(no, step.id, state.runs));
      must(left || state.runs === 0 || isSettled(newest), 'saga_complete', () => `${said}: its run goes on`);
      if (status === 'succeeded') {
        must(PASSED.includes(state.status), 'saga_complete', () => said);
        must(
          state.status !== 'succeeded' ||
            state.runs === 0 ||
            (book.undone.get(step.id) ?? 0) < state.runs ||
            state.output !== undefined,
          'saga_complete',
          () => `${said}: it was undone`,
        );
      } else {
        must(
          left || !isToUndo(book, step) || isLeft(book, step.id),
          'saga_complete',
          () => `${said}: what it did is not undone`,
        );
      }
    }
    must(
      status !== 'cancelled' || row.cancelled === true || left,
      'saga_complete',
      () => `${no} is cancelled by nobody`,
    );
  };

  return { onStepBegins, onUndoBegins, onStepEnds, onUndoEnds, onEnd };
};
