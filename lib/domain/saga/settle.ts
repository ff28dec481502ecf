/** Takes in how the runs of a saga have ended. */
import type { FlowStep } from '../flow/flow.ts';
import { isRunOpen, isTerminal } from '../run.ts';
import type { StepRun } from './decision.ts';
import { currentRun, type Draft, setStep, stateOf, without } from './draft.ts';
import { failureOf, raise, resolveException, SYSTEM } from './exceptions.ts';
import type { StepState } from './saga.ts';

/**
 * A run that was cancelled is over when its worker has said so (rule R7): what undoes it must not race it. Where nothing is to
 * be undone nothing waits for that.
 */
const isSettled = (run: StepRun, leave: boolean): boolean => (leave ? isTerminal(run.status) : !isRunOpen(run));

type Failed = Pick<StepRun, 'reason' | 'exitCode'>;

/** A request whose answer never came, or that broke the one who was asked: only a 4xx is a clear no. */
const isUnanswered = ({ type }: Pick<FlowStep, 'type'>, { reason, exitCode = 500 }: Failed): boolean =>
  (type === 'http' || type === 'rpc') && reason === 'handler_failed' && exitCode >= 500;

/**
 * Whether a run that ended badly may have had effects all the same: one of its attempts ran out of time, lost its worker, was
 * stopped half-way, was not answered, or succeeded and could not bring its output. What waits for a signal and is not told has
 * done nothing; a transaction that nobody waits for any longer is turned back, and undoes itself.
 */
const isUnknown = (step: FlowStep, run: StepRun): boolean => {
  const { status, reason, attempt, history = [] } = run;
  const leavesOpen = (failed: Failed): boolean => failed.reason === 'output_not_stored' || isUnanswered(step, failed);
  return status === 'cancelled'
    ? attempt > 0
    : reason === 'worker_lost' ||
        (status === 'timed_out' && reason !== 'not_started') ||
        leavesOpen(run) ||
        history.some((tried) => tried.outcome === 'timed_out' || tried.outcome === 'lost' || leavesOpen(tried));
};

/** Stopped because the transaction turned back; or it never was more than a mark that nothing may begin under its id. */
const wasStopped = ({ stopping }: StepState, { status, reason }: StepRun): boolean =>
  stopping === true && (status === 'cancelled' || reason === 'not_started');

const settleStep = (draft: Draft, step: FlowStep, run: StepRun): void => {
  const before = stateOf(draft, step);
  const state = without(before, 'startAt', 'stopping');
  if (run.status === 'succeeded') {
    setStep(draft, step, { ...without(state, 'unknown'), status: 'succeeded' });
    resolveException(draft, step, false, { as: 'retried', by: SYSTEM });
    return;
  }
  const known = before.unknown === true || isUnknown(step, run) ? { ...state, unknown: true as const } : state;
  const isBackward = draft.direction === 'backward';
  if (wasStopped(before, run)) {
    // A person may have turned it forward again while it was being stopped: then it begins anew.
    setStep(draft, step, { ...known, status: isBackward ? 'cancelled' : 'pending' });
    return;
  }
  setStep(draft, step, { ...known, status: 'failed' });
  // While it unwinds a further failure asks nothing of a person: all is undone as it is.
  if (!isBackward || before.exception !== undefined) {
    raise(draft, step, false, failureOf(run));
  }
};

/** As if it had never been done, but for the number of its runs and what a person gave it. */
export const anew = (state: StepState): StepState => ({
  ...without(state, 'unknown', 'stopping', 'undo', 'startAt', 'undoInput', 'output'),
  status: 'pending',
});

/** While the transaction unwinds that was asked for; when a person made it go forward meanwhile, the step is done again. */
export const undone = (draft: Draft, step: FlowStep): void => {
  const state = without(stateOf(draft, step), 'startAt');
  setStep(draft, step, draft.direction === 'backward' ? { ...state, undo: 'succeeded' } : anew(state));
};

const settleUndo = (draft: Draft, step: FlowStep, run: StepRun): void => {
  if (run.status === 'succeeded') {
    undone(draft, step);
    resolveException(draft, step, true, { as: 'retried', by: SYSTEM });
    return;
  }
  setStep(draft, step, { ...without(stateOf(draft, step), 'startAt'), undo: 'failed' });
  if (!draft.leave) {
    raise(draft, step, true, failureOf(run));
  }
};

/** What is not among the runs is left as it is: whether it exists is not judged here. */
export const settle = (draft: Draft): void => {
  for (const step of draft.view.flow.steps) {
    const { status, undo } = stateOf(draft, step);
    const run = status === 'running' ? currentRun(draft, step, false) : undefined;
    const undoRun = undo === 'running' ? currentRun(draft, step, true) : undefined;
    if (run !== undefined && isSettled(run, draft.leave)) {
      settleStep(draft, step, run);
    }
    if (undoRun !== undefined && isSettled(undoRun, draft.leave)) {
      settleUndo(draft, step, undoRun);
    }
  }
};
