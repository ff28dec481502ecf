/** API E's transaction, its tasks and their log. */
import * as z from 'zod';

export const TRANSACTION_STATUSES = [
  'pending',
  'running',
  'success',
  'failed',
  'compensating',
  'compensated',
  'cancelled',
] as const;
export type TransactionStatus = (typeof TRANSACTION_STATUSES)[number];

export const TRANSACTION_TASK_STATUSES = [
  'pending',
  'running',
  'success',
  'failed',
  'skipped',
  'cancelled',
  'compensating',
  'compensated',
] as const;

const instant = (description?: string) =>
  z.string().meta({ format: 'date-time', ...(description === undefined ? {} : { description }) });

export const statusSchema = z.enum(TRANSACTION_STATUSES).meta({
  description:
    'pending: as it was first stored. failed: nothing runs, and a person has to act. compensated: all that was done is undone',
});

export const taskSchema = z
  .object({
    id: z.string().meta({ description: '`<instance_id>_<id in the definition>`' }),
    name: z.string().meta({ description: 'The description of the task; where it has none, its task_name' }),
    status: z.enum(TRANSACTION_TASK_STATUSES).meta({
      description: 'skipped: its condition did not hold, a person left it out, or what it depends on failed',
    }),
    definition_id: z.string().meta({ description: 'Its id in the definition' }),
    task_name: z.string(),
    type: z.string(),
    attempts: z.int().min(0).meta({ description: 'Tries that its newest run has begun' }),
    run_id: z.string().optional().meta({ description: 'Its newest run' }),
    started_at: instant().optional(),
    completed_at: instant().optional(),
    error_message: z.string().optional(),
    outcome_unknown: z
      .literal(true)
      .optional()
      .meta({ description: 'It ended badly, and may have done its work all the same' }),
    compensation: z
      .object({
        status: z.enum(['running', 'success', 'failed', 'skipped']),
        run_id: z.string().optional(),
        started_at: instant().optional(),
        completed_at: instant().optional(),
        error_message: z.string().optional(),
      })
      .optional()
      .meta({ description: 'Where its compensation has begun' }),
  })
  .meta({ id: 'TransactionTask' });
export type TransactionTask = z.input<typeof taskSchema>;

export const taskDetailSchema = taskSchema
  .extend({
    output: z
      .unknown()
      .optional()
      .meta({ description: 'What later tasks find under $.<id>.output; left out where it has over 16 KB' }),
  })
  .meta({ id: 'TransactionTaskDetail' });
export type TransactionTaskDetail = z.input<typeof taskDetailSchema>;

const head = {
  instance_id: z.string(),
  flow_id: z.string(),
  flow_name: z.string(),
  flow_version: z.int().min(1),
  status: statusSchema,
  created_at: instant(),
  updated_at: instant(),
  completed_at: instant('When it ended, as success, compensated or cancelled').optional(),
};

export const transactionRowSchema = z.object(head).meta({ id: 'TransactionRow' });
export type TransactionRow = z.input<typeof transactionRowSchema>;

export const transactionSchema = z
  .object({
    ...head,
    params: z.record(z.string(), z.unknown()),
    error: z
      .string()
      .optional()
      .meta({ description: 'Of the compensation that failed, else of the first task that failed' }),
    tasks: z.array(taskSchema).meta({ description: 'In the order of the definition' }),
  })
  .meta({ id: 'Transaction' });
export type Transaction = z.input<typeof transactionSchema>;

export const LOG_ACTIONS = ['start', 'retry', 'success', 'failed', 'timeout', 'cancelled', 'expired'] as const;

export const logSchema = z
  .object({
    task_id: z.string(),
    action: z.enum(LOG_ACTIONS).meta({
      description: 'expired: nobody began it in time, or what it waited for did not come',
    }),
    message: z.string(),
    compensation: z.boolean(),
    run_id: z.string(),
    created_at: instant(),
    details: z.string().optional().meta({ description: 'What the task wrote to its log: the first 8 KB' }),
  })
  .meta({ id: 'TransactionLog' });
export type TransactionLog = z.input<typeof logSchema>;

const AT = '2030-01-01T00:00:00Z';
const DONE = '2030-01-01T00:00:10Z';

export const TASK_EXAMPLE: TransactionTask = {
  id: 'order_001_deduct',
  name: '扣款',
  status: 'success',
  definition_id: 'deduct',
  task_name: 'deduct',
  type: 'worker',
  attempts: 1,
  run_id: '774763315200000~deduct~1',
  started_at: AT,
  completed_at: DONE,
};

export const TASK_DETAIL_EXAMPLE: TransactionTaskDetail = { ...TASK_EXAMPLE, output: { order_id: 7 } };

export const TRANSACTION_ROW_EXAMPLE: TransactionRow = {
  instance_id: 'order_001',
  flow_id: '774763315200000',
  flow_name: 'payment_flow',
  flow_version: 1,
  status: 'success',
  created_at: AT,
  updated_at: DONE,
  completed_at: DONE,
};

export const TRANSACTION_EXAMPLE: Transaction = {
  ...TRANSACTION_ROW_EXAMPLE,
  params: { deduct: { user_id: 'user_001', amount: 100 } },
  tasks: [TASK_EXAMPLE],
};

export const LOG_EXAMPLE: TransactionLog = {
  task_id: 'order_001_deduct',
  action: 'success',
  message: 'attempt 1 succeeded',
  compensation: false,
  run_id: '774763315200000~deduct~1',
  created_at: DONE,
};
