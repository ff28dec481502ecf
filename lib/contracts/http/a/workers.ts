/** API A: registered workers. The same that API B shows. */
import * as z from 'zod';
import { categoryCodeSchema } from '../../frames.ts';
import { MAX_CATEGORIES } from '../../limits.ts';
import { workerIdParams } from '../b/workers.ts';
import { badRequest, bodyOf, FAULT, MALFORMED_BODY, wrongType } from '../c-inputs.ts';
import { flag, optional, someText, text } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { exampleOf, messageOf, okOf, pageExample, pageOf } from './envelope.ts';
import { filter, flagFilter, isWithinReach, OUT_OF_REACH, ordering, pageParameters } from './inputs.ts';

const MAX_NAME = 80;
/** A worker that registered itself may have a longer name than one that a person registers. */
const MAX_CHANGED_NAME = 128;
const MAX_DESCRIPTION = 1_000;
const MAX_METADATA_BYTES = 32 * 1024;

const workerSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    is_active: z.boolean(),
    last_active: z.string().nullable().meta({ format: 'date-time' }),
    metadata: z.record(z.string(), z.unknown()).meta({ description: 'tasks: the categories that it serves' }),
    created_at: z.string().meta({ format: 'date-time' }),
    updated_at: z.string().meta({ format: 'date-time' }),
    deleted: z.boolean(),
  })
  .meta({ id: 'RegisteredWorker' });
export type RegisteredWorker = z.input<typeof workerSchema>;

const WORKER_EXAMPLE: RegisteredWorker = {
  id: '7f1e6c52-6a1f-4f0e-9d5e-0c7a2b1d3e4f',
  name: 'worker-node-1',
  description: '',
  is_active: true,
  last_active: '2030-01-01T00:00:00Z',
  metadata: { tasks: ['default', 'command'] },
  created_at: '2030-01-01T00:00:00Z',
  updated_at: '2030-01-01T00:00:00Z',
  deleted: false,
};

const NO_WORKER = 'There is no such worker';
const BAD_ID = 'The id is longer than 128 characters, or has others than letters, digits, . _ -';

const metadata = z
  .looseObject(
    {
      tasks: z
        .array(z.string(wrongType('metadata.tasks 的每一项', '字符串')), wrongType('metadata.tasks', '数组'))
        .max(MAX_CATEGORIES, badRequest(`metadata.tasks 不能超过 ${MAX_CATEGORIES} 项`))
        .refine(
          (codes) => codes.every((code) => categoryCodeSchema.safeParse(code).success),
          badRequest('metadata.tasks 的每一项必须是分类编码, 不能以数字开头'),
        )
        .optional()
        .meta({ description: 'Codes of the categories that it serves; absent: all' }),
    },
    wrongType('metadata', '对象'),
  )
  .refine(
    (value) => Buffer.byteLength(JSON.stringify(value)) <= MAX_METADATA_BYTES,
    badRequest(`metadata 不能超过 ${MAX_METADATA_BYTES} 字节`),
  );

const oneWorker = {
  description: 'The worker',
  schema: okOf(workerSchema),
  examples: { worker: exampleOf(WORKER_EXAMPLE) },
};

export const registerWorker = defineOperation({
  id: 'registerWorker',
  group: 'A',
  method: 'POST',
  path: '/api/v1/worker',
  summary: 'Register a worker',
  description:
    'A worker that connects registers itself; registered before, it is found by its id or its name. Safe to repeat without a key: the name is unique, so a repeat is refused (409).',
  body: {
    schema: bodyOf({
      name: someText('name', MAX_NAME),
      description: optional(text('description', MAX_DESCRIPTION)).transform((value) => value ?? ''),
      is_active: optional(flag('is_active')).transform((value) => value ?? false),
      metadata: optional(metadata).transform((value) => value ?? {}),
      id: optional(z.string(wrongType('id', '字符串')).pipe(workerIdParams.shape.id)).meta({
        description: 'A UUID by default',
      }),
    }).meta({ id: 'RegisterWorker' }),
    malformed: MALFORMED_BODY,
    examples: { worker: { name: 'worker-node-1', metadata: { tasks: ['default', 'command'] } } },
  },
  answers: { 201: oneWorker },
  refusals: { 400: 'A field is missing or wrong', 409: 'Another worker has the name or the id' },
  fault: FAULT,
});

