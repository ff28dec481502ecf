/** A run in API B's words. */
import type { RunView } from '../../../../application/api.ts';
import type { RunStatusWord, TaskRun } from '../../../../contracts/http/b/run.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import { RUN_STATUSES, type RunStatus } from '../../../../domain/run.ts';
import { errorMessage } from '../task-view.ts';

export const STATUS_WORD: Readonly<Record<RunStatus, RunStatusWord>> = {
  scheduled: 'pending',
  ready: 'pending',
  dispatched: 'dispatched',
  running: 'running',
  succeeded: 'completed',
  failed: 'failed',
  timed_out: 'timeout',
  cancelled: 'cancelled',
  skipped: 'skipped',
};

/** The run statuses that a word stands for. */
export const statusesOf = (word: RunStatusWord): readonly RunStatus[] =>
  RUN_STATUSES.filter((status) => STATUS_WORD[status] === word);

const instant = (epochMs: number | undefined): string | null => (epochMs === undefined ? null : formatInstant(epochMs));

/** As it was first stored, whatever has happened since: also a run that is dispatched in the same call reads as pending. */
export const createdRunView = (run: RunView): TaskRun => ({
  id: run.id,
  task_id: run.job === undefined ? null : Number(run.job),
  status: 'pending',
  worker_id: null,
  attempt: 0,
  scheduled_at: formatInstant(run.executeAt),
  started_at: null,
  completed_at: null,
  exit_code: null,
  result: null,
  error_message: null,
  execution_duration_ms: null,
  created_at: formatInstant(run.createdAt),
  trigger: run.trigger ?? null,
  skip_reason: null,
});

/** What a process that succeeded wrote to its standard error is its log. */
const errorText = (run: RunView): string | undefined => errorMessage(run) ?? run.log;

export const runView = (run: RunView): TaskRun => ({
  ...createdRunView(run),
  status: STATUS_WORD[run.status],
  worker_id: run.worker ?? null,
  attempt: run.attempt,
  started_at: instant(run.startedAt),
  completed_at: instant(run.endedAt),
  exit_code: run.exitCode ?? null,
  result: run.notedOutput ?? run.output ?? null,
  error_message: errorText(run) ?? null,
  execution_duration_ms: run.durationMs ?? null,
  skip_reason: run.skip ?? null,
});
