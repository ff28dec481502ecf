/** What follows from the runs of a saga: which steps begin, what is undone, when it ends. */
import { beginSteps, beginUndos, isDone } from './begin.ts';
import type { SagaDecision, SagaView } from './decision.ts';
import { closeDraft, type Draft, isActive, openDraft } from './draft.ts';
import { ensureRuns } from './ensure.ts';
import { resolveAll, SYSTEM } from './exceptions.ts';
import { isSagaEnded, type Resolution, type SagaStatus } from './saga.ts';
import { settle } from './settle.ts';
import { turnBack, turns } from './turn.ts';

const forwardStatus = (draft: Draft): SagaStatus => {
  const states = [...draft.steps.values()];
  if (states.some(isActive)) {
    return 'running';
  }
  return states.every(isDone) ? 'succeeded' : 'failed';
};

const backwardStatus = (draft: Draft): SagaStatus => {
  const states = [...draft.steps.values()];
  if (states.some(isActive)) {
    return draft.leave ? draft.status : 'compensating';
  }
  if (draft.leave) {
    return 'cancelled';
  }
  if (states.some(({ undo }) => undo === 'failed')) {
    return 'failed';
  }
  return draft.cancelled && states.every(({ undo }) => undo === undefined) ? 'cancelled' : 'compensated';
};

const RESOLUTIONS: Readonly<Partial<Record<SagaStatus, Resolution>>> = {
  compensated: 'compensated',
  cancelled: 'cancelled',
};

/** Everything that can be done now, and where that leaves the saga. */
export const proceed = (draft: Draft, by: string): void => {
  if (turns(draft) === 'now') {
    turnBack(draft);
  }
  if (draft.direction === 'forward') {
    beginSteps(draft);
  }
  // A step that could not even begin turns it back as any other failure does.
  if (turns(draft) === 'now') {
    turnBack(draft);
  }
  if (draft.direction === 'backward' && !draft.leave) {
    beginUndos(draft);
  }
  ensureRuns(draft);
  draft.status = draft.direction === 'forward' ? forwardStatus(draft) : backwardStatus(draft);
  const as = RESOLUTIONS[draft.status];
  if (as !== undefined) {
    resolveAll(draft, { as, by });
  }
};

/** Decided again on its own result, with the same runs, it changes nothing and starts only what is missing. */
export const advance = (view: SagaView): SagaDecision => {
  const draft = openDraft(view);
  if (!isSagaEnded(view.saga)) {
    settle(draft);
    proceed(draft, SYSTEM);
  }
  return closeDraft(draft);
};