const ORDER_FIELDS = ['name', 'created_at', 'updated_at', 'last_active'] as const;

export const listRegisteredWorkers = defineOperation({
  id: 'listRegisteredWorkers',
  group: 'A',
  method: 'GET',
  path: '/api/v1/worker',
  summary: 'List workers',
  description: 'Of the first 1,000 by id.',
  query: z
    .object({
      page: pageParameters.page,
      page_size: pageParameters.page_size,
      id: filter,
      name: filter,
      name__contains: filter,
      is_active: flagFilter,
      deleted: flagFilter,
      search: filter.meta({ description: 'Text in the name or the description' }),
      ordering: ordering(ORDER_FIELDS, '-last_active'),
    })
    .refine(isWithinReach, OUT_OF_REACH),
  answers: {
    200: {
      description: 'One page',
      schema: okOf(pageOf(workerSchema)),
      examples: { page: pageExample(WORKER_EXAMPLE) },
    },
  },
  refusals: { 400: 'ordering names no field' },
  fault: FAULT,
});

export const getRegisteredWorker = defineOperation({
  id: 'getRegisteredWorker',
  group: 'A',
  method: 'GET',
  path: '/api/v1/worker/:id',
  summary: 'Read a worker',
  params: workerIdParams,
  answers: { 200: oneWorker },
  refusals: { 400: BAD_ID, 404: NO_WORKER },
  fault: FAULT,
});

export const updateRegisteredWorker = defineOperation({
  id: 'updateRegisteredWorker',
  group: 'A',
  method: 'PUT',
  path: '/api/v1/worker/:id',
  summary: 'Change a worker',
  description: 'What is absent stays.',
  params: workerIdParams,
  body: {
    schema: bodyOf({
      name: optional(someText('name', MAX_CHANGED_NAME)),
      description: optional(text('description', MAX_DESCRIPTION)),
      is_active: optional(flag('is_active')),
      metadata: optional(metadata),
    }).meta({ id: 'UpdateRegisteredWorker' }),
    malformed: MALFORMED_BODY,
    examples: { rename: { name: 'worker-node-2' } },
  },
  answers: { 200: oneWorker },
  refusals: { 400: 'The id or a field is wrong', 404: NO_WORKER, 409: 'Another worker has the name' },
  fault: FAULT,
});

export const deleteRegisteredWorker = defineOperation({
  id: 'deleteRegisteredWorker',
  group: 'A',
  method: 'DELETE',
  path: '/api/v1/worker/:id',
  summary: 'Remove a worker',
  description: 'A worker that is connected goes on, and registers again with its next session.',
  params: workerIdParams,
  answers: {
    200: {
      description: 'The worker is removed',
      schema: okOf(messageOf('工作节点删除成功')),
      examples: { done: exampleOf({ message: '工作节点删除成功' }) },
    },
  },
  refusals: { 400: BAD_ID, 404: NO_WORKER },
  fault: FAULT,
});

const ping = {
  group: 'A',
  path: '/api/v1/worker/:id/ping',
  summary: 'Take a sign of life',
  description: 'The worker is active from now on.',
  params: workerIdParams,
  answers: {
    200: {
      description: 'pong',
      schema: okOf(z.object({ message: z.literal('pong'), worker: workerSchema })),
      examples: { pong: exampleOf({ message: 'pong', worker: WORKER_EXAMPLE }) },
    },
  },
  refusals: { 400: BAD_ID, 403: 'The key serves another pool than the worker', 404: NO_WORKER },
  fault: FAULT,
} as const;

export const pingWorker = defineOperation({ id: 'pingWorker', method: 'GET', ...ping });
/** The document of A has GET, its later versions PUT. */
export const pingWorkerByPut = defineOperation({ id: 'pingWorkerByPut', method: 'PUT', ...ping });
