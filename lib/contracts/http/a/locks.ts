/** API A: locks, which are leases on a name. All by GET with a query, as its document has them. */
import * as z from 'zod';
import { badRequest, FAULT } from '../c-inputs.ts';
import { defineOperation } from '../operation.ts';
import { exampleOf, okOf } from './envelope.ts';
import { filter } from './inputs.ts';

/** It is part of a key of the store, which ends at 2,048 bytes. */
const MAX_KEY_BYTES = 1_024;
const DEFAULT_EXPIRE_S = 60;
/** A day. */
const MAX_ACQUIRE_S = 86_400;
const MAX_REFRESH_S = 3_600;

const key = z
  .string(badRequest('缺少 key'))
  .min(1, badRequest('缺少 key'))
  .refine((text) => Buffer.byteLength(text) <= MAX_KEY_BYTES, badRequest(`key 不能超过 ${MAX_KEY_BYTES} 字节`))
  .refine((text) => text.isWellFormed(), badRequest('key 必须是有效的 Unicode 文本'));

const value = z.string(badRequest('缺少 value')).min(1, badRequest('缺少 value'));

/** Seconds. What is no whole number from 1 up counts as the default; more than the most is cut to it. */
const expire = (most: number) =>
  z
    .string()
    .default('')
    .transform((text) =>
      /^\d{1,15}$/.test(text) && Number(text) > 0 ? Math.min(Number(text), most) : DEFAULT_EXPIRE_S,
    )
    .meta({ type: 'integer', minimum: 1, maximum: most, default: DEFAULT_EXPIRE_S, description: 'Seconds' });

const fencing = z.int().min(1).meta({
  description:
    'Only grows for this key: a resource that keeps the highest it has seen can refuse a holder whose lock has run out',
});

const VALUE = '00112233445566778899aabbccddeeff';

export const acquireLock = defineOperation({
  id: 'acquireLock',
  group: 'A',
  method: 'GET',
  path: '/api/v1/lock/acquire',
  summary: 'Take a lock',
  description: 'Held by somebody else, it is still answered 200, with success false.',
  query: z.object({ key, expire: expire(MAX_ACQUIRE_S) }),
  answers: {
    200: {
      description: 'Whether it was taken',
      schema: okOf(
        z.union([
          z.object({
            key: z.string(),
            value: z.string().meta({ description: '32 hexadecimal digits: whoever knows them holds the lock' }),
            success: z.literal(true),
            status: z.literal('success'),
            message: z.string(),
            expire: z.int(),
            fencing_token: fencing,
          }),
          z.object({
            key: z.string(),
            value: z.literal(''),
            success: z.literal(false),
            status: z.literal('failed'),
            message: z.literal('lock already acquired'),
          }),
        ]),
      ),
      examples: {
        taken: exampleOf({
          key: 'report',
          value: VALUE,
          success: true,
          status: 'success',
          message: 'lock acquired',
          expire: 60,
          fencing_token: 1,
        }),
        held: exampleOf({
          key: 'report',
          value: '',
          success: false,
          status: 'failed',
          message: 'lock already acquired',
        }),
      },
    },
  },
  refusals: { 400: 'The key is missing or too long' },
  fault: FAULT,
});

export const releaseLock = defineOperation({
  id: 'releaseLock',
  group: 'A',
  method: 'GET',
  path: '/api/v1/lock/release',
  summary: 'Give a lock back',
  query: z.object({ key, value }),
  answers: {
    200: {
      description: 'It is free',
      schema: okOf(z.object({ key: z.string(), status: z.literal('success'), message: z.string() })),
      examples: { done: exampleOf({ key: 'report', status: 'success', message: 'lock released' }) },
    },
  },
  refusals: { 400: 'The key or the value is missing', 409: 'The value does not hold it, or it has run out' },
  fault: FAULT,
});

export const checkLock = defineOperation({
  id: 'checkLock',
  group: 'A',
  method: 'GET',
  path: '/api/v1/lock/check',
  summary: 'Ask whether a lock is held',
  description: 'With a value: whether that value holds it.',
  query: z.object({ key, value: filter }),
  answers: {
    200: {
      description: 'How it stands',
      schema: okOf(
        z.object({
          key: z.string(),
          is_locked: z.boolean(),
          value: z.string().meta({
            description:
              'Of its holder; empty where nobody holds it, or somebody else than the value that was asked for',
          }),
          status: z.enum(['locked', 'unlocked']),
          check_time: z.string().meta({ format: 'date-time' }),
          value_matched: z.boolean().optional(),
          fencing_token: fencing.optional(),
        }),
      ),
      examples: {
        held: exampleOf({
          key: 'report',
          is_locked: true,
          value: VALUE,
          status: 'locked',
          check_time: '2030-01-01T00:00:00Z',
          value_matched: true,
          fencing_token: 1,
        }),
      },
    },
  },
  refusals: { 400: 'The key is missing or too long' },
  fault: FAULT,
});

export const refreshLock = defineOperation({
  id: 'refreshLock',
  group: 'A',
  method: 'GET',
  path: '/api/v1/lock/refresh',
  summary: 'Keep a lock for longer',
  description: `From now on, at most ${MAX_REFRESH_S} seconds.`,
  query: z.object({ key, value, expire: expire(MAX_REFRESH_S) }),
  answers: {
    200: {
      description: 'It is held on',
      schema: okOf(
        z.object({
          key: z.string(),
          value: z.string(),
          expire: z.int(),
          success: z.literal(true),
          status: z.literal('success'),
          message: z.string(),
          fencing_token: fencing,
        }),
      ),
      examples: {
        held: exampleOf({
          key: 'report',
          value: VALUE,
          expire: 60,
          success: true,
          status: 'success',
          message: 'lock refreshed',
          fencing_token: 1,
        }),
      },
    },
  },
  refusals: { 400: 'The key or the value is missing, the value does not hold it, or it has run out' },
  fault: FAULT,
});
