/** Work for workers without a socket. Orders and results are those of the sockets (docs/worker-protocol.md). */
import * as z from 'zod';
import {
  attemptRefSchema,
  categoryCodeSchema,
  handlerNameSchema,
  nameSchema,
  runOrderSchema,
  runResultSchema,
} from '../../frames.ts';
import {
  MAX_ATTEMPT_REFS,
  MAX_CATEGORIES,
  MAX_HANDLERS,
  MAX_LABELS,
  MAX_RUNS_PER_FRAME,
  MAX_SLOTS,
} from '../../limits.ts';
import { badRequest, bodyOf, FAULT, filter, MALFORMED_BODY, wrongType } from '../c-inputs.ts';
import { envelope, exampleOf } from '../envelope.ts';
import { optional, wholeNumber } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { workerIdParams } from './workers.ts';

/** Seconds that a poll may wait for work: a function answers within 28 s. */
export const MAX_POLL_WAIT_S = 20;
const MAX_TAGS = 32;
const MAX_LABEL_CHARS = 64;

/** @param rule what each item has to be, in words */
const listOf = <const T extends z.ZodType>(field: string, item: T, most: number, rule: string) =>
  z
    .array(z.unknown(), wrongType(field, '数组'))
    .max(most, badRequest(`${field} 不能超过 ${most} 项`))
    .transform((values, context) =>
      values.flatMap((value, index) => {
        const checked = item.safeParse(value);
        if (checked.success) {
          return [checked.data];
        }
        const place = [index, ...(checked.error.issues[0]?.path ?? [])].map((part) => `[${String(part)}]`).join('');
        context.addIssue({ code: 'custom', message: badRequest(`${field}${place} ${rule}`) });
        return [];
      }),
    );

const NAMES = '只能包含 1 到 64 个字母、数字和 . _ -';

const pollBody = bodyOf({
  pool: optional(
    z
      .string(wrongType('pool', '字符串'))
      .refine((pool) => nameSchema.safeParse(pool).success, badRequest(`pool ${NAMES}`)),
  )
    .transform((pool) => pool ?? 'default')
    .meta({ default: 'default' }),
  handlers: listOf('handlers', handlerNameSchema, MAX_HANDLERS, '必须是 1 到 50 个字符的名称').meta({
    description: 'Names of the handlers that it has',
  }),
  tags: optional(listOf('tags', nameSchema, MAX_TAGS, NAMES)),
  labels: optional(
    z
      .record(
        nameSchema,
        z.string().max(MAX_LABEL_CHARS),
        badRequest(`labels 的名称${NAMES}, 值不能超过 ${MAX_LABEL_CHARS} 个字符`),
      )
      .refine((labels) => Object.keys(labels).length <= MAX_LABELS, badRequest(`labels 不能超过 ${MAX_LABELS} 项`)),
  ),
  categories: optional(listOf('categories', categoryCodeSchema, MAX_CATEGORIES, '必须是不以数字开头的类别代码')).meta({
    description: 'Codes of the categories that it serves; absent: all',
  }),
  max_tasks: optional(wholeNumber('max_tasks', 0, MAX_SLOTS))
    .transform((most) => most ?? 1)
    .meta({ default: 1, description: 'Runs at a time; 0: it drains' }),
  instance: optional(
    z
      .string(wrongType('instance', '字符串'))
      .refine((text) => nameSchema.safeParse(text).success, badRequest(`instance ${NAMES}`)),
  ).meta({
    description:
      'What its process made when it started: a restarted one is not taken for the one that knew what it did',
  }),
  running: optional(listOf('running', attemptRefSchema, MAX_ATTEMPT_REFS, '必须是 [run, attempt]')).meta({
    description: 'Every attempt that it holds: one that is missing here is sent again',
  }),
  results: optional(listOf('results', runResultSchema, MAX_RUNS_PER_FRAME, '不是有效的执行结果')).meta({
    description: 'Attempts that have ended, as in the frame `result`',
  }),
}).meta({ id: 'PollWorker' });

const pollSchema = z
  .object({
    session: z.string(),
    at: z.int().meta({ description: "The server's clock, epoch ms" }),
    runs: z.array(runOrderSchema).meta({
      description: 'To be executed, each at its notBefore. One that it knows already is not begun again',
    }),
    cancel: z.array(attemptRefSchema).meta({ description: 'To be ended and reported as cancelled' }),
    heartbeat_ms: z
      .int()
      .meta({ description: 'How often to come at least; after 45 s of silence the session is lost' }),
  })
  .meta({ id: 'Poll' });
export type PollReply = z.input<typeof pollSchema>;

export const pollWorker = defineOperation({
  id: 'pollWorker',
  group: 'B',
  method: 'POST',
  path: '/api/workers/:id/poll',
  summary: 'Report and fetch work',
  description:
    'For workers without a socket: introduction, sign of life, report and fetch in one. With wait, the answer comes when there is work, or when the time is up. Whatever was not answered may be sent again: results count once, and runs come again until they are listed.',
  params: workerIdParams,
  query: z.object({
    wait: filter
      .transform((value) =>
        value !== undefined && /^\d{1,9}$/.test(value) ? Math.min(Number(value), MAX_POLL_WAIT_S) : 0,
      )
      .meta({ type: 'integer', minimum: 0, maximum: MAX_POLL_WAIT_S, default: 0, description: 'Seconds' }),
  }),
  body: {
    schema: pollBody,
    malformed: MALFORMED_BODY,
    examples: {
      first: { handlers: ['shell'], max_tasks: 2 },
      later: {
        handlers: ['shell'],
        max_tasks: 2,
        running: [['7301234567890123', 1]],
        results: [
          { run: '7301234567890124', attempt: 1, outcome: 'succeeded', startedAt: 1_893_456_000_000, durationMs: 40 },
        ],
      },
    },
  },
  answers: {
    200: {
      description: 'What there is to do',
      schema: envelope(200, '获取成功', pollSchema),
      examples: {
        work: exampleOf(200, '获取成功', {
          session: 'poll-3q2-7wEAAQ-1',
          at: 1_893_456_000_000,
          runs: [
            {
              seq: 0,
              run: '7301234567890125',
              attempt: 1,
              handler: 'shell',
              payload: '{"command":"date"}',
              notBefore: 1_893_456_000_000,
              timeoutMs: 300_000,
              maxTries: 3,
              tries: 0,
              stream: true,
            },
          ],
          cancel: [],
          heartbeat_ms: 15_000,
        }),
      },
    },
  },
  refusals: { 400: 'The id or a field is wrong', 403: 'The key does not serve the pool' },
  fault: FAULT,
});
