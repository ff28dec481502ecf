/** API A: logs of tasks. */
import * as z from 'zod';
import { isRunId } from '../../../domain/ids.ts';
import { MAX_LOG_APPEND_BYTES } from '../../limits.ts';
import { badRequest, bodyOf, FAULT, MALFORMED_BODY, required } from '../c-inputs.ts';
import { oneOf, optional } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { exampleOf, messageOf, okOf, pageExample, pageOf } from './envelope.ts';
import { filter, isWithinReach, OUT_OF_REACH, pageParameters, taskIdParams } from './inputs.ts';

/** Where a client wants a log to be. The word is kept and shown; the platform keeps all of them alike. */
export const LOG_STORAGES = ['db', 'file', 's3'] as const;

const instant = (description: string) => z.string().meta({ format: 'date-time', description });

const place = {
  task_id: z.string(),
  storage: z.string().meta({ description: `As it was asked for: ${LOG_STORAGES.join(', ')}` }),
  path: z.string().meta({ description: 'Of file and s3, as a client of the original system expects it; else empty' }),
  size: z.int().min(0).meta({ description: 'Bytes (UTF-8)' }),
};

export const taskLogSchema = z
  .object({
    ...place,
    content: z.string().meta({ description: 'Its beginning, where it is long: content/ has all of it' }),
    truncated: z.boolean().meta({ description: 'It is full (100 MB): what came after is not kept' }),
    created_at: instant('When it began'),
    updated_at: instant('When it last grew'),
  })
  .meta({ id: 'TaskLog' });
export type TaskLog = z.input<typeof taskLogSchema>;

const appendedSchema = z.object(place);

const contentSchema = z
  .object({
    content: z.string(),
    next: z.int().min(0).meta({ description: 'What to send as after to read on' }),
    complete: z.boolean().meta({ description: 'The task has ended, and this was the end of what it wrote' }),
  })
  .meta({ id: 'TaskLogContent' });

const TASK_ID = '774763315200000.1893463200000';
const LOG_EXAMPLE: TaskLog = {
  task_id: TASK_ID,
  storage: 'file',
  path: `logs/203001/task/${TASK_ID}.log`,
  content: 'line 1\n',
  size: 7,
  truncated: false,
  created_at: '2030-01-01T02:00:02Z',
  updated_at: '2030-01-01T02:00:02Z',
};

const content = z.string(required('content', '字符串'));
const storage = optional(oneOf('storage', LOG_STORAGES));
const taskId = z.string(required('task_id', '字符串')).refine(isRunId, badRequest('task_id 无效, 请使用任务的 id'));

const BAD_ID = 'The id is not that of a task';
const NO_LOG = 'There is no such task, or it has no log';
const NO_TASK = 'There is no such task';
const WRONG = 'The id or a field is wrong';

const oneLog = (description: string) =>
  ({ description, schema: okOf(taskLogSchema), examples: { log: exampleOf(LOG_EXAMPLE) } }) as const;

export const createTaskLog = defineOperation({
  id: 'createTaskLog',
  group: 'A',
  method: 'POST',
  path: '/api/v1/tasklog',
  summary: 'Create the log of a task',
  description:
    'Of a task that exists: its log lives as long as it does. Safe to repeat without a key: a task has one log, so a repeat is refused (409).',
  body: {
    schema: bodyOf({ task_id: taskId, storage, content: optional(content) }),
    malformed: MALFORMED_BODY,
    examples: { file: { task_id: TASK_ID, storage: 'file', content: 'line 1\n' } },
  },
  answers: { 201: oneLog('The log') },
  refusals: { 400: WRONG, 404: NO_TASK, 409: 'The task has a log' },
  fault: FAULT,
});

export const listTaskLogs = defineOperation({
  id: 'listTaskLogs',
  group: 'A',
  method: 'GET',
  path: '/api/v1/tasklog',
  summary: 'List logs that were streamed or written, newest first',
  query: z
    .object({
      page: pageParameters.page,
      page_size: pageParameters.page_size,
      task_id: filter,
      storage: filter,
      deleted: filter.meta({ description: 'Deleted logs are gone: true matches nothing' }),
      search: filter.meta({ description: 'Part of the path' }),
    })
    .refine((query) => isWithinReach(query), OUT_OF_REACH),
  answers: {
    200: {
      description: 'One page',
      schema: okOf(pageOf(taskLogSchema)),
      examples: { page: pageExample(LOG_EXAMPLE) },
    },
  },
  refusals: { 400: 'The page lies too far' },
  fault: FAULT,
});

