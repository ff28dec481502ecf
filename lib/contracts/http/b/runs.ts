/** API B: runs of tasks, and what became of each occurrence. */
import * as z from 'zod';
import { FAULT, idempotencyHeaders } from '../c-inputs.ts';
import { envelope, exampleOf } from '../envelope.ts';
import { defineOperation } from '../operation.ts';
import { runIdParams, taskIdParams } from './inputs.ts';
import { pageExample, pageOf } from './page.ts';
import { ledgerEntrySchema, RUN_EXAMPLE, runSchema } from './run.ts';
import { ledgerQuery, listRunsQuery } from './task-inputs.ts';

const NO_TASK = 'There is no such task';

export const triggerJob = defineOperation({
  id: 'triggerJob',
  group: 'B',
  method: 'POST',
  path: '/api/tasks/:id/trigger',
  summary: 'Start a run now',
  description: 'Whether or not the task is paused.',
  params: taskIdParams,
  headers: idempotencyHeaders('Repeating a start under its key within 24 h answers with the same run'),
  answers: {
    200: {
      description: 'The run as it was first stored',
      schema: envelope(200, '触发成功', runSchema),
      examples: {
        pending: exampleOf(200, '触发成功', {
          ...RUN_EXAMPLE,
          ...{ status: 'pending', worker_id: null, attempt: 0, started_at: null, completed_at: null },
          ...{ exit_code: null, result: null, execution_duration_ms: null },
        }),
      },
    },
  },
  refusals: {
    400: 'The id is not that of a task, or the task is disabled',
    404: NO_TASK,
    409: 'The run before has not ended, and concurrency_policy is forbid; or the Idempotency-Key was used for something else',
  },
  fault: FAULT,
});

export const listJobRuns = defineOperation({
  id: 'listJobRuns',
  group: 'B',
  method: 'GET',
  path: '/api/tasks/:id/runs',
  summary: "List a task's runs",
  description: 'Newest first.',
  params: taskIdParams,
  query: listRunsQuery,
  answers: {
    200: {
      description: 'One page',
      schema: envelope(200, '获取成功', pageOf(runSchema)),
      examples: { page: exampleOf(200, '获取成功', pageExample(RUN_EXAMPLE)) },
    },
  },
  refusals: { 400: 'A parameter is wrong', 404: NO_TASK },
  fault: FAULT,
});

export const getRun = defineOperation({
  id: 'getRun',
  group: 'B',
  method: 'GET',
  path: '/api/runs/:id',
  summary: 'Read a run',
  params: runIdParams,
  answers: {
    200: {
      description: 'The run',
      schema: envelope(200, '获取成功', runSchema),
      examples: { completed: exampleOf(200, '获取成功', RUN_EXAMPLE) },
    },
  },
  refusals: { 400: 'The id is not that of a run', 404: 'There is no such run' },
  fault: FAULT,
});

export const cancelRun = defineOperation({
  id: 'cancelRun',
  recorded: true,
  group: 'B',
  method: 'POST',
  path: '/api/runs/:id/cancel',
  summary: 'Cancel a run',
  description: 'What runs gets SIGTERM, and SIGKILL 10 s later.',
  params: runIdParams,
  answers: {
    200: {
      description: 'The run',
      schema: envelope(200, '取消成功', runSchema),
      examples: { cancelled: exampleOf(200, '取消成功', { ...RUN_EXAMPLE, status: 'cancelled' }) },
    },
  },
  refusals: { 400: 'The id is not that of a run', 404: 'There is no such run', 409: 'The run has ended' },
  fault: FAULT,
});

export const getJobLedger = defineOperation({
  id: 'getJobLedger',
  group: 'B',
  method: 'GET',
  path: '/api/tasks/:id/ledger',
  summary: 'Tell what became of each occurrence',
  description: 'Oldest first. Each that the schedule has in the interval is there, also those that did not run.',
  params: taskIdParams,
  query: ledgerQuery,
  answers: {
    200: {
      description: 'The occurrences',
      schema: envelope(
        200,
        '获取成功',
        z.object({
          items: z.array(ledgerEntrySchema),
          next_from: z.string().optional().meta({ format: 'date-time', description: 'Where the rest begins' }),
        }),
      ),
      examples: {
        day: exampleOf(200, '获取成功', {
          items: [
            {
              scheduled_at: '2030-01-01T02:00:00Z',
              outcome: 'ran',
              reason: null,
              run_id: '7205759403792.1893463200000',
              status: 'completed',
            },
          ],
        }),
      },
    },
  },
  refusals: { 400: 'A parameter is wrong', 404: NO_TASK },
  fault: FAULT,
});
