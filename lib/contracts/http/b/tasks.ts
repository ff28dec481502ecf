/** API B: tasks, with a schedule or without. */
import * as z from 'zod';
import { FAULT, idempotencyHeaders, MALFORMED_BODY } from '../c-inputs.ts';
import { envelope, exampleOf } from '../envelope.ts';
import { defineOperation } from '../operation.ts';
import { taskIdParams } from './inputs.ts';
import { pageExample, pageOf } from './page.ts';
import { TASK_EXAMPLE, TASK_WITH_RUNS_EXAMPLE, taskSchema, taskWithRunsSchema } from './task.ts';
import { bulkBody, createTaskBody, listTasksQuery, updateTaskBody } from './task-inputs.ts';

const NO_TASK = 'There is no such task';
const BAD_ID = 'The id is not that of a task';

export const createJob = defineOperation({
  id: 'createJob',
  group: 'B',
  method: 'POST',
  path: '/api/tasks',
  summary: 'Create a task',
  description: 'Without a schedule it is only started by hand.',
  headers: idempotencyHeaders('Repeating a create under its key within 24 h answers with the same task'),
  body: {
    schema: createTaskBody,
    malformed: MALFORMED_BODY,
    examples: {
      backup: {
        name: 'database_backup',
        executor: 'shell',
        command: 'pg_dump mydb > /backup/$(date +%Y%m%d).sql',
        schedule: '0 2 * * *',
        priority: 'high',
        retry_count: 2,
        timeout_seconds: 1_800,
      },
      webhook: {
        name: 'status_webhook',
        executor: 'http',
        url: 'https://hooks.slack.com/services/xxx',
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{"text": "Daily report completed"}',
      },
      python: {
        name: 'data',
        executor: 'python',
        command: 'data_processor.py',
        arguments: ['--input', 'data.csv'],
        python_path: '/usr/bin/python3',
      },
    },
  },
  answers: {
    201: {
      description: 'The task',
      schema: envelope(201, '创建成功', taskSchema),
      examples: { backup: exampleOf(201, '创建成功', TASK_EXAMPLE) },
    },
  },
  refusals: {
    400: 'A field is missing or wrong, or the schedule cannot be used',
    409: 'Another task has the name, or the Idempotency-Key was used for something else',
  },
  fault: FAULT,
});

export const listJobs = defineOperation({
  id: 'listJobs',
  group: 'B',
  method: 'GET',
  path: '/api/tasks',
  summary: 'List tasks',
  description: 'Newest first; with search in no particular order.',
  query: listTasksQuery,
  answers: {
    200: {
      description: 'One page',
      schema: envelope(200, '获取成功', pageOf(taskSchema)),
      examples: { page: exampleOf(200, '获取成功', pageExample(TASK_EXAMPLE)) },
    },
  },
  refusals: { 400: 'A parameter is wrong' },
  fault: FAULT,
});

export const getJob = defineOperation({
  id: 'getJob',
  group: 'B',
  method: 'GET',
  path: '/api/tasks/:id',
  summary: 'Read a task',
  params: taskIdParams,
  answers: {
    200: {
      description: 'The task and its newest runs',
      schema: envelope(200, '获取成功', taskWithRunsSchema),
      examples: { backup: exampleOf(200, '获取成功', TASK_WITH_RUNS_EXAMPLE) },
    },
  },
  refusals: { 400: BAD_ID, 404: NO_TASK },
  fault: FAULT,
});

export const updateJob = defineOperation({
  id: 'updateJob',
  group: 'B',
  method: 'PUT',
  path: '/api/tasks/:id',
  summary: 'Change a task',
  description: 'What is absent stays. Once a pause is answered, no further run starts by schedule.',
  params: taskIdParams,
  body: {
    schema: updateTaskBody,
    malformed: MALFORMED_BODY,
    examples: { pause: { status: 'paused' }, rename: { name: 'updated_name', schedule: '0 12 * * *' } },
  },
  answers: {
    200: {
      description: 'The task',
      schema: envelope(200, '更新成功', taskSchema),
      examples: { backup: exampleOf(200, '更新成功', TASK_EXAMPLE) },
    },
  },
  refusals: {
    400: 'A field is wrong, or the schedule cannot be used',
    404: NO_TASK,
    409: 'Another task has the name',
  },
  fault: FAULT,
});

export const deleteJob = defineOperation({
  id: 'deleteJob',
  group: 'B',
  method: 'DELETE',
  path: '/api/tasks/:id',
  summary: 'Delete a task',
  description: 'No further run starts; runs that have begun go on, and all stay to be read. The name is free again.',
  params: taskIdParams,
  answers: { 204: { description: 'The task is deleted' } },
  refusals: { 400: BAD_ID, 404: NO_TASK },
  fault: FAULT,
});

const bulkResult = z.object({
  changed: z.int().min(0),
  failed: z.array(z.object({ id: z.int().min(1), reason: z.string() })),
  next_cursor: z.string().optional().meta({ description: 'Where to go on, with the same filter; absent at the end' }),
});

export const changeJobs = defineOperation({
  id: 'changeJobs',
  group: 'B',
  method: 'POST',
  path: '/api/tasks/bulk',
  summary: 'Pause or resume many tasks',
  description: 'At most 200 in one request; go on with next_cursor. What is that way already counts as changed.',
  body: {
    schema: bulkBody,
    malformed: MALFORMED_BODY,
    examples: {
      some: { action: 'pause', filter: { ids: [7205759403792] } },
      all: { action: 'resume', filter: { status: 'paused' } },
    },
  },
  answers: {
    200: {
      description: 'What was changed',
      schema: envelope(200, '操作成功', bulkResult),
      examples: { done: exampleOf(200, '操作成功', { changed: 1, failed: [] }) },
    },
  },
  refusals: { 400: 'A field is missing or wrong' },
  fault: FAULT,
});
