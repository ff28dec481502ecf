/** API keys, in API C's envelope: for programs and workers, which do not log in. */
import * as z from 'zod';
import { ANY_POOL, expandScopes, KEY_ROLES, SCOPE_PATTERNS, SCOPES } from '../../domain/identity/access.ts';
import { nameSchema } from '../frames.ts';
import {
  badRequest,
  bodyOf,
  FAULT,
  idempotencyHeaders,
  idParams,
  MALFORMED_BODY,
  ownerQuery,
  required,
  wrongType,
} from './c-inputs.ts';
import { emptyEnvelope, envelope, exampleOf, listOf } from './envelope.ts';
import { defineOperation } from './operation.ts';

const MAX_NAME = 100;
const MAX_POOLS = 32;
/** Ten years. */
const MAX_EXPIRY_DAYS = 3650;
/** A day: long enough to give every program its new key. */
const MAX_OVERLAP_MINUTES = 1440;

const instant = (description: string) => z.string().meta({ format: 'date-time', description });

const shown = {
  id: z.int().min(1),
  name: z.string(),
  prefix: z.string().meta({ description: 'The beginning of the key: it tells keys apart and opens nothing' }),
  role: z.enum(KEY_ROLES),
  scopes: z.array(z.enum(SCOPES)),
  pools: z.array(z.string()).meta({ description: 'Pools that a worker may serve with it; * is any' }),
  user_id: z.int().min(1).meta({ description: 'Whom it acts for' }),
  created_at: instant('When it was made'),
  expires_at: instant('Absent: it does not expire').optional(),
};

const apiKey = z.object(shown).meta({ id: 'ApiKey' });
const madeApiKey = z
  .object({ ...shown, key: z.string().meta({ description: 'Shown this once; sent as `Authorization: Bearer <key>`' }) })
  .meta({ id: 'MadeApiKey' });
export type ApiKeyView = z.input<typeof apiKey>;

const KEY_EXAMPLE: ApiKeyView = {
  id: 7_000_000_000_000_000,
  name: 'nightly reports',
  prefix: 'csk_1_1wxajltct8g',
  role: 'user',
  scopes: ['jobs:read', 'runs:read', 'runs:write'],
  pools: [],
  user_id: 1,
  created_at: '2030-01-01T00:00:00Z',
  expires_at: '2031-01-01T00:00:00Z',
};
const MADE_EXAMPLE = { ...KEY_EXAMPLE, key: `${KEY_EXAMPLE.prefix}_${'x'.repeat(43)}` };

const wholeNumber = (field: string, least: number, most: number) => {
  const message = badRequest(`${field} 必须是 ${least} 到 ${most} 之间的整数`);
  return z
    .number(message)
    .refine((count) => Number.isInteger(count) && count >= least && count <= most, message)
    .meta({ type: 'integer', minimum: least, maximum: most })
    .nullish();
};

const POOL_FORM = badRequest(`pools 的每一项必须是 ${ANY_POOL} 或 1 到 64 个字符的池名（字母、数字、. _ -）`);
const isPool = (text: string): boolean => text === ANY_POOL || nameSchema.safeParse(text).success;

const createApiKeyBody = bodyOf({
  name: z
    .string(required('name', '字符串'))
    .refine((text) => text.trim() !== '', badRequest('缺少 name'))
    .refine((text) => [...text].length <= MAX_NAME, badRequest(`name 不能超过 ${MAX_NAME} 个字符`))
    // Half a surrogate pair has no UTF-8 form: the store would keep another name than the one that was sent.
    .refine((text) => text.isWellFormed(), badRequest('name 必须是有效的 Unicode 文本'))
    .meta({ minLength: 1, maxLength: MAX_NAME }),
  role: z
    .enum(KEY_ROLES, badRequest(`role 必须是 ${KEY_ROLES.join('、')} 之一`))
    .nullish()
    .transform((role) => role ?? 'user')
    .meta({ default: 'user' }),
  scopes: z
    .array(
      z
        .string(wrongType('scopes', '字符串数组'))
        .refine(
          (text) => SCOPE_PATTERNS.includes(text),
          badRequest(`scopes 的每一项必须是 ${SCOPE_PATTERNS.join('、')} 之一`),
        ),
      wrongType('scopes', '字符串数组'),
    )
    .min(1, badRequest('scopes 不能为空：省略它即授予角色的全部权限'))
    .max(SCOPE_PATTERNS.length, badRequest(`scopes 最多 ${SCOPE_PATTERNS.length} 项`))
    .nullish()
    .transform((patterns) => patterns && expandScopes(patterns))
    .meta({ description: `All of the role's when absent. Each one of ${SCOPE_PATTERNS.join(', ')}` }),
  pools: z
    .array(z.string(POOL_FORM).refine(isPool, POOL_FORM), wrongType('pools', '字符串数组'))
    .max(MAX_POOLS, badRequest(`pools 最多 ${MAX_POOLS} 项`))
    .nullish()
    .transform((pools) => [...new Set(pools)])
    .meta({ description: 'For the role worker, and only for it: the pools that it may serve; * is any' }),
  expires_in_days: wholeNumber('expires_in_days', 1, MAX_EXPIRY_DAYS).meta({
    description: 'Does not expire when absent',
  }),
  user_id: wholeNumber('user_id', 1, Number.MAX_SAFE_INTEGER).meta({
    description: "The caller's own user when absent; another's takes users:admin",
  }),
})
  .superRefine(({ role, pools }, context) => {
    if (role === 'worker' && pools.length === 0) {
      context.addIssue({
        code: 'custom',
        message: badRequest(`缺少 pools：role 为 worker 时必须列出池名或 ${ANY_POOL}`),
      });
    }
    if (role !== 'worker' && pools.length > 0) {
      context.addIssue({ code: 'custom', message: badRequest('只有 role 为 worker 时才能指定 pools') });
    }
  })
  .meta({ id: 'CreateApiKey' });

