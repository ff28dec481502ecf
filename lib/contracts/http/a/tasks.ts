/** API A: tasks. Every run there is, whoever asked for it. */
import { FAULT, idempotencyHeaders, MALFORMED_BODY } from '../c-inputs.ts';
import { defineOperation } from '../operation.ts';
import { BULK_EXAMPLE, bulkSchema } from './cronjob.ts';
import { exampleOf, messageOf, okOf, pageExample, pageOf, successOf } from './envelope.ts';
import { taskIdParams } from './inputs.ts';
import { TASK_EXAMPLE, type Task, taskSchema } from './task.ts';
import {
  bulkTasksBody,
  createTaskBody,
  listTasksQuery,
  patchTaskBody,
  putTaskBody,
  updateOutputBody,
  updateStatusBody,
  updateStatusQuery,
} from './task-inputs.ts';

const oneTask = (description: string, example: Task = TASK_EXAMPLE) =>
  ({ description, schema: okOf(taskSchema), examples: { task: exampleOf(example) } }) as const;

const PENDING: Task = {
  ...TASK_EXAMPLE,
  id: '774763315200007',
  cronjob: null,
  name: 'report now',
  time_start: null,
  time_end: null,
  timeout_at: '2030-01-01T03:00:00Z',
  status: 'pending',
  output: '',
  worker_id: null,
  worker_name: null,
  exit_code: null,
};

const BAD_ID = 'The id is not that of a task';
const UNKNOWN = 'There is no such task';

export const createCronjobTask = defineOperation({
  id: 'createCronjobTask',
  group: 'A',
  method: 'POST',
  path: '/api/v1/task',
  summary: 'Create a task',
  description: 'The answer shows the task as it was first stored, also when it is executed at once.',
  headers: idempotencyHeaders('Repeating a create under its key within 24 h answers with the same task'),
  body: {
    schema: createTaskBody,
    malformed: MALFORMED_BODY,
    examples: { now: { name: 'report now', command: 'bin/report', args: '["--all"]' } },
  },
  answers: { 201: oneTask('The task', PENDING) },
  refusals: { 400: 'A field is missing or wrong', 409: 'The Idempotency-Key was used for something else' },
  fault: FAULT,
});

export const listCronjobTasks = defineOperation({
  id: 'listCronjobTasks',
  group: 'A',
  method: 'GET',
  path: '/api/v1/task',
  summary: 'List tasks',
  query: listTasksQuery,
  answers: {
    200: { description: 'One page', schema: okOf(pageOf(taskSchema)), examples: { page: pageExample(TASK_EXAMPLE) } },
  },
  refusals: { 400: 'ordering names an unknown field, an instant or the cursor is none, or the page lies too far' },
  fault: FAULT,
});

export const getCronjobTask = defineOperation({
  id: 'getCronjobTask',
  group: 'A',
  method: 'GET',
  path: '/api/v1/task/:id',
  summary: 'Read a task',
  params: taskIdParams,
  answers: { 200: oneTask('The task') },
  refusals: { 400: BAD_ID, 404: UNKNOWN },
  fault: FAULT,
});

const CHANGE =
  'name, project, description, save_log, task_order, previous, next, is_standalone, cronjob and what of metadata is not executed may change at any time. What it executes, where and when may be given only as it is.';
const BAD_CHANGE = 'A field is wrong or may not be changed';

export const putCronjobTask = defineOperation({
  id: 'putCronjobTask',
  group: 'A',
  method: 'PUT',
  path: '/api/v1/task/:id',
  summary: 'Update a task',
  description: CHANGE,
  params: taskIdParams,
  body: {
    schema: putTaskBody,
    malformed: MALFORMED_BODY,
    examples: { name: { name: 'report of today', description: 'asked for by phone' } },
  },
  answers: { 200: oneTask('The task as it is now') },
  refusals: { 400: BAD_CHANGE, 404: UNKNOWN },
  fault: FAULT,
});

export const patchCronjobTask = defineOperation({
  id: 'patchCronjobTask',
  group: 'A',
  method: 'PATCH',
  path: '/api/v1/task/:id',
  summary: 'Change a task',
  description: CHANGE,
  params: taskIdParams,
  body: { schema: patchTaskBody, malformed: MALFORMED_BODY, examples: { order: { task_order: 2 } } },
  answers: { 200: oneTask('The task as it is now') },
  refusals: { 400: BAD_CHANGE, 404: UNKNOWN },
  fault: FAULT,
});

