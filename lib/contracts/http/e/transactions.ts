/** API E: transactions. */
import * as z from 'zod';
import { defineOperation } from '../operation.ts';
import { exampleOf, okOf, pageOf } from './envelope.ts';
import {
  bodyOf,
  FAULT,
  filter,
  flag,
  instanceParams,
  instantFilter,
  isWithinReach,
  MALFORMED_BODY,
  OUT_OF_REACH,
  optional,
  pageParameters,
  someText,
} from './inputs.ts';
import { json, jsonObject } from './json.ts';
import {
  LOG_EXAMPLE,
  logSchema,
  statusSchema,
  TASK_DETAIL_EXAMPLE,
  TRANSACTION_EXAMPLE,
  TRANSACTION_ROW_EXAMPLE,
  TRANSACTION_STATUSES,
  taskDetailSchema,
  transactionRowSchema,
  transactionSchema,
} from './transaction.ts';

const UNKNOWN = 'There is no such transaction';
/** It begins the ids of its tasks, and stands in paths. */
const INSTANCE_ID = /^[A-Za-z0-9._:@+=-]{1,64}$/;

const startTransactionBody = bodyOf({
  instance_id: someText('instance_id', 64)
    .refine(
      (id) => INSTANCE_ID.test(id),
      'instance_id must be 1 to 64 of letters, digits and the characters . _ : @ + = -',
    )
    .meta({ pattern: INSTANCE_ID.source }),
  flow_id: someText('flow_id', 100),
  params: jsonObject('params').meta({ description: 'By task_name: what each task is given' }),
}).meta({ id: 'StartTransaction' });

const STARTED = { instance_id: 'order_001', flow_id: '774763315200000', status: 'pending' };
const startedSchema = z.object({
  instance_id: z.string(),
  flow_id: z.string(),
  status: statusSchema,
  created_at: z.string().meta({ format: 'date-time' }),
});

export const startTransaction = defineOperation({
  id: 'startTransaction',
  group: 'E',
  method: 'POST',
  path: '/api/v1/transactions',
  summary: 'Start a transaction',
  description:
    'Safe to repeat: an instance_id that is known with the same flow and params is answered with its present status, and nothing is started.',
  body: {
    schema: startTransactionBody,
    malformed: MALFORMED_BODY,
    examples: {
      order: {
        instance_id: 'order_001',
        flow_id: '774763315200000',
        params: { deduct: { user_id: 'user_001', amount: 100 } },
      },
    },
  },
  answers: {
    200: {
      description: 'It has begun, or had before',
      schema: okOf(startedSchema),
      examples: { pending: exampleOf({ ...STARTED, created_at: '2030-01-01T00:00:00Z' }) },
    },
  },
  refusals: {
    400: 'A field is missing or wrong, the flow is not active, or the instance_id was used with another flow or other params',
    404: 'There is no such flow',
  },
  fault: FAULT,
});

const statusFilter = filter
  .transform((text, context) => {
    const word = TRANSACTION_STATUSES.find((known) => known === text);
    if (text !== undefined && word === undefined) {
      context.addIssue({ code: 'custom', message: `status must be one of ${TRANSACTION_STATUSES.join(', ')}` });
    }
    return word;
  })
  .meta({ enum: [...TRANSACTION_STATUSES] });

export const listTransactions = defineOperation({
  id: 'listTransactions',
  group: 'E',
  method: 'GET',
  path: '/api/v1/transactions',
  summary: 'List transactions',
  description: 'Newest first.',
  query: z
    .object({
      ...pageParameters,
      flow_id: filter,
      status: statusFilter,
      since: instantFilter('since').meta({ description: 'Those that were started since then' }),
    })
    .refine(isWithinReach, OUT_OF_REACH),
  answers: {
    200: pageOf(transactionRowSchema, TRANSACTION_ROW_EXAMPLE),
  },
  refusals: { 400: 'A parameter is wrong' },
  fault: FAULT,
});

export const getTransaction = defineOperation({
  id: 'getTransaction',
  group: 'E',
  method: 'GET',
  path: '/api/v1/transactions/:id',
  summary: 'Read a transaction with its tasks',
  params: instanceParams,
  answers: {
    200: {
      description: 'The transaction',
      schema: okOf(transactionSchema),
      examples: { success: exampleOf(TRANSACTION_EXAMPLE) },
    },
  },
  refusals: { 404: UNKNOWN },
  fault: FAULT,
});

