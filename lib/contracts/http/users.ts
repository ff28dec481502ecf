/** API C: users. */
import * as z from 'zod';
import {
  FAULT,
  idempotencyHeaders,
  idParams,
  isWithinReach,
  MALFORMED_BODY,
  OUT_OF_REACH,
  pageParameters,
} from './c-inputs.ts';
import { emptyEnvelope, envelope, exampleOf, listOf } from './envelope.ts';
import { defineOperation } from './operation.ts';
import { ADMIN_EXAMPLE, userSchema } from './user.ts';
import { changePasswordBody, createUserBody, updateUserBody } from './user-inputs.ts';

export const listUsers = defineOperation({
  id: 'listUsers',
  group: 'C',
  method: 'GET',
  path: '/api/users',
  summary: 'List users',
  description: 'Oldest first, without the deleted.',
  query: z.object(pageParameters).refine(isWithinReach, OUT_OF_REACH),
  answers: {
    200: {
      description: 'One page',
      schema: envelope(200, '获取成功', z.object(listOf(userSchema))),
      examples: {
        page: exampleOf(200, '获取成功', { list: [ADMIN_EXAMPLE], total: 1, page: 1, page_size: 10 }),
      },
    },
  },
  refusals: { 400: 'A paging parameter is out of range' },
  fault: '查询失败',
});

export const getUser = defineOperation({
  id: 'getUser',
  group: 'C',
  method: 'GET',
  path: '/api/users/:id',
  summary: 'Read a user',
  params: idParams,
  answers: {
    200: {
      description: 'The user',
      schema: envelope(200, '获取成功', userSchema),
      examples: { admin: exampleOf(200, '获取成功', ADMIN_EXAMPLE) },
    },
  },
  refusals: { 400: 'The id is not a user id', 404: 'There is no such user' },
  fault: FAULT,
});

export const createUser = defineOperation({
  id: 'createUser',
  recorded: true,
  group: 'C',
  method: 'POST',
  path: '/api/users',
  summary: 'Create a user',
  headers: idempotencyHeaders('Repeating a create under its key within 24 h answers with the same user'),
  body: {
    schema: createUserBody,
    malformed: MALFORMED_BODY,
    examples: {
      user: { username: 'newuser', email: 'newuser@example.com', password: 'password123', role: 'user' },
    },
  },
  answers: {
    201: {
      description: 'The user',
      schema: envelope(201, '用户创建成功', userSchema),
      examples: {
        user: exampleOf(201, '用户创建成功', {
          id: 2,
          username: 'newuser',
          email: 'newuser@example.com',
          role: 'user',
          status: 1,
        }),
      },
    },
  },
  refusals: {
    400: 'A field is missing or wrong, or the name or e-mail is taken',
    403: 'The caller does not hold all that an admin may',
    409: 'The Idempotency-Key was used for something else',
    503: 'Too many passwords at once: Retry-After says when to come again',
  },
  fault: FAULT,
});

export const updateUser = defineOperation({
  id: 'updateUser',
  recorded: true,
  group: 'C',
  method: 'PUT',
  path: '/api/users/:id',
  summary: 'Change a user',
  description: 'What is absent stays. Disabling a user ends all of their logins at once.',
  params: idParams,
  body: {
    schema: updateUserBody,
    malformed: MALFORMED_BODY,
    examples: { disable: { status: 0 }, promote: { role: 'admin' } },
  },
  answers: {
    200: {
      description: 'The user is changed',
      schema: emptyEnvelope(200, '更新成功'),
      examples: { done: exampleOf(200, '更新成功') },
    },
  },
  refusals: {
    400: 'A field is wrong, the name or e-mail is taken, or no active admin would remain',
    403: 'The caller does not hold all that an admin may',
    404: 'There is no such user',
  },
  fault: FAULT,
});

export const deleteUser = defineOperation({
  id: 'deleteUser',
  recorded: true,
  group: 'C',
  method: 'DELETE',
  path: '/api/users/:id',
  summary: 'Delete a user',
  description: 'Logins and API keys of the user end at once; the name and the e-mail may be used again.',
  params: idParams,
  answers: {
    200: {
      description: 'The user is deleted',
      schema: emptyEnvelope(200, '删除成功'),
      examples: { done: exampleOf(200, '删除成功') },
    },
  },
  refusals: { 400: 'The id is not that of a user, or no active admin would remain' },
  fault: FAULT,
});

export const changePassword = defineOperation({
  id: 'changePassword',
  recorded: true,
  group: 'C',
  method: 'PUT',
  path: '/api/users/:id/password',
  summary: "Change one's own password",
  description: 'All logins of the user end at once. A wrong old password counts as a failed login.',
  params: idParams,
  body: {
    schema: changePasswordBody,
    malformed: MALFORMED_BODY,
    examples: { change: { old_password: 'password123', new_password: 'a longer password' } },
  },
  answers: {
    200: {
      description: 'The password is changed',
      schema: emptyEnvelope(200, '密码修改成功，请重新登录'),
      examples: { done: exampleOf(200, '密码修改成功，请重新登录') },
    },
  },
  refusals: {
    400: 'A field is missing or wrong, or the old password is not the right one',
    404: 'The user was deleted',
    429: 'Too many failed tries: Retry-After says when to come again',
    503: 'Too many passwords at once: Retry-After says when to come again',
  },
  fault: FAULT,
});
