import type { Run, TransitionName } from '../../lib/domain/run.ts';
import {
  adopt,
  cancel,
  claim,
  type Decision,
  dispatchDue,
  endBadly,
  fallDue,
  recordEvidence,
  reportProgress,
  start,
  succeed,
  undoClaim,
} from '../../lib/domain/run-decisions.ts';
import { expire, fulfil } from '../../lib/domain/run-verdicts.ts';
import { aGrant, NOW, RETENTION_MS, SESSION_REF } from './rows.ts';

/** When every decision of {@link decide} is taken. */
export const LATER = NOW + 5_000;
export const END = { now: LATER, retentionMs: RETENTION_MS };
export const FAILED = { outcome: 'failed', reason: 'handler_failed' } as const;

const cancelled = (run: Run): Decision => {
  const decision = cancel(run, END);
  if (decision === 'already_ended') {
    throw new Error(`A run that is ${run.status} was said to have ended`);
  }
  return decision;
};

const fulfilled = (run: Run, as: 'succeeded' | 'failed'): Decision => {
  const decision = fulfil(run, as, {}, END);
  if (decision === 'illegal') {
    throw new Error(`A run that is ${run.status} was said to wait for nothing`);
  }
  return decision;
};

/** Every decision that changes a row, under the transition that it stands for. */
const DECIDE: Partial<Record<TransitionName, (run: Run) => Decision>> = {
  fall_due: (run) => fallDue(run, 0, LATER),
  dispatch_due: (run) => dispatchDue(run, aGrant(), LATER),
  claim: (run) => claim({ ...run, readyAt: run.readyAt ?? NOW }, aGrant(), LATER),
  undo_claim: (run) => undoClaim(run, 0, LATER),
  start: (run) => start(run, NOW, LATER),
  report_progress: (run) => reportProgress(run, { percent: 50 }, LATER),
  adopt: (run) => adopt(run.id, run.attempt, 'session-1', { ...SESSION_REF, id: 'session-2' }, LATER),
  succeed: (run) => succeed(run, { outcome: 'succeeded' }, {}, END),
  retry: (run) => endBadly(run, FAILED, {}, END, 0.5),
  fail: (run) => endBadly({ ...run, tries: run.maxTries - 1 }, FAILED, {}, END, 0.5),
  time_out: (run) =>
    endBadly({ ...run, tries: run.maxTries - 1 }, { outcome: 'timed_out', reason: 'timed_out' }, {}, END, 0.5),
  expire: (run) => expire(run, 'late', END),
  fulfil: (run) => fulfilled(run, 'succeeded'),
  fulfil_badly: (run) => fulfilled(run, 'failed'),
  cancel_waiting: cancelled,
  cancel_in_flight: cancelled,
  record_evidence: (run) => recordEvidence(run, { state: 'exited', at: LATER }, {}, LATER),
};

/** A decision that makes the transition, from a run in a status that it may start from. */
export const decide = (name: TransitionName, run: Run): Decision => {
  const decision = DECIDE[name]?.(run);
  if (decision === undefined) {
    throw new Error(`No decision makes the transition ${name}`);
  }
  return decision;
};
