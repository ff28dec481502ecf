/** API A's cron job, and what stands beside it. */
import * as z from 'zod';
import { JOB_STATES } from '../../../domain/job/job.ts';
import { jobSettingsShown, SETTINGS_EXAMPLE } from '../job-settings.ts';
import { METADATA_EXAMPLE, metadataShown } from './metadata.ts';
import { TASK_STATUSES } from './task.ts';

const instant = (description: string) => z.string().meta({ format: 'date-time', description });

export const cronjobSchema = z
  .object({
    id: z.string().meta({ description: 'Opaque' }),
    project: z.string(),
    category: z.string(),
    name: z.string().meta({ description: 'Unique within the project' }),
    time: z.string().meta({ description: 'The cron expression; empty where it is only started by hand' }),
    command: z.string().meta({ description: 'Of a job of API B that calls a web address: the address' }),
    args: z.string(),
    description: z.string(),
    last_plan: instant('The occurrence that fired last').nullable(),
    last_dispatch: instant('When it fired').nullable(),
    last_status: z.enum(TASK_STATUSES).nullable().meta({ description: 'How its last task stands' }),
    next_plan: instant('The next occurrence').nullable(),
    is_active: z.boolean(),
    save_log: z.boolean(),
    timeout: z.number().meta({ description: 'Seconds; 0: none' }),
    max_retry: z.int(),
    metadata: metadataShown,
    executor: z.string().meta({ description: 'What executes it' }),
    state: z.enum(JOB_STATES),
    ...jobSettingsShown,
    created_at: instant('When it was created'),
    updated_at: instant('When it last changed'),
    deleted: z.boolean(),
  })
  .meta({ id: 'Cronjob' });
export type Cronjob = z.input<typeof cronjobSchema>;

export const CRONJOB_EXAMPLE: Cronjob = {
  id: '774763315200000',
  project: 'default',
  category: 'default',
  name: 'nightly-report',
  time: '0 0 2 * * * *',
  command: 'bin/report',
  args: '["--all"]',
  description: '',
  last_plan: '2030-01-02T02:00:00Z',
  last_dispatch: '2030-01-02T01:59:57Z',
  last_status: 'success',
  next_plan: '2030-01-03T02:00:00Z',
  is_active: true,
  save_log: true,
  timeout: 0,
  max_retry: 0,
  metadata: METADATA_EXAMPLE,
  executor: 'shell',
  state: 'active',
  ...SETTINGS_EXAMPLE,
  created_at: '2030-01-01T00:00:00Z',
  updated_at: '2030-01-02T02:00:00Z',
  deleted: false,
};

export const readingSchema = z
  .object({
    valid: z.literal(true),
    expression: z.string(),
    next_execution_time: instant('The next occurrence'),
    next_execution_times: z.array(z.string()).meta({ description: 'The next occurrences, at most five' }),
    description: z.string().meta({ description: 'How it was understood, in words' }),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'ExpressionReading' });

export const READING_EXAMPLE: z.input<typeof readingSchema> = {
  valid: true,
  expression: '0 0 2 * * * *',
  next_execution_time: '2030-01-01T02:00:00Z',
  next_execution_times: ['2030-01-01T02:00:00Z', '2030-01-02T02:00:00Z'],
  description: 'at 02:00',
  warnings: [],
};

const ledgerEntry = z
  .object({
    time_plan: instant('The occurrence'),
    outcome: z.enum(['ran', 'skipped', 'missed', 'due']),
    reason: z.string().nullable().meta({ description: 'Why it did not run: overlap, deadline, paused, dst_gap, …' }),
    task: z.string().nullable().meta({ description: 'Id of its task' }),
    status: z.enum(TASK_STATUSES).nullable().meta({ description: 'How that stands' }),
  })
  .meta({ id: 'CronjobLedgerEntry' });

export const ledgerSchema = z.object({
  from: z.string().meta({ format: 'date-time' }),
  to: z.string().meta({ format: 'date-time' }),
  entries: z.array(ledgerEntry).meta({ description: 'Oldest first' }),
  next_from: z.string().optional().meta({ description: 'There were more than `limit`: go on from here' }),
});

export const LEDGER_EXAMPLE: z.input<typeof ledgerSchema> = {
  from: '2030-01-01T00:00:00Z',
  to: '2030-01-03T00:00:00Z',
  entries: [
    {
      time_plan: '2030-01-01T02:00:00Z',
      outcome: 'ran',
      reason: null,
      task: '774763315200000.1893463200000',
      status: 'success',
    },
    { time_plan: '2030-01-02T02:00:00Z', outcome: 'skipped', reason: 'paused', task: null, status: null },
  ],
};

export const backfillSchema = z
  .object({
    id: z.string(),
    cronjob: z.string(),
    from: z.string().meta({ format: 'date-time' }),
    to: z.string().meta({ format: 'date-time' }),
    parallel: z.int(),
    status: z.enum(['running', 'done', 'canceled']),
    total: z.int().meta({ description: 'Occurrences that had no task when it was asked for' }),
    created: z.int().meta({ description: 'Tasks created so far' }),
    created_at: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'BackfillStatus' });

export const BACKFILL_EXAMPLE: z.input<typeof backfillSchema> = {
  id: '774763315200001',
  cronjob: '774763315200000',
  from: '2029-12-01T00:00:00Z',
  to: '2030-01-01T00:00:00Z',
  parallel: 2,
  status: 'running',
  total: 31,
  created: 4,
  created_at: '2030-01-01T00:00:00Z',
};

export const plannedSchema = z.object({
  dry_run: z.literal(true),
  total: z.int(),
  first: z.string().nullable().meta({ format: 'date-time' }),
  last: z.string().nullable().meta({ format: 'date-time' }),
});

export const PLANNED_EXAMPLE: z.input<typeof plannedSchema> = {
  dry_run: true,
  total: 31,
  first: '2029-12-01T02:00:00Z',
  last: '2029-12-31T02:00:00Z',
};

/** What a call on many did. */
export const bulkSchema = z
  .object({
    changed: z.int(),
    failed: z.array(z.object({ id: z.string(), reason: z.string() })),
    next_cursor: z.string().optional().meta({ description: 'There may be more: send it as cursor' }),
  })
  .meta({ id: 'BulkResult' });

export const BULK_EXAMPLE: z.input<typeof bulkSchema> = {
  changed: 199,
  failed: [{ id: '774763315200000', reason: '记录不存在' }],
  next_cursor: 'Nzc0NzYzMzE1MjAwMDAw',
};