export const getTaskLog = defineOperation({
  id: 'getTaskLog',
  group: 'A',
  method: 'GET',
  path: '/api/v1/tasklog/:id',
  summary: 'Read the log of a task',
  description:
    'What was streamed while it ran, or written by a client; where there is neither, what the worker reported when it ended. Of a task with save_log false only what a client has written.',
  params: taskIdParams,
  answers: { 200: oneLog('The log') },
  refusals: { 400: BAD_ID, 404: NO_LOG },
  fault: FAULT,
});

const newText = {
  schema: bodyOf({ content, storage }),
  malformed: MALFORMED_BODY,
  examples: { text: { content: 'line 1\n' } },
};

export const putTaskLog = defineOperation({
  id: 'putTaskLog',
  group: 'A',
  method: 'PUT',
  path: '/api/v1/tasklog/:id',
  summary: 'Replace the log of a task',
  params: taskIdParams,
  body: newText,
  answers: { 200: oneLog('The log as it is now') },
  refusals: { 400: WRONG, 404: NO_TASK },
  fault: FAULT,
});

export const deleteTaskLog = defineOperation({
  id: 'deleteTaskLog',
  group: 'A',
  method: 'DELETE',
  path: '/api/v1/tasklog/:id',
  summary: 'Delete the log of a task',
  description: 'What was streamed or written. What the worker reported belongs to the task, and goes with it.',
  params: taskIdParams,
  answers: {
    200: {
      description: 'It is gone',
      schema: okOf(messageOf('任务日志删除成功')),
      examples: { deleted: exampleOf({ message: '任务日志删除成功' }) },
    },
  },
  refusals: { 400: BAD_ID, 404: 'There is no such task, or nothing was streamed or written' },
  fault: FAULT,
});

/** A long poll ends before the function that holds it does (28 s). */
const MAX_WAIT_S = 20;

export const getTaskLogContent = defineOperation({
  id: 'getTaskLogContent',
  group: 'A',
  method: 'GET',
  path: '/api/v1/tasklog/:id/content',
  summary: "Read the log's text, also while the task runs",
  description:
    'At most 512 KB at a time: go on with after = next until complete. With wait, the answer comes when there is more text, when it is complete, or when the time is up.',
  params: taskIdParams,
  query: z.object({
    after: filter
      .refine((value) => value === undefined || /^\d{1,12}$/.test(value), badRequest('after 必须是上一次回答中的 next'))
      .transform((value) => Number(value ?? 0))
      .meta({ type: 'integer', minimum: 0, default: 0, description: 'next of the answer before' }),
    wait: filter
      .transform((value) => (value !== undefined && /^\d{1,9}$/.test(value) ? Math.min(Number(value), MAX_WAIT_S) : 0))
      .meta({ type: 'integer', minimum: 0, maximum: MAX_WAIT_S, default: 0, description: 'Seconds' }),
  }),
  answers: {
    200: {
      description: 'A piece of the text',
      schema: okOf(contentSchema),
      examples: { piece: exampleOf({ content: 'line 1\n', next: 7, complete: false }) },
    },
  },
  refusals: { 400: `${BAD_ID}, or after is no position`, 404: NO_TASK },
  fault: FAULT,
});

export const putTaskLogContent = defineOperation({
  id: 'putTaskLogContent',
  group: 'A',
  method: 'PUT',
  path: '/api/v1/tasklog/:id/content',
  summary: "Replace the log's text",
  params: taskIdParams,
  body: newText,
  answers: { 200: oneLog('The log as it is now') },
  refusals: { 400: WRONG, 404: NO_TASK },
  fault: FAULT,
});

/** Twice the text: in JSON each line's end, tab or quote takes two bytes. Lambda takes 6 MB, in which it is escaped once more. */
const APPEND_BODY_BYTES = 2 * MAX_LOG_APPEND_BYTES + 64 * 1024;

export const appendTaskLog = defineOperation({
  id: 'appendTaskLog',
  group: 'A',
  method: 'POST',
  path: '/api/v1/tasklog/:id/append',
  summary: 'Add to the end of the log of a task',
  description: 'Makes the log where there is none. At most 1 MB at a time; a log holds 100 MB.',
  params: taskIdParams,
  maxBodyBytes: APPEND_BODY_BYTES,
  body: {
    schema: bodyOf({ content, storage, task_id: optional(z.string(required('task_id', '字符串'))) }),
    malformed: MALFORMED_BODY,
    examples: { line: { content: 'line 2\n' } },
  },
  answers: {
    200: {
      description: 'Where the log is and how long',
      schema: okOf(appendedSchema),
      examples: {
        appended: exampleOf({
          task_id: TASK_ID,
          storage: 'file',
          path: LOG_EXAMPLE.path,
          size: 14,
        }),
      },
    },
  },
  refusals: {
    400: `${WRONG}, or task_id is not that of the path`,
    404: NO_TASK,
    413: 'The text has more than 1 MB',
  },
  fault: FAULT,
});