export const createApiKey = defineOperation({
  id: 'createApiKey',
  recorded: true,
  group: 'C',
  method: 'POST',
  path: '/api/auth/api-keys',
  summary: 'Make an API key',
  description: 'Nobody gives away what they do not hold: the key may do no more than its maker.',
  headers: idempotencyHeaders(
    'Repeating a create under its key within 24 h makes no second API key; the first cannot be shown again, so it answers 409',
  ),
  body: {
    schema: createApiKeyBody,
    malformed: MALFORMED_BODY,
    examples: {
      program: { name: 'nightly reports', scopes: ['jobs:read', 'runs:*'], expires_in_days: 365 },
      worker: { name: 'worker', role: 'worker', pools: ['default'] },
    },
  },
  answers: {
    201: {
      description: 'The key, shown this once',
      schema: envelope(201, 'API密钥创建成功', madeApiKey),
      examples: { program: exampleOf(201, 'API密钥创建成功', MADE_EXAMPLE) },
    },
  },
  refusals: {
    400: 'A field is missing or wrong, or the user has as many keys as one may have',
    403: 'The caller does not hold what the key is to have',
    404: 'There is no such user',
    409: 'The Idempotency-Key was used before',
  },
  fault: FAULT,
});

export const listApiKeys = defineOperation({
  id: 'listApiKeys',
  group: 'C',
  method: 'GET',
  path: '/api/auth/api-keys',
  summary: "List a user's API keys",
  description: 'Oldest first, all of them: a user has at most 100.',
  query: ownerQuery,
  answers: {
    200: {
      description: 'The keys, without their texts',
      schema: envelope(200, '获取成功', z.object(listOf(apiKey))),
      examples: {
        page: exampleOf(200, '获取成功', { list: [KEY_EXAMPLE], total: 1, page: 1, page_size: 100 }),
      },
    },
  },
  refusals: { 400: 'user_id is not a user id', 403: "Another user's keys take users:admin" },
  fault: '查询失败',
});

export const revokeApiKey = defineOperation({
  id: 'revokeApiKey',
  recorded: true,
  group: 'C',
  method: 'DELETE',
  path: '/api/auth/api-keys/:id',
  summary: 'Revoke an API key',
  description:
    'From the next request it is worth nothing; workers that connected with it are cut off within a heartbeat.',
  params: idParams,
  query: ownerQuery,
  answers: {
    200: {
      description: 'The key is revoked',
      schema: emptyEnvelope(200, '撤销成功'),
      examples: { done: exampleOf(200, '撤销成功') },
    },
  },
  refusals: {
    400: 'The id or user_id is none',
    403: "Another user's keys take users:admin",
    404: 'There is no such key',
  },
  fault: FAULT,
});

export const rollApiKey = defineOperation({
  id: 'rollApiKey',
  recorded: true,
  group: 'C',
  method: 'POST',
  path: '/api/auth/api-keys/:id/roll',
  summary: 'Give an API key a new text',
  params: idParams,
  query: ownerQuery,
  body: {
    schema: bodyOf({
      overlap_minutes: wholeNumber('overlap_minutes', 0, MAX_OVERLAP_MINUTES)
        .transform((minutes) => minutes ?? 0)
        .meta({ default: 0, description: 'How long the old text is still taken' }),
    }).meta({ id: 'RollApiKey' }),
    malformed: MALFORMED_BODY,
    examples: { at_once: {}, in_an_hour: { overlap_minutes: 60 } },
  },
  answers: {
    200: {
      description: 'The key with its new text, shown this once',
      schema: envelope(200, '轮换成功', madeApiKey),
      examples: { program: exampleOf(200, '轮换成功', MADE_EXAMPLE) },
    },
  },
  refusals: {
    400: 'The id or user_id is none, or overlap_minutes is out of range',
    403: "Another user's keys take users:admin, and nobody rolls a key that may more than they do",
    404: 'There is no such key',
  },
  fault: FAULT,
});
