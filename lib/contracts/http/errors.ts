/**
 * The forms in which errors are told, and the words of the refusals that any operation may meet, in each form's language.
 * Which form applies follows from the path, so that an unknown path has one too.
 */
import * as z from 'zod';
import type { Scope } from '../../domain/identity/access.ts';
import { formatInstant } from '../../domain/instant.ts';

/** Who a principal would have to be where no scope helps: the user that is meant, any user, a login. */
export type Standing = 'self' | 'user' | 'login';

/** Why who calls was not let in. API A names it beside the message. */
export type AuthCode =
  | 'MISSING_AUTH_HEADER'
  | 'INVALID_AUTH_FORMAT'
  | 'INVALID_TOKEN'
  | 'TOKEN_EXPIRED'
  | 'TOKEN_REVOKED'
  | 'PERMISSION_DENIED';

/** What the platform says before an operation is asked, or in its place. */
export type RefusalWords = {
  readonly noCredential: string;
  /** Not one `Bearer x`: nothing was verified. */
  readonly unreadableCredential: string;
  readonly refusedCredential: Readonly<Record<'expired' | 'revoked' | 'invalid', string>>;
  readonly missingScope: (scope: Scope) => string;
  readonly missingStanding: Readonly<Record<Standing, string>>;
  readonly tooManyRequests: (seconds: number) => string;
  readonly unknownPath: string;
  readonly wrongMethod: (allowed: string) => string;
  readonly notJson: string;
  readonly tooLarge: (bytes: number, most: number) => string;
  readonly tooDeep: (levels: number) => string;
  readonly fault: string;
};

const ENGLISH: RefusalWords = {
  noCredential: 'No credential was sent: send Authorization: Bearer <access token or API key>',
  unreadableCredential:
    'The credential cannot be read: send exactly one, as Authorization: Bearer <access token or API key>, of at most 8 KB',
  refusedCredential: {
    expired: 'The credential has expired: log in again, refresh the tokens, or ask for a new API key',
    revoked: 'The credential was revoked: log in again, or ask for a new API key',
    invalid: 'The credential is not valid here: log in, or ask for an API key of this stage',
  },
  missingScope: (scope) => `Not allowed: this takes the scope ${scope}`,
  missingStanding: {
    self: 'Not allowed: only that user may do this, with an access token of their own login',
    user: 'Not allowed: only a user may do this, logged in or by an API key of their own',
    login: 'Not allowed: only the access token of a login may do this',
  },
  tooManyRequests: (seconds) => `Too many requests: try again in ${seconds} s`,
  unknownPath: 'Nothing is served at this path: /swagger/index.html lists what is',
  wrongMethod: (allowed) => `Method not allowed: this path takes ${allowed}`,
  notJson: 'The body must be JSON: send Content-Type: application/json',
  tooLarge: (bytes, most) => `The body has ${bytes} bytes; at most ${most} are accepted`,
  tooDeep: (levels) => `The body nests deeper than ${levels} levels of arrays and objects`,
  fault: 'Internal server error',
};

/** The words of the documents of APIs A and C, with what to change after a colon. */
const CHINESE: RefusalWords = {
  noCredential: '未提供认证信息: 请发送 Authorization: Bearer <访问令牌或 API 密钥>',
  unreadableCredential: '认证格式错误: 请只发送一个 Authorization: Bearer <访问令牌或 API 密钥>, 不超过 8 KB',
  refusedCredential: {
    expired: '认证失败: 令牌或 API 密钥已过期, 请重新登录或刷新令牌',
    revoked: '认证失败: 令牌或 API 密钥已失效, 请重新登录',
    invalid: '认证失败: 令牌或 API 密钥无效',
  },
  missingScope: (scope) => `权限不足: 需要 ${scope} 权限`,
  missingStanding: {
    self: '权限不足: 只有用户本人登录后才能执行此操作',
    user: '权限不足: 只有用户本人或其 API 密钥才能执行此操作',
    login: '权限不足: 只有登录获得的访问令牌才能执行此操作',
  },
  tooManyRequests: (seconds) => `请求过于频繁: 请在 ${seconds} 秒后重试`,
  unknownPath: '路径不存在: 可用的接口见 /swagger/index.html',
  wrongMethod: (allowed) => `请求方法不允许: 此路径支持 ${allowed}`,
  notJson: '请求体必须是 JSON: 请发送 Content-Type: application/json',
  tooLarge: (bytes, most) => `请求体过大: 共 ${bytes} 字节, 最多 ${most} 字节`,
  tooDeep: (levels) => `请求参数错误: 请求体的嵌套不能超过 ${levels} 层`,
  fault: '服务器内部错误',
};

export type ErrorForm = {
  readonly schema: z.ZodObject;
  readonly words: RefusalWords;
  /**
   * @param at epoch ms
   * @param code of a refusal by who calls
   */
  readonly body: (status: number, message: string, at: number, code?: AuthCode) => object;
};

const STATUS = z.int().min(400).max(599).meta({ description: 'The HTTP status' });

/** API D: the text alone. */
const PLAIN: ErrorForm = {
  schema: z
    .object({ error: z.string().meta({ description: 'What happened and what to change' }) })
    .meta({ id: 'Error' }),
  words: ENGLISH,
  body: (_status, error) => ({ error }),
};

/** API A: the HTTP status as the code, and a word where it is about the credential. */
const CODED: ErrorForm = {
  schema: z
    .object({
      code: STATUS,
      message: z.string().meta({ description: 'What happened and what to change' }),
      error: z
        .string()
        .optional()
        .meta({ description: 'Of a 401 or 403: what is wrong with the credential, as a word' }),
    })
    .meta({ id: 'CodedError' }),
  words: CHINESE,
  body: (code, message, _at, error) => ({ code, message, ...(error === undefined ? {} : { error }) }),
};

/** API E, and the platform's own paths: the HTTP status as the code. */
const SMALL: ErrorForm = {
  schema: z.object({ code: STATUS, message: z.string() }).meta({ id: 'EnvelopeError' }),
  words: ENGLISH,
  body: (code, message) => ({ code, message }),
};

/** APIs B and C share their paths: every key of either is there. */
const SUPERSET: ErrorForm = {
  schema: z
    .object({
      success: z.literal(false),
      code: STATUS,
      message: z.string().meta({ description: 'What happened and what to change' }),
      timestamp: z.string().meta({ format: 'date-time', description: 'When it was answered' }),
    })
    .meta({ id: 'ApiError' }),
  words: CHINESE,
  body: (code, message, at) => ({ success: false, code, message, timestamp: formatInstant(at) }),
};

/** The first that fits counts. API A and, in its midst, the paths of D and E. */
const FORM_BY_PREFIX: readonly (readonly [prefix: string, form: ErrorForm])[] = [
  ['/api/v1/tasks', PLAIN],
  ['/api/v1/flows', SMALL],
  ['/api/v1/transactions', SMALL],
  ['/api/v1/exceptions', SMALL],
  ['/api/v1/stats', SMALL],
  ['/api/v1', CODED],
  ['/api', SUPERSET],
  ['/health', SMALL],
  ['/.well-known', SMALL],
];

export const errorFormOf = (path: string): ErrorForm =>
  FORM_BY_PREFIX.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))?.[1] ?? PLAIN;
