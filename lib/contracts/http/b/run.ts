/** API B's run. */
import * as z from 'zod';

export const RUN_STATUS_WORDS = [
  'pending',
  'dispatched',
  'running',
  'completed',
  'failed',
  'timeout',
  'cancelled',
  'skipped',
] as const;
export type RunStatusWord = (typeof RUN_STATUS_WORDS)[number];

const instant = (description: string) => z.string().nullable().meta({ format: 'date-time', description });

export const runSchema = z
  .object({
    id: z.string(),
    task_id: z.int().min(1).nullable().meta({ description: 'The task that it is a run of' }),
    status: z.enum(RUN_STATUS_WORDS).meta({ description: 'pending also while a failed attempt waits to be repeated' }),
    worker_id: z.string().nullable(),
    attempt: z.int().min(0),
    scheduled_at: z.string().meta({ format: 'date-time', description: 'The instant that it was asked for' }),
    started_at: instant('When the current attempt began'),
    completed_at: instant('When it ended, however it did'),
    exit_code: z.int().nullable().meta({ description: "The process's exit code, or the HTTP status" }),
    result: z.string().nullable().meta({ description: 'What it wrote to its standard output, or the answer' }),
    error_message: z.string().nullable().meta({ description: 'What it wrote to its standard error, or why it failed' }),
    execution_duration_ms: z.number().min(0).nullable(),
    created_at: z.string().meta({ format: 'date-time' }),
    trigger: z.enum(['schedule', 'manual', 'backfill', 'retry']).nullable().meta({ description: 'What started it' }),
    skip_reason: z.enum(['overlap', 'deadline']).nullable().meta({ description: 'Why it was not executed' }),
  })
  .meta({ id: 'TaskRun' });

export type TaskRun = z.input<typeof runSchema>;

export const RUN_EXAMPLE: TaskRun = {
  id: '7205759403792.1893456000001',
  task_id: 7205759403792,
  status: 'completed',
  worker_id: 'worker-001',
  attempt: 1,
  scheduled_at: '2030-01-01T00:00:00.001Z',
  started_at: '2030-01-01T00:00:00.050Z',
  completed_at: '2030-01-01T00:00:01Z',
  exit_code: 0,
  result: 'hello\n',
  error_message: null,
  execution_duration_ms: 950,
  created_at: '2030-01-01T00:00:00.001Z',
  trigger: 'manual',
  skip_reason: null,
};

export const ledgerEntrySchema = z
  .object({
    scheduled_at: z.string().meta({ format: 'date-time' }),
    outcome: z.enum(['ran', 'skipped', 'missed', 'due']),
    reason: z.string().nullable().meta({ description: 'Of what did not run: overlap, deadline, paused, dst_gap, …' }),
    run_id: z.string().nullable(),
    status: runSchema.shape.status.nullable(),
  })
  .meta({ id: 'LedgerEntry' });
