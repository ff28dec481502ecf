/** Jobs and what they are made of, with everything that a test does not care about filled in. */
import type { Schedule } from '../../../lib/domain/cron/schedule.ts';
import type { Job, JobPolicy, Pending } from '../../../lib/domain/job/job.ts';
import { specOf, type Wanted } from '../../../lib/domain/job/wanted.ts';
import { NOW } from '../../support/rows.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Every minute, since a day ago. */
export const aSchedule = (fields: Partial<Schedule> = {}): Schedule => ({
  expression: '* * * * *',
  timeZone: 'UTC',
  days: 'or',
  gap: 'shift',
  overlap: 'once',
  startAt: NOW - DAY_MS,
  jitterMs: 0,
  ...fields,
});

export const aPolicy = (fields: Partial<JobPolicy> = {}): JobPolicy => ({
  concurrency: 'allow',
  misfire: 'fire_once',
  misfireCap: 100,
  ...fields,
});

export const PAYLOAD = '{"to":"a@example.com"}';

/** An active job whose next occurrence is in a minute. */
export const aJob = (fields: Partial<Job> = {}): Job => ({
  id: '4611686018427904',
  project: 'default',
  name: 'report',
  category: 'default',
  description: '',
  saveLog: true,
  handler: 'send_email',
  pool: 'default',
  priority: 5,
  maxTries: 1,
  timeoutMs: 300_000,
  strategy: 'least_loaded',
  state: 'active',
  schedule: aSchedule(),
  scheduledFrom: NOW - DAY_MS,
  policy: aPolicy(),
  payload: PAYLOAD,
  payloadBytes: PAYLOAD.length,
  spec: 1,
  rev: 1,
  version: 7,
  next: NOW + MINUTE_MS,
  fired: 3,
  createdAt: NOW - DAY_MS,
  createdBy: '1',
  updatedAt: NOW - DAY_MS,
  ...fields,
});

export const aPend = (fields: Partial<Pending> = {}): Pending => ({
  n: NOW,
  rev: 1,
  at: NOW - 3_000,
  executeAt: NOW,
  spec: 1,
  turn: 2,
  trigger: 'schedule',
  ...fields,
});

/** The job as somebody would describe it who wants it to stay as it is. */
export const wantedAs = (job: Job, fields: Partial<Wanted> = {}): Wanted => ({
  details: {
    project: job.project,
    name: job.name,
    category: job.category,
    description: job.description,
    saveLog: job.saveLog,
  },
  spec: specOf(job, { payload: PAYLOAD }),
  payloadBytes: PAYLOAD.length,
  policy: job.policy,
  state: job.state === 'deleted' ? 'disabled' : job.state,
  ...(job.schedule === undefined ? {} : { schedule: job.schedule }),
  ...fields,
});