export const retryTransaction = defineOperation({
  id: 'retryTransaction',
  recorded: true,
  group: 'E',
  method: 'POST',
  path: '/api/v1/transactions/:id/retry',
  summary: 'Retry a failed transaction',
  description: 'What failed or was never executed, with the params that it was started with.',
  params: instanceParams,
  answers: {
    200: {
      description: 'It goes on',
      schema: okOf(z.object({ instance_id: z.string(), status: z.literal('pending') })),
      examples: { pending: exampleOf({ instance_id: 'order_001', status: 'pending' }) },
    },
  },
  refusals: { 400: 'It has not failed', 404: UNKNOWN },
  fault: FAULT,
});

export const cancelTransaction = defineOperation({
  id: 'cancelTransaction',
  recorded: true,
  group: 'E',
  method: 'POST',
  path: '/api/v1/transactions/:id/cancel',
  summary: 'Cancel a transaction',
  description: 'What runs is stopped, and what was done is compensated in reverse order.',
  params: instanceParams,
  body: {
    schema: bodyOf({
      compensate: optional(flag('compensate')).meta({ default: true, description: 'false: what was done stays' }),
    }).meta({ id: 'CancelTransaction' }),
    malformed: MALFORMED_BODY,
    optional: true,
    examples: { leave: { compensate: false } },
  },
  answers: {
    200: {
      description: 'How it stands',
      schema: okOf(z.object({ instance_id: z.string(), status: statusSchema })),
      examples: { compensating: exampleOf({ instance_id: 'order_001', status: 'compensating' }) },
    },
  },
  refusals: { 400: 'It has ended, or passed the point of no return', 404: UNKNOWN },
  fault: FAULT,
});

const pageQuery = z.object(pageParameters).refine(isWithinReach, OUT_OF_REACH);

export const listTransactionTasks = defineOperation({
  id: 'listTransactionTasks',
  group: 'E',
  method: 'GET',
  path: '/api/v1/transactions/:id/tasks',
  summary: "List a transaction's tasks with their outputs",
  description: 'In the order of the definition.',
  params: instanceParams,
  query: pageQuery,
  answers: {
    200: pageOf(taskDetailSchema, TASK_DETAIL_EXAMPLE),
  },
  refusals: { 400: 'A parameter is wrong', 404: UNKNOWN },
  fault: FAULT,
});

export const listTransactionLogs = defineOperation({
  id: 'listTransactionLogs',
  group: 'E',
  method: 'GET',
  path: '/api/v1/transactions/:id/logs',
  summary: 'Tell what became of each try of each task',
  description: 'Oldest first; of each task its 20 newest runs, and those of its compensation.',
  params: instanceParams,
  query: z
    .object({
      ...pageParameters,
      task_id: filter.meta({ description: 'One task: its id in the definition, or `<instance_id>_<that>`' }),
    })
    .refine(isWithinReach, OUT_OF_REACH),
  answers: {
    200: pageOf(logSchema, LOG_EXAMPLE),
  },
  refusals: { 400: 'A parameter is wrong', 404: UNKNOWN },
  fault: FAULT,
});

export const signalTransaction = defineOperation({
  id: 'signalTransaction',
  group: 'E',
  method: 'POST',
  path: '/api/v1/transactions/:id/signal',
  summary: 'End a task that waits for a signal',
  params: instanceParams,
  body: {
    schema: bodyOf({
      task_id: someText('task_id', 128).meta({ description: 'Its id in the definition, or `<instance_id>_<that>`' }),
      output: json('output').meta({ description: 'Any JSON: its output' }),
    }).meta({ id: 'SignalTransaction' }),
    malformed: MALFORMED_BODY,
    examples: { approved: { task_id: 'approval', output: { approved: true } } },
  },
  answers: {
    200: {
      description: 'It goes on',
      schema: okOf(z.object({ instance_id: z.string(), task_id: z.string(), signalled: z.literal(true) })),
      examples: {
        done: exampleOf({ instance_id: 'order_001', task_id: 'order_001_approval', signalled: true }),
      },
    },
  },
  refusals: {
    400: 'No such task waits for a signal, the name is that of two, or the output is over 64 KB',
    404: UNKNOWN,
  },
  fault: FAULT,
});
