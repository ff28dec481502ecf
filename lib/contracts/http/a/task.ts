/** API A's task: a run as that API shows it. */
import * as z from 'zod';
import { METADATA_EXAMPLE, metadataShown } from './metadata.ts';

export const TASK_STATUSES = [
  'pending',
  'running',
  'success',
  'failed',
  'error',
  'timeout',
  'canceled',
  'retrying',
] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

const instant = (description: string) => z.string().meta({ format: 'date-time', description });

export const taskSchema = z
  .object({
    id: z.string().meta({ description: 'Opaque' }),
    project: z.string(),
    category: z.string(),
    cronjob: z.string().nullable().meta({ description: 'Id of the cron job that it belongs to' }),
    name: z.string(),
    is_group: z.boolean(),
    task_order: z.int(),
    previous: z.string().nullable(),
    next: z.string().nullable(),
    command: z.string(),
    args: z.string(),
    description: z.string(),
    time_plan: instant('When it is to run'),
    timeout_at: instant('Not begun by then, it ends as timeout').nullable(),
    time_start: instant('When its current or last attempt began').nullable(),
    time_end: instant('When it ended').nullable(),
    status: z.enum(TASK_STATUSES).meta({
      description:
        'failed: it ran and said no. error: it could not run, or its worker was lost. timeout also where it was not begun by timeout_at. retrying: waits for its next attempt',
    }),
    output: z.string().meta({ description: 'Over 1,024 characters: the first and the last 100' }),
    save_log: z.boolean(),
    retry_count: z.int(),
    max_retry: z.int(),
    worker_id: z.string().nullable(),
    worker_name: z.string().nullable(),
    is_standalone: z.boolean(),
    timeout: z.number().meta({ description: 'Seconds; 0: none' }),
    metadata: metadataShown,
    executor: z.string().meta({ description: 'What executes it' }),
    exit_code: z.int().nullable(),
    progress: z.object({ percent: z.number(), note: z.string().optional() }).nullable(),
    created_at: instant('When it was created'),
    updated_at: instant('When it last changed'),
    deleted: z.boolean(),
  })
  .meta({ id: 'CronjobTask' });
export type Task = z.input<typeof taskSchema>;

export const TASK_EXAMPLE: Task = {
  id: '774763315200000.1893463200000',
  project: 'default',
  category: 'default',
  cronjob: '774763315200000',
  name: 'nightly-report-20300101-020000',
  is_group: false,
  task_order: 0,
  previous: null,
  next: null,
  command: 'bin/report',
  args: '["--all"]',
  description: '',
  time_plan: '2030-01-01T02:00:00Z',
  timeout_at: null,
  time_start: '2030-01-01T02:00:00Z',
  time_end: '2030-01-01T02:00:07Z',
  status: 'success',
  output: '7 reports\n',
  save_log: true,
  retry_count: 0,
  max_retry: 0,
  worker_id: 'worker-1',
  worker_name: 'worker-1',
  is_standalone: false,
  timeout: 0,
  metadata: METADATA_EXAMPLE,
  executor: 'shell',
  exit_code: 0,
  progress: null,
  created_at: '2030-01-01T01:59:57Z',
  updated_at: '2030-01-01T02:00:07Z',
  deleted: false,
};
