/** A job as API B's task. */
import type { JobView } from '../../../../application/jobs/api.ts';
import type { ScheduledTask } from '../../../../contracts/http/b/task.ts';
import type { PriorityWord } from '../../../../contracts/http/b/task-inputs.ts';
import { jobSettingsView } from '../../../../contracts/http/job-settings.ts';
import { parseJobRunId } from '../../../../domain/ids.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import { fieldsOf } from './executor.ts';

/** Of the classes from 1 (first) to 10 (last). */
export const PRIORITY: Readonly<Record<PriorityWord, number>> = { critical: 1, high: 3, normal: 5, low: 8 };

/** The word whose class is not after the job's: API A's jobs may have the classes between. */
const priorityWord = (priority: number): PriorityWord => {
  const words = (['low', 'normal', 'high', 'critical'] as const).filter((word) => PRIORITY[word] <= priority);
  return words[0] ?? 'critical';
};

const instant = (epochMs: number | undefined): string | null => (epochMs === undefined ? null : formatInstant(epochMs));

/** A run is fired seconds ahead of its instant, and one that was missed long after it. */
const lastRunAt = ({ last, lastFiredAt }: JobView): number | undefined => {
  const nominal = last === undefined ? undefined : parseJobRunId(last)?.instant;
  return nominal === undefined ? lastFiredAt : Math.max(nominal, lastFiredAt ?? 0);
};

export const jobView = (job: JobView): ScheduledTask => ({
  id: Number(job.id),
  name: job.name,
  description: job.description,
  executor: job.handler,
  ...fieldsOf(job.handler, job.payload),
  schedule: job.schedule?.expression ?? null,
  priority: priorityWord(job.priority),
  retry_count: job.maxTries - 1,
  timeout_seconds: job.timeoutMs / 1_000,
  // A deleted one is found by nobody.
  status: job.state === 'deleted' ? 'disabled' : job.state,
  created_at: formatInstant(job.createdAt),
  updated_at: formatInstant(job.updatedAt),
  next_run_at: job.state === 'active' ? instant(job.next) : null,
  last_run_at: instant(lastRunAt(job)),
  project: job.project,
  category: job.category,
  ...jobSettingsView(job, 'B'),
});
