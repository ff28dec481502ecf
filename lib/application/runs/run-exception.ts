import { ERROR_HEAD_CHARS, type FailureReason, type Run } from '../../domain/run.ts';
import type { RunException } from '../ports/index.ts';

/** What tells a person that a run has ended badly. */
export const toException = (
  run: Run,
  ended: { readonly reason: FailureReason; readonly error?: string },
  at: number,
): RunException => ({
  kind: 'run_failed',
  id: `run:${run.id}`,
  at,
  run: run.id,
  attempt: run.attempt,
  handler: run.handler,
  reason: ended.reason,
  ...(ended.error === undefined ? {} : { error: ended.error.slice(0, ERROR_HEAD_CHARS) }),
});
