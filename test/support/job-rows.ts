/** Jobs, workers and categories for tests: ids ordered by creation, names that nobody else has. */
import type { Category, WorkerRow } from '../../lib/application/ports/index.ts';
import type { Job, JobSpec } from '../../lib/domain/job/job.ts';
import { freshNumber } from './identity-rows.ts';
import { NOW } from './rows.ts';

/** As the composition makes them: 53 bits. */
export const freshJobId = (): string => String(7_000_000_000_000_000 + freshNumber());

export const aSpec = (fields: Partial<JobSpec> = {}): JobSpec => ({
  handler: 'shell',
  payload: '{"command":"pg_dump -Fc production"}',
  pool: 'default',
  priority: 5,
  maxTries: 3,
  timeoutMs: 300_000,
  strategy: 'least_loaded',
  ...fields,
});

export const aJob = (fields: Partial<Job> = {}): Job => {
  const id = fields.id ?? freshJobId();
  const { payload, ...spec } = aSpec();
  return {
    ...{ id, project: 'default', name: `nightly ${id}`, category: 'default', description: 'Saves it', saveLog: true },
    ...spec,
    ...{ payload, payloadBytes: payload.length, state: 'active', spec: 1, rev: 1, version: 1, fired: 0 },
    schedule: {
      ...{ expression: '0 2 * * *', timeZone: 'Europe/Berlin', days: 'or', gap: 'shift', overlap: 'once' },
      ...{ startAt: NOW, jitterMs: 0 },
    },
    policy: { concurrency: 'forbid', misfire: 'fire_once', misfireCap: 100 },
    ...{ next: NOW + 3_600_000, createdAt: NOW, createdBy: 'user:1', updatedAt: NOW },
    ...fields,
  };
};

/** Its next version: what a change of its definition writes. */
export const changedJob = (job: Job, fields: Partial<Job>): Job => ({
  ...job,
  ...{ rev: job.rev + 1, version: job.version + 1, updatedAt: job.updatedAt + 1 },
  ...fields,
});

/** Its next version after an occurrence fired: the chain alone. */
export const firedJob = (job: Job): Job => {
  const n = job.next ?? NOW;
  const pend = {
    n,
    rev: job.rev,
    at: n - 3_000,
    executeAt: n,
    spec: job.spec,
    turn: job.fired,
    trigger: 'schedule' as const,
  };
  return {
    ...job,
    ...{ version: job.version + 1, next: n + 86_400_000, pend, last: `${job.id}.${n}`, lastFiredAt: n - 3_000 },
    fired: job.fired + 1,
  };
};

export const aWorkerRow = (fields: Partial<WorkerRow> = {}): WorkerRow => {
  const id = fields.id ?? `worker-${freshNumber()}`;
  return {
    ...{ id, name: `host ${id}`, description: '', active: true, metadata: '{}', pool: 'default', enabled: true },
    ...{ handlers: ['shell', 'http', 'python'], tags: ['gpu'], version: 1, createdAt: NOW, updatedAt: NOW },
    ...fields,
  };
};

export const aCategory = (fields: Partial<Category> = {}): Category => {
  const id = fields.id ?? String(freshNumber());
  return {
    ...{ id, code: `code-${id}`, name: 'Backups', setup: '', teardown: '', check: 'true', description: '' },
    ...{ version: 1, createdAt: NOW, updatedAt: NOW },
    ...fields,
  };
};