export const deleteCronjobTask = defineOperation({
  id: 'deleteCronjobTask',
  recorded: true,
  group: 'A',
  method: 'DELETE',
  path: '/api/v1/task/:id',
  summary: 'Delete a task',
  description: 'One in progress is cancelled first. No API shows it any more.',
  params: taskIdParams,
  answers: {
    200: {
      description: 'It is deleted',
      schema: okOf(messageOf('任务删除成功')),
      examples: { done: exampleOf({ message: '任务删除成功' }) },
    },
  },
  refusals: { 400: BAD_ID, 404: UNKNOWN },
  fault: FAULT,
});

export const updateTaskStatus = defineOperation({
  id: 'updateTaskStatus',
  recorded: true,
  group: 'A',
  method: 'PUT',
  path: '/api/v1/task/:id/update-status',
  summary: 'Say how a task ended',
  description:
    "A person's verdict: success, failed, error, timeout or canceled ends the task, and its worker's copy is told to stop. The status that it has already changes nothing.",
  params: taskIdParams,
  query: updateStatusQuery,
  body: {
    schema: updateStatusBody,
    malformed: MALFORMED_BODY,
    optional: true,
    examples: { running: { status: 'running' }, failed: { status: 'failed' } },
  },
  answers: {
    200: {
      description: 'It is so',
      schema: okOf(successOf('任务状态更新成功')),
      examples: { done: exampleOf({ success: true, message: '任务状态更新成功' }) },
    },
  },
  refusals: {
    400: 'The status is missing or unknown',
    404: UNKNOWN,
    409: 'From its present status the task cannot get there, or it has ended',
  },
  fault: FAULT,
});

export const updateTaskOutput = defineOperation({
  id: 'updateTaskOutput',
  group: 'A',
  method: 'PUT',
  path: '/api/v1/task/:id/update-output',
  summary: 'Note the output of a task',
  description: "Shown in place of the worker's, at any time.",
  params: taskIdParams,
  body: { schema: updateOutputBody, malformed: MALFORMED_BODY, examples: { note: { output: 'done by hand' } } },
  answers: {
    200: {
      description: 'It is noted',
      schema: okOf(successOf('任务输出更新成功')),
      examples: { done: exampleOf({ success: true, message: '任务输出更新成功' }) },
    },
  },
  refusals: { 400: 'The output is missing or too long', 404: UNKNOWN },
  fault: FAULT,
});

export const cancelCronjobTask = defineOperation({
  id: 'cancelCronjobTask',
  recorded: true,
  group: 'A',
  method: 'POST',
  path: '/api/v1/task/:id/cancel',
  summary: 'Cancel a task',
  params: taskIdParams,
  answers: { 200: oneTask('The task as it is now', { ...PENDING, status: 'canceled' }) },
  refusals: { 400: BAD_ID, 404: UNKNOWN, 409: 'It has ended' },
  fault: FAULT,
});

export const retryCronjobTask = defineOperation({
  id: 'retryCronjobTask',
  group: 'A',
  method: 'POST',
  path: '/api/v1/task/:id/retry',
  summary: 'Do the work of a task again',
  description:
    'A new task, to run now. The first must have ended. That of a cron job is a start by hand with the command as it was then: its concurrency policy holds.',
  params: taskIdParams,
  headers: idempotencyHeaders('Repeating a retry under its key within 24 h answers with the same task'),
  answers: { 201: oneTask('The new task', PENDING) },
  refusals: {
    400: `${BAD_ID}, or the cron job is disabled or deleted`,
    404: UNKNOWN,
    409: 'It has not ended, or another task of the cron job has not and the policy is forbid, or the Idempotency-Key was used for something else',
  },
  fault: FAULT,
});

export const bulkCronjobTasks = defineOperation({
  id: 'bulkCronjobTasks',
  recorded: true,
  group: 'A',
  method: 'POST',
  path: '/api/v1/task/bulk',
  summary: 'Cancel or retry many tasks',
  description:
    'At most 200 a call; the answer says where to go on. Without a status, cancel means those that have not ended, and retry those that ended as failed, error or timeout.',
  body: {
    schema: bulkTasksBody,
    malformed: MALFORMED_BODY,
    examples: { retry: { action: 'retry', status: 'failed', project: 'default' } },
  },
  answers: {
    200: { description: 'What it did', schema: okOf(bulkSchema), examples: { some: exampleOf(BULK_EXAMPLE) } },
  },
  refusals: { 400: 'The action or the filter is wrong' },
  fault: FAULT,
});
