/** API B: workers, those with a socket and those without. */
import * as z from 'zod';
import { nameSchema, workerIdSchema } from '../../frames.ts';
import { MAX_SLOTS } from '../../limits.ts';
import { badRequest, bodyOf, FAULT, MALFORMED_BODY, wrongType } from '../c-inputs.ts';
import { envelope, exampleOf } from '../envelope.ts';
import { flag, oneOf, optional, wholeNumber } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const WORKER_STATUSES = ['online', 'offline', 'busy'] as const;
const MAX_TAGS = 32;

/** What a worker's id may be; other texts are refused, never cut. */
export const workerIdParams = z.object({
  id: z
    .string()
    .refine(
      (id) => workerIdSchema.safeParse(id).success,
      badRequest('worker_id 只能包含 1 到 128 个字母、数字和 . _ -'),
    )
    .meta({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9._-]+$' }),
});

const percent = z.number().nullable();
const systemInfo = z
  .object({ cpu_usage: percent, memory_usage: percent, disk_usage: percent })
  .meta({ description: 'In percent, as its last heartbeat over HTTP told' });

const workerSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    status: z.enum(WORKER_STATUSES).meta({ description: 'offline after 90 s without a sign of life' }),
    last_heartbeat: z.string().nullable().meta({ format: 'date-time' }),
    current_tasks: z.int().min(0),
    max_tasks: z.int().min(1),
    tags: z.array(z.string()),
    enabled: z.boolean().meta({ description: 'false: it keeps what it has and gets no more' }),
    pool: z.string(),
    executors: z.array(z.string()).meta({ description: 'Handlers that it has' }),
    system_info: systemInfo.nullable(),
    created_at: z.string().meta({ format: 'date-time' }),
    updated_at: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'FleetWorker' });
export type FleetWorker = z.input<typeof workerSchema>;

const WORKER_EXAMPLE: FleetWorker = {
  id: 'worker-001',
  name: 'worker-node-1',
  status: 'online',
  last_heartbeat: '2030-01-01T00:00:00Z',
  current_tasks: 2,
  max_tasks: 10,
  tags: ['gpu', 'python'],
  enabled: true,
  pool: 'default',
  executors: ['shell', 'python'],
  system_info: null,
  created_at: '2030-01-01T00:00:00Z',
  updated_at: '2030-01-01T00:00:00Z',
};

const oneWorker = (message: '获取成功' | '更新成功' | '心跳成功') => ({
  description: 'The worker',
  schema: envelope(200, message, workerSchema),
  examples: { worker: exampleOf(200, message, WORKER_EXAMPLE) },
});
const BAD_ID = 'The id is longer than 128 characters, or has others than letters, digits, . _ -';
const NO_WORKER = 'There is no such worker';

export const listWorkers = defineOperation({
  id: 'listWorkers',
  group: 'B',
  method: 'GET',
  path: '/api/workers',
  summary: 'List workers',
  description: 'By id, at most 1,000; the header X-Total-Count tells how many there are in all.',
  answers: {
    200: {
      description: 'The workers',
      schema: envelope(200, '获取成功', z.array(workerSchema)),
      examples: { workers: exampleOf(200, '获取成功', [WORKER_EXAMPLE]) },
    },
  },
  refusals: {},
  fault: FAULT,
});

export const getWorker = defineOperation({
  id: 'getWorker',
  group: 'B',
  method: 'GET',
  path: '/api/workers/:id',
  summary: 'Read a worker',
  params: workerIdParams,
  answers: { 200: oneWorker('获取成功') },
  refusals: { 400: BAD_ID, 404: NO_WORKER },
  fault: FAULT,
});

const tag = z
  .string(wrongType('tags 的每一项', '字符串'))
  .refine(
    (value) => nameSchema.safeParse(value).success,
    badRequest('tags 的每一项只能包含 1 到 64 个字母、数字和 . _ -'),
  );

const updateWorkerBody = bodyOf({
  max_tasks: optional(wholeNumber('max_tasks', 1, MAX_SLOTS)),
  tags: optional(
    z
      .array(tag, wrongType('tags', '数组'))
      .max(MAX_TAGS, badRequest(`tags 不能超过 ${MAX_TAGS} 项`))
      .transform((list) => [...new Set(list)]),
  ),
  enabled: optional(flag('enabled')),
}).meta({ id: 'UpdateFleetWorker' });

export const updateWorker = defineOperation({
  id: 'updateWorker',
  group: 'B',
  method: 'PUT',
  path: '/api/workers/:id',
  summary: 'Configure a worker',
  description: 'What is absent stays. It holds at once for a worker that is connected, and for every later session.',
  params: workerIdParams,
  body: {
    schema: updateWorkerBody,
    malformed: MALFORMED_BODY,
    examples: { all: { max_tasks: 20, tags: ['cpu', 'shell'], enabled: true } },
  },
  answers: { 200: oneWorker('更新成功') },
  refusals: { 400: 'The id or a field is wrong', 404: NO_WORKER },
  fault: FAULT,
});

const MOST_TASKS = 1_000_000;
const PERCENT = (field: string) => badRequest(`${field} 必须是 0 到 100 之间的数`);
const percentage = (field: string) =>
  optional(z.number(PERCENT(field)).min(0, PERCENT(field)).max(100, PERCENT(field)));

const heartbeatBody = bodyOf({
  status: optional(oneOf('status', WORKER_STATUSES)).transform((status) => status ?? 'online'),
  current_tasks: optional(wholeNumber('current_tasks', 0, MOST_TASKS)).transform((count) => count ?? 0),
  system_info: optional(
    z.object(
      {
        cpu_usage: percentage('system_info.cpu_usage'),
        memory_usage: percentage('system_info.memory_usage'),
        disk_usage: percentage('system_info.disk_usage'),
      },
      wrongType('system_info', '对象'),
    ),
  ),
}).meta({ id: 'Heartbeat' });

export const heartbeatWorker = defineOperation({
  id: 'heartbeatWorker',
  group: 'B',
  method: 'POST',
  path: '/api/workers/:id/heartbeat',
  summary: "Take a worker's heartbeat",
  description:
    'For workers without a socket, each 30 s. An id that nobody knows is registered by it. A worker with a session is seen by that.',
  params: workerIdParams,
  body: {
    schema: heartbeatBody,
    malformed: MALFORMED_BODY,
    examples: {
      online: {
        status: 'online',
        current_tasks: 3,
        system_info: { cpu_usage: 45.2, memory_usage: 60.8, disk_usage: 35.1 },
      },
    },
  },
  answers: { 200: oneWorker('心跳成功') },
  refusals: { 400: 'The id or a field is wrong', 403: 'The key serves no pool, or another than the worker' },
  fault: FAULT,
});
