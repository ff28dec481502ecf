/** A run as API A shows it. */
import type { RunView } from '../../../../application/api.ts';
import type { JobBrief } from '../../../../application/jobs/api.ts';
import type { Task } from '../../../../contracts/http/a/task.ts';
import { parseJobRunId } from '../../../../domain/ids.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import { keepsOutput, type Run, type TaskForm } from '../../../../domain/run.ts';
import { instantOrNull } from './a-answers.ts';
import { outputOf, statusOf } from './task-words.ts';
import { DEFAULT_NAME, timeoutOf, workOf } from './work.ts';

/** `YYYYMMDD-HHMMSS`, in UTC. */
const stamp = (epochMs: number): string =>
  new Date(epochMs).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');

/** What of a job its tasks show. */
export type JobOfTask = JobBrief & { readonly metadata?: string };

/**
 * What a client may have said of a run; of a job's run what its job says, as long as nobody said otherwise.
 * @param job of a job's run; absent where it was deleted
 */
export const formOf = (run: Run, job: JobOfTask | undefined): TaskForm => {
  if (run.task !== undefined) {
    return run.task;
  }
  const { instant = run.executeAt } = parseJobRunId(run.id) ?? {};
  return {
    name: run.job === undefined ? run.handler : `${job?.name ?? run.job}-${stamp(instant)}`,
    project: job?.project ?? DEFAULT_NAME,
    category: job?.category ?? run.needs?.category ?? DEFAULT_NAME,
    description: job?.description ?? '',
    saveLog: keepsOutput(run),
    ...(run.job === undefined ? { isStandalone: true } : { cronjob: run.job }),
    ...(job?.metadata === undefined ? {} : { metadata: job.metadata }),
  };
};

export const taskView = (run: RunView, job?: JobOfTask): Task => {
  const form = formOf(run, job);
  const { handler, payload, priority, needs } = run;
  return {
    id: run.id,
    project: form.project,
    category: form.category,
    cronjob: form.cronjob ?? run.job ?? null,
    name: form.name,
    is_group: form.isGroup === true,
    task_order: form.taskOrder ?? 0,
    previous: form.previous ?? null,
    next: form.next ?? null,
    ...workOf({ handler, payload, priority, needs, kept: form.metadata }),
    description: form.description,
    time_plan: formatInstant(run.executeAt),
    timeout_at: instantOrNull(run.startBy),
    time_start: instantOrNull(run.startedAt),
    time_end: instantOrNull(run.endedAt),
    status: statusOf(run),
    output: outputOf(run),
    save_log: form.saveLog,
    retry_count: Math.min(run.tries, run.maxTries - 1),
    max_retry: run.maxTries - 1,
    worker_id: run.worker ?? null,
    worker_name: run.worker ?? null,
    is_standalone: form.isStandalone === true,
    timeout: timeoutOf(run.timeoutMs),
    executor: handler,
    exit_code: run.exitCode ?? null,
    progress: run.progress === undefined ? null : { ...run.progress },
    created_at: formatInstant(run.createdAt),
    updated_at: formatInstant(run.updatedAt),
    deleted: false,
  };
};

/** The task as it was first stored: what a create, start or retry answers, whatever has happened since. */
export const createdTaskView = (run: RunView, job?: JobOfTask): Task => {
  const { output: _1, error: _2, reason: _3, worker: _4, startedAt: _5, endedAt: _6, exitCode: _7, ...rest } = run;
  const { progress: _8, notedOutput: _9, ...first } = rest;
  return taskView({ ...first, status: 'ready', tries: 0, updatedAt: run.createdAt }, job);
};
