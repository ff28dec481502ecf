/** A job as API A shows it. */
import type { BackfillView, BulkDone, JobView, LedgerEntry } from '../../../../application/jobs/api.ts';
import type { Cronjob } from '../../../../contracts/http/a/cronjob.ts';
import { NOT_FOUND } from '../../../../contracts/http/a/inputs.ts';
import { jobSettingsView } from '../../../../contracts/http/job-settings.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import { instantOrNull } from './a-answers.ts';
import { statusOf } from './task-words.ts';
import { timeoutOf, workOf } from './work.ts';

export const cronjobView = (job: JobView): Cronjob => {
  const { handler, payload, priority, needs, metadata } = job;
  return {
    id: job.id,
    project: job.project,
    category: job.category,
    name: job.name,
    time: job.schedule?.expression ?? '',
    ...workOf({ handler, payload, priority, needs, kept: metadata }),
    description: job.description,
    last_plan: instantOrNull(job.pend?.n),
    last_dispatch: instantOrNull(job.lastFiredAt),
    last_status: job.lastStatus === undefined ? null : statusOf({ status: job.lastStatus }),
    next_plan: instantOrNull(job.next),
    is_active: job.state === 'active',
    save_log: job.saveLog,
    timeout: timeoutOf(job.timeoutMs),
    max_retry: job.maxTries - 1,
    executor: handler,
    state: job.state,
    ...jobSettingsView(job, 'A'),
    created_at: formatInstant(job.createdAt),
    updated_at: formatInstant(job.updatedAt),
    deleted: job.state === 'deleted',
  };
};

export const ledgerView = ({ n, outcome, reason, run, status }: LedgerEntry) => ({
  time_plan: formatInstant(n),
  outcome,
  reason: reason ?? null,
  task: run ?? null,
  status: status === undefined ? null : statusOf({ status }),
});

export const backfillView = ({ id, job, from, to, parallel, state, total, created, createdAt }: BackfillView) => ({
  id,
  cronjob: job,
  from: formatInstant(from),
  to: formatInstant(to),
  parallel,
  status: state === 'cancelled' ? ('canceled' as const) : state,
  total,
  created,
  created_at: formatInstant(createdAt),
});

export const bulkView = ({ changed, failed, cursor }: Omit<BulkDone, 'kind'>) => ({
  changed,
  failed: failed.map(({ id, reason }) => ({ id, reason: reason === 'not_found' ? NOT_FOUND : reason })),
  ...(cursor === undefined ? {} : { next_cursor: cursor }),
});
