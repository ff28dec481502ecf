/**
 * A run in API D's words. The only place that knows both. What is not set is left out of the JSON, never `null`: a key
 * whose value is `undefined` is not printed.
 */
import type { RunView } from '../../../application/api.ts';
import type { Task, TaskAttempt, TaskStatus } from '../../../contracts/http/task.ts';
import { parseExactJson } from '../../../domain/exact-json.ts';
import { formatInstant } from '../../../domain/instant.ts';
import {
  type AttemptRecord,
  type Evidence,
  type FailureReason,
  isTerminal,
  type RunStatus,
  triesBegun,
} from '../../../domain/run.ts';

const STATUS: Readonly<Record<RunStatus, TaskStatus>> = {
  scheduled: 'pending',
  ready: 'pending',
  dispatched: 'processing',
  running: 'processing',
  succeeded: 'completed',
  failed: 'failed',
  timed_out: 'failed',
  cancelled: 'cancelled',
  // Only occurrences of jobs are skipped, and this API shows none.
  skipped: 'cancelled',
};

/** The run statuses that a task status stands for; none, when there is no such task status. */
export const runStatusesOf = (taskStatus: string): readonly RunStatus[] =>
  (Object.keys(STATUS) as RunStatus[]).filter((status) => status !== 'skipped' && STATUS[status] === taskStatus);

/** Said where an attempt ended badly and left no text of its own. */
const REASON_TEXT: Readonly<Record<FailureReason, string>> = {
  handler_failed: 'The handler failed',
  timed_out: 'The attempt ran out of time',
  not_started: 'It was not begun in time',
  worker_lost: 'The worker was lost',
  payload_unavailable: 'The worker could not fetch the payload',
  output_not_stored: 'It succeeded, and its output could not be kept',
  no_handler: 'The worker has no handler of this type',
  refused: 'The worker does not allow this',
  bad_payload: 'The payload lacks what the handler needs',
  operator: 'A person ended it',
  operator_not_run: 'A person said that it could not be executed',
  not_fulfilled: 'What it waited for came to another end',
};

const instant = (epochMs: number | undefined): string | undefined =>
  epochMs === undefined ? undefined : formatInstant(epochMs);

const errorText = (error: string | undefined, reason: FailureReason | undefined): string | undefined =>
  error || (reason === undefined ? undefined : REASON_TEXT[reason]);

/** A reason for a success says who said so, and is no error. */
const failureText = ({ status, error, reason }: RunView): string | undefined =>
  status === 'succeeded' ? undefined : errorText(error, reason);

const attemptView = (record: AttemptRecord): TaskAttempt => ({
  attempt: record.attempt,
  outcome: record.outcome,
  reason: record.reason,
  worker: record.worker,
  started_at: instant(record.startedAt),
  ended_at: formatInstant(record.endedAt),
  exit_code: record.exitCode,
  error: errorText(record.error, record.reason),
});

const lastOutcome = (run: RunView): TaskAttempt['outcome'] | undefined => {
  switch (run.status) {
    case 'succeeded':
      return 'succeeded';
    case 'timed_out':
      // What was not begun in time had no attempt.
      return run.reason === 'not_started' ? undefined : 'timed_out';
    case 'failed':
      return run.reason === 'worker_lost' ? 'lost' : 'failed';
    case 'cancelled':
      // Without evidence to wait for, it was cancelled between two attempts.
      return run.evidence === undefined ? undefined : 'cancelled';
    default:
      return undefined;
  }
};

/** The attempt that the run ended with: its record is still the run's own fields. */
const lastAttempt = (run: RunView): readonly TaskAttempt[] => {
  const outcome = lastOutcome(run);
  return outcome === undefined
    ? []
    : [
        {
          attempt: run.attempt,
          outcome,
          reason: run.reason,
          worker: run.worker,
          started_at: instant(run.startedAt),
          ended_at: instant(run.endedAt),
          exit_code: run.exitCode,
          error: failureText(run),
        },
      ];
};

const evidenceView = (evidence: Evidence): Task['evidence'] => {
  switch (evidence.state) {
    case 'pending':
      return { state: 'pending' };
    case 'abandoned':
      return { state: 'none', at: formatInstant(evidence.at) };
    case 'exited':
      return {
        state: 'exited',
        at: formatInstant(evidence.at),
        signal: evidence.signal,
        exit_code: evidence.exitCode,
      };
  }
};

/** Of a run that waits for its next try, the error is the last attempt's. */
export const errorMessage = (run: RunView): string | undefined => {
  if (isTerminal(run.status)) {
    return failureText(run);
  }
  const last = run.history.findLast(({ outcome }) => outcome !== 'undelivered');
  return last && errorText(last.error, last.reason);
};

export const taskView = (run: RunView): Task => {
  const history = [...run.history.map(attemptView), ...lastAttempt(run)];
  return {
    id: Number(run.id),
    execute_at: formatInstant(run.executeAt),
    task_type: run.handler,
    payload: parseExactJson(run.payload),
    status: STATUS[run.status],
    attempts: triesBegun(run),
    max_attempts: run.maxTries,
    error_message: errorMessage(run),
    created_at: formatInstant(run.createdAt),
    updated_at: formatInstant(run.updatedAt),
    completed_at: run.status === 'cancelled' ? undefined : instant(run.endedAt),
    started_at: instant(run.startedAt),
    worker: run.worker,
    exit_code: run.exitCode,
    output: run.notedOutput ?? run.output,
    log: run.log,
    progress: run.progress,
    evidence: run.evidence && evidenceView(run.evidence),
    attempt_history: history.length === 0 ? undefined : history,
  };
};

/**
 * The task as it was first stored: what a create answers, whatever has happened since. A repeated create gets the same
 * answer as the first, and a task that is dispatched in the same call still reads as pending.
 */
export const createdTaskView = (run: RunView): Task => ({
  id: Number(run.id),
  execute_at: formatInstant(run.executeAt),
  task_type: run.handler,
  payload: parseExactJson(run.payload),
  status: 'pending',
  attempts: 0,
  max_attempts: run.maxTries,
  created_at: formatInstant(run.createdAt),
  updated_at: formatInstant(run.createdAt),
});
