/** How a run ends without its worker's word: it did not begin in time, a person says so, or what it waited for has happened. */
import { keptFor } from './ids.ts';
import { isInFlight, type Run } from './run.ts';
import { cancel, type Decision, type EndContext, type InlineReport } from './run-decisions.ts';

/** A run did not begin in time (rule R8): it ends without having been tried. */
export const expire = (run: Run, error: string, end: EndContext): Decision => ({
  change: {
    id: run.id,
    transition: 'expire',
    expect: { attempt: run.attempt, g: run.g, fence: run.fence },
    set: {
      status: 'timed_out',
      reason: 'not_started',
      error,
      endedAt: end.now,
      updatedAt: end.now,
      expiresAt: end.now + keptFor(run.id, end.retentionMs),
    },
    clear: ['readyAt', 'readyShard'],
  },
});

/** How a person says that a run ended: `error` means that it could not be executed. */
export type Settled = 'succeeded' | 'failed' | 'error' | 'timed_out' | 'cancelled';

const SETTLED_BY = {
  succeeded: { transition: 'succeed', status: 'succeeded', reason: 'operator' },
  failed: { transition: 'fail', status: 'failed', reason: 'operator' },
  error: { transition: 'fail', status: 'failed', reason: 'operator_not_run' },
  timed_out: { transition: 'time_out', status: 'timed_out', reason: 'operator' },
} as const;

/**
 * A person's verdict (rule R9): what is in flight ends that way for good, whatever tries are left; what waits can only be
 * cancelled. The session is part of the condition, because its worker is to be told.
 */
export const settle = (run: Run, as: Settled, end: EndContext): Decision | 'illegal' => {
  if (as === 'cancelled') {
    const decision = cancel(run, end);
    return decision === 'already_ended' ? 'illegal' : decision;
  }
  if (!isInFlight(run.status)) {
    return 'illegal';
  }
  const { now, retentionMs } = end;
  const { transition, status, reason } = SETTLED_BY[as];
  return {
    change: {
      id: run.id,
      transition,
      expect: {
        attempt: run.attempt,
        g: run.g,
        fence: run.fence,
        ...(run.session === undefined ? {} : { session: run.session.id }),
      },
      set: {
        status,
        reason,
        endedAt: now,
        updatedAt: now,
        expiresAt: now + keptFor(run.id, retentionMs),
        ...(status === 'succeeded' ? {} : { tries: run.tries + 1 }),
      },
      clear: ['session', 'seq', 'progress'],
    },
  };
};

/**
 * What a run waited for has happened (rule T8): it ends without having been tried. A run that somebody executes already ends by
 * that.
 * @param as `failed`: what it waited for came to another end, or never began
 */
export const fulfil = (
  run: Run,
  as: 'succeeded' | 'failed',
  report: InlineReport,
  end: EndContext,
): Decision | 'illegal' => {
  if (run.status !== 'scheduled' && run.status !== 'ready') {
    return 'illegal';
  }
  const { now } = end;
  return {
    change: {
      id: run.id,
      transition: as === 'succeeded' ? 'fulfil' : 'fulfil_badly',
      expect: { attempt: run.attempt, g: run.g, fence: run.fence },
      set: {
        status: as,
        endedAt: now,
        updatedAt: now,
        expiresAt: now + keptFor(run.id, end.retentionMs),
        ...(as === 'succeeded' ? {} : { reason: 'not_fulfilled' }),
        ...report,
      },
      clear: ['readyAt', 'readyShard'],
    },
  };
};
