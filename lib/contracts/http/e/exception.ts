/** API E's exception: a task, or its compensation, that failed for good. A person has to act. */
import * as z from 'zod';
import { RETRY_STRATEGIES } from '../../../domain/flow/flow.ts';
import { PROPOSABLE, RESOLUTIONS } from '../../../domain/saga/saga.ts';
import { statusSchema } from './transaction.ts';

const instant = z.string().meta({ format: 'date-time' });

export const proposalSchema = z
  .object({
    id: z.int().min(1).meta({ description: 'What the second person names: no other proposal has it' }),
    action: z.enum(PROPOSABLE),
    by: z.string(),
    at: instant.meta({ description: 'When it was proposed' }),
    retry_next_at: instant.optional().meta({
      description: "Of a retry: the instant that was asked for; absent: the task's interval after the approval",
    }),
    input: z.unknown().optional(),
    output: z.unknown().optional(),
    remark: z.string().optional(),
  })
  .meta({ id: 'ExceptionProposal', description: 'It waits for the approval of a second person' });

const row = {
  id: z.int().min(1),
  task_id: z.string().meta({ description: '`<instance_id>_<id in the definition>`' }),
  task_name: z.string().meta({ description: 'The description of the task; where it has none, its task_name' }),
  error_message: z.string(),
  handled: z.boolean(),
  instance_id: z.string(),
  flow_id: z.string(),
  flow_name: z.string(),
  definition_id: z.string().meta({ description: "The task's id in the definition" }),
  compensation: z.boolean().meta({ description: 'What failed is not the task, but its compensation' }),
  error_reason: z.string().meta({ description: 'handler_failed, timed_out, worker_lost, …' }),
  run_id: z.string().optional().meta({ description: 'The run that failed last' }),
  retry_strategy: z.enum(RETRY_STRATEGIES),
  retry_times: z.int().min(0).meta({ description: 'Tries so far' }),
  retry_max: z.int().min(0),
  retry_interval: z.number().min(0).meta({ description: 'Seconds' }),
  retry_next_at: instant.optional().meta({ description: 'A retry is asked for, for that instant' }),
  handled_at: instant.optional(),
  handled_by: z.string().optional(),
  handled_as: z.enum(RESOLUTIONS).optional(),
  handled_remark: z.string().optional(),
  assignee: z.string().optional(),
  proposal: proposalSchema.optional(),
  occurred_at: instant,
};

export const exceptionRowSchema = z.object(row).meta({ id: 'ExceptionRow' });
export type ExceptionRow = z.input<typeof exceptionRowSchema>;

const detail = {
  ...row,
  notes: z
    .array(z.object({ at: instant, by: z.string(), what: z.string(), text: z.string().optional() }))
    .meta({ description: 'What people did and said, oldest first; the last 100' }),
};

export const exceptionSchema = z.object(detail).meta({ id: 'Exception' });
export type ExceptionShown = z.input<typeof exceptionSchema>;

/** What the desk answers. */
export const deskSchema = z
  .object({
    ...detail,
    transaction_status: statusSchema
      .optional()
      .meta({ description: 'Absent where the action waits for a second person, or does not touch the transaction' }),
  })
  .meta({ id: 'DeskAnswer' });

export const EXCEPTION_ROW_EXAMPLE: ExceptionRow = {
  id: 774763315200001,
  task_id: 'order_001_deduct',
  task_name: '扣款',
  error_message: 'RPC call failed',
  handled: false,
  instance_id: 'order_001',
  flow_id: '774763315200000',
  flow_name: 'payment_flow',
  definition_id: 'deduct',
  compensation: false,
  error_reason: 'handler_failed',
  run_id: '774763315200000~deduct~1',
  retry_strategy: 'manual',
  retry_times: 1,
  retry_max: 3,
  retry_interval: 60,
  occurred_at: '2030-01-01T00:00:00Z',
};

export const EXCEPTION_EXAMPLE: ExceptionShown = {
  ...EXCEPTION_ROW_EXAMPLE,
  notes: [{ at: '2030-01-01T00:01:00Z', by: 'user:1', what: 'comment', text: 'the bank is down until 02:00' }],
};
