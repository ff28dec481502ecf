/** API D's task: a run as that API shows it. */
import * as z from 'zod';

export const TASK_STATUSES = ['pending', 'processing', 'completed', 'failed', 'cancelled'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** The most characters (code points) of a task type. */
export const MAX_TASK_TYPE_LENGTH = 50;

const instant = (description: string) => z.string().meta({ format: 'date-time', description });

const attemptRecord = z
  .object({
    attempt: z.int().min(1).meta({ description: 'Number of the claim; only grows' }),
    outcome: z.enum(['succeeded', 'failed', 'timed_out', 'lost', 'undelivered', 'cancelled']).meta({
      description: 'lost: its worker fell silent. undelivered: it never reached the worker, and counts as no attempt',
    }),
    reason: z.string().optional().meta({ description: 'Why it ended badly, in one word' }),
    worker: z.string().optional(),
    started_at: instant('When the handler began').optional(),
    ended_at: instant('When the outcome was recorded').optional(),
    exit_code: z.int().optional(),
    error: z.string().optional(),
  })
  .meta({ id: 'Attempt' });

const evidence = z
  .object({
    state: z.enum(['pending', 'exited', 'none']).meta({
      description:
        'pending: the worker was told to stop. exited: it saw the work end. none: nobody could prove the end',
    }),
    at: instant('When that was known').optional(),
    signal: z.string().optional().meta({ description: 'The signal that ended the process' }),
    exit_code: z.int().optional(),
  })
  .meta({ id: 'Evidence', description: 'What proves that a task cancelled while it was processed no longer runs' });

export const taskSchema = z
  .object({
    id: z.int().min(1),
    execute_at: instant('When it is to be executed'),
    task_type: z.string().meta({ description: 'Name of the handler that executes it' }),
    payload: z.unknown().meta({ description: 'Any JSON. Numbers come back exactly as they were written' }),
    status: z
      .enum(TASK_STATUSES)
      .meta({ description: 'pending also while a failed attempt waits to be repeated; failed also after a timeout' }),
    attempts: z.int().min(0).meta({ description: 'Attempts begun' }),
    max_attempts: z.int().min(1),
    error_message: z.string().optional().meta({ description: 'Why it failed, or why its last attempt did' }),
    created_at: instant('When it was created'),
    updated_at: instant('When it last changed'),
    completed_at: instant('When it completed or failed for good').optional(),
    started_at: instant('When the current attempt began').optional(),
    worker: z.string().optional().meta({ description: 'Name of the worker of the current attempt' }),
    exit_code: z.int().optional().meta({ description: "The process's exit code, or the HTTP status" }),
    output: z.string().optional(),
    log: z.string().optional().meta({ description: 'What the handler logged' }),
    progress: z.object({ percent: z.number(), note: z.string().optional() }).optional(),
    evidence: evidence.optional(),
    attempt_history: z.array(attemptRecord).optional().meta({ description: 'Ended attempts, oldest first' }),
  })
  .meta({ id: 'Task', description: 'A task scheduled for an instant' });

export type Task = z.input<typeof taskSchema>;
export type TaskAttempt = z.input<typeof attemptRecord>;
