/** API A: what a cron job has run and is to run: starts by hand, the ledger of its occurrences, backfills. */
import * as z from 'zod';
import { FAULT, idempotencyHeaders, MALFORMED_BODY } from '../c-inputs.ts';
import { defineOperation } from '../operation.ts';
import {
  BACKFILL_EXAMPLE,
  backfillSchema,
  LEDGER_EXAMPLE,
  ledgerSchema,
  PLANNED_EXAMPLE,
  plannedSchema,
} from './cronjob.ts';
import { backfillBody, ledgerQuery } from './cronjob-inputs.ts';
import { exampleOf, okOf } from './envelope.ts';
import { jobIdParams } from './inputs.ts';
import { TASK_EXAMPLE, taskSchema } from './task.ts';

const BAD_ID = 'The id is not that of a cron job';
const UNKNOWN = 'There is no such cron job';

export const executeCronjob = defineOperation({
  id: 'executeCronjob',
  group: 'A',
  method: 'POST',
  path: '/api/v1/cronjob/:id/execute',
  summary: 'Run a cron job now',
  description: 'Also while it is paused. Its concurrency policy holds.',
  params: jobIdParams,
  headers: idempotencyHeaders('Repeating a start under its key within 24 h answers with the same task'),
  answers: {
    201: { description: 'The task', schema: okOf(taskSchema), examples: { task: exampleOf(TASK_EXAMPLE) } },
  },
  refusals: {
    400: 'The id is not that of a cron job, or the cron job is disabled',
    404: UNKNOWN,
    409: 'A task of it has not ended, and its concurrency policy is forbid; or the Idempotency-Key was used for something else',
  },
  fault: FAULT,
});

export const readLedger = defineOperation({
  id: 'readLedger',
  group: 'A',
  method: 'GET',
  path: '/api/v1/cronjob/:id/ledger',
  summary: "Read what became of a cron job's occurrences",
  params: jobIdParams,
  query: ledgerQuery,
  answers: {
    200: {
      description: 'Each expected occurrence, and what became of it',
      schema: okOf(ledgerSchema),
      examples: { days: exampleOf(LEDGER_EXAMPLE) },
    },
  },
  refusals: { 400: 'The interval is wrong', 404: UNKNOWN },
  fault: FAULT,
});

export const startBackfill = defineOperation({
  id: 'startBackfill',
  group: 'A',
  method: 'POST',
  path: '/api/v1/cronjob/:id/backfill',
  summary: 'Run the occurrences of an interval that have passed without a task',
  description: 'Safe to repeat: an occurrence has one task, whoever asks for it.',
  params: jobIdParams,
  body: {
    schema: backfillBody,
    malformed: MALFORMED_BODY,
    examples: {
      month: { from: '2029-12-01T00:00:00Z', to: '2030-01-01T00:00:00Z', parallel: 2 },
      count: { from: '2029-12-01T00:00:00Z', to: '2030-01-01T00:00:00Z', dry_run: true },
    },
  },
  answers: {
    200: {
      description: 'dry_run: what would run',
      schema: okOf(plannedSchema),
      examples: { planned: exampleOf(PLANNED_EXAMPLE) },
    },
    201: {
      description: 'It has begun',
      schema: okOf(backfillSchema),
      examples: { started: exampleOf(BACKFILL_EXAMPLE) },
    },
  },
  refusals: {
    400: 'The interval is wrong, has too many occurrences or none without a task, or the cron job has no expression',
    404: UNKNOWN,
  },
  fault: FAULT,
});

export const listBackfills = defineOperation({
  id: 'listBackfills',
  group: 'A',
  method: 'GET',
  path: '/api/v1/cronjob/:id/backfill',
  summary: 'List the backfills of a cron job',
  description: 'Newest first, at most 100.',
  params: jobIdParams,
  answers: {
    200: {
      description: 'The backfills',
      schema: okOf(z.object({ results: z.array(backfillSchema) })),
      examples: { one: exampleOf({ results: [BACKFILL_EXAMPLE] }) },
    },
  },
  refusals: { 400: BAD_ID, 404: UNKNOWN },
  fault: FAULT,
});

export const cancelBackfill = defineOperation({
  id: 'cancelBackfill',
  recorded: true,
  group: 'A',
  method: 'DELETE',
  path: '/api/v1/cronjob/:id/backfill/:backfill',
  summary: 'Cancel a backfill',
  description: 'No further task of it appears, and those that have not ended are cancelled.',
  params: z.object({ ...jobIdParams.shape, backfill: z.string() }),
  answers: {
    200: {
      description: 'The backfill as it is now',
      schema: okOf(backfillSchema),
      examples: { cancelled: exampleOf({ ...BACKFILL_EXAMPLE, status: 'canceled' }) },
    },
  },
  refusals: { 400: BAD_ID, 404: 'There is no such cron job or backfill' },
  fault: FAULT,
});
