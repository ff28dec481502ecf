/** API B's task: a job as that API shows it. */
import * as z from 'zod';
import { jobSettingsShown, SETTINGS_EXAMPLE } from '../job-settings.ts';
import { RUN_EXAMPLE, runSchema } from './run.ts';
import { PRIORITY_WORDS, STATUS_WORDS } from './task-inputs.ts';

const instant = (description: string) => z.string().nullable().meta({ format: 'date-time', description });

export const taskSchema = z
  .object({
    id: z.int().min(1),
    name: z.string(),
    description: z.string(),
    executor: z.string().meta({ description: 'shell, http or python; of a task made elsewhere also another handler' }),
    command: z.string().optional(),
    working_directory: z.string().optional(),
    environment: z.record(z.string(), z.string()).optional(),
    url: z.string().optional(),
    method: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    body: z.string().optional(),
    arguments: z.array(z.string()).optional(),
    python_path: z.string().optional(),
    schedule: z.string().nullable(),
    priority: z.enum(PRIORITY_WORDS),
    retry_count: z.int().min(0).meta({ description: 'Tries after the first' }),
    timeout_seconds: z.number().min(0),
    status: z.enum(STATUS_WORDS).meta({
      description: 'paused: no occurrence fires, it can be triggered. disabled: neither',
    }),
    created_at: z.string().meta({ format: 'date-time' }),
    updated_at: z.string().meta({ format: 'date-time' }),
    next_run_at: instant('The next occurrence'),
    last_run_at: instant('When it last started a run'),
    project: z.string(),
    category: z.string(),
    ...jobSettingsShown,
  })
  .meta({ id: 'ScheduledTask' });
export type ScheduledTask = z.input<typeof taskSchema>;

export const taskWithRunsSchema = taskSchema
  .extend({ recent_runs: z.array(runSchema).meta({ description: 'The newest ten' }) })
  .meta({ id: 'ScheduledTaskWithRuns' });

export const TASK_EXAMPLE: ScheduledTask = {
  id: 7205759403792,
  name: 'database_backup',
  description: '',
  executor: 'shell',
  command: 'pg_dump mydb > /backup/$(date +%Y%m%d).sql',
  schedule: '0 2 * * *',
  priority: 'high',
  retry_count: 2,
  timeout_seconds: 1_800,
  status: 'active',
  created_at: '2030-01-01T00:00:00Z',
  updated_at: '2030-01-01T00:00:00Z',
  next_run_at: '2030-01-01T02:00:00Z',
  last_run_at: null,
  project: 'default',
  category: 'default',
  ...SETTINGS_EXAMPLE,
  day_rule: 'or',
  concurrency_policy: 'forbid',
};

export const TASK_WITH_RUNS_EXAMPLE = { ...TASK_EXAMPLE, recent_runs: [RUN_EXAMPLE] };
