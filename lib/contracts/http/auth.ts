/** API C: logging in and out. */
import * as z from 'zod';
import { badRequest, bodyOf, FAULT, MALFORMED_BODY, required } from './c-inputs.ts';
import { emptyEnvelope, envelope, exampleOf } from './envelope.ts';
import { defineOperation } from './operation.ts';
import { ADMIN_EXAMPLE, userSchema } from './user.ts';
import { loginName, passwordField } from './user-inputs.ts';

const tokens = {
  access_token: z.string().meta({ description: 'Good for 1 h; sent as `Authorization: Bearer <access_token>`' }),
  refresh_token: z.string().meta({ description: 'Good for 7 days and for one refresh' }),
};
const TOKENS_EXAMPLE = { access_token: 'eyJhbGciOiJFUzI1NiIs…', refresh_token: 'eyJhbGciOiJFUzI1NiIs…' };

export const login = defineOperation({
  id: 'login',
  group: 'C',
  method: 'POST',
  path: '/api/auth/login',
  summary: 'Log in',
  description:
    'After 5 wrong passwords for one account, or 50 from one address, within 15 minutes, the answer is 429 until the oldest of them is 15 minutes old.',
  body: {
    schema: bodyOf({
      username: loginName,
      password: passwordField('password'),
    }).meta({ id: 'Login' }),
    malformed: MALFORMED_BODY,
    examples: { admin: { username: 'admin', password: 'password123' } },
  },
  answers: {
    200: {
      description: 'The tokens and whose they are',
      schema: envelope(200, '登录成功', z.object({ ...tokens, user: userSchema })),
      examples: { admin: exampleOf(200, '登录成功', { ...TOKENS_EXAMPLE, user: ADMIN_EXAMPLE }) },
    },
  },
  refusals: {
    400: 'A field is missing or wrong',
    401: 'Wrong name or password, or the user is disabled: nothing tells which',
    429: 'Too many failed tries: Retry-After says when to come again',
    503: 'Too many logins at once: Retry-After says when to come again',
  },
  fault: '令牌生成失败',
});

export const refreshTokens = defineOperation({
  id: 'refreshTokens',
  group: 'C',
  method: 'POST',
  path: '/api/auth/refresh',
  summary: 'Exchange a refresh token for new tokens',
  description: 'A refresh token that was used before ends its login with all tokens: somebody has a copy.',
  body: {
    schema: bodyOf({
      refresh_token: z.string(required('refresh_token', '字符串')).min(1, badRequest('缺少 refresh_token')),
    }).meta({ id: 'Refresh' }),
    malformed: MALFORMED_BODY,
    examples: { token: { refresh_token: TOKENS_EXAMPLE.refresh_token } },
  },
  answers: {
    200: {
      description: 'New tokens; the refresh token that was sent is spent',
      schema: envelope(200, '刷新成功', z.object(tokens)),
      examples: { tokens: exampleOf(200, '刷新成功', TOKENS_EXAMPLE) },
    },
  },
  refusals: {
    400: 'The refresh token is missing',
    401: 'The refresh token is invalid, spent, expired or ended',
    429: 'Its user refreshes too often: Retry-After says when to come again',
  },
  fault: FAULT,
});

export const getProfile = defineOperation({
  id: 'getProfile',
  group: 'C',
  method: 'GET',
  path: '/api/auth/profile',
  summary: 'Read the user of the request',
  answers: {
    200: {
      description: 'The user',
      schema: envelope(200, '获取成功', userSchema),
      examples: { admin: exampleOf(200, '获取成功', ADMIN_EXAMPLE) },
    },
  },
  refusals: { 404: 'The user was deleted' },
  fault: FAULT,
});

export const logout = defineOperation({
  id: 'logout',
  recorded: true,
  group: 'C',
  method: 'POST',
  path: '/api/auth/logout',
  summary: 'Log out',
  description: 'Ends the login at once: its access tokens and its refresh token are worth nothing from then on.',
  answers: {
    200: {
      description: 'The login has ended',
      schema: emptyEnvelope(200, '登出成功'),
      examples: { done: exampleOf(200, '登出成功') },
    },
  },
  refusals: {},
  fault: FAULT,
});
