/** API C's users over identity. */
import type { Identity, UserChange } from '../../../application/identity/api.ts';
import { badRequest } from '../../../contracts/http/c-inputs.ts';
import type { Handlers } from '../serve.ts';
import { answer, answerWith, BUSY, idempotencyOf, tooManyTries, UNKNOWN_USER, userView } from './c-answers.ts';

export type UserDependencies = {
  readonly identity: Pick<
    Identity,
    'listUsers' | 'getUser' | 'createUser' | 'updateUser' | 'deleteUser' | 'changePassword'
  >;
  /** Epoch ms. */
  readonly now: () => number;
};

const TAKEN = {
  username_taken: { status: 400, error: badRequest('用户名已存在') },
  email_taken: { status: 400, error: badRequest('邮箱已存在') },
} as const;

const NOT_HELD = { status: 403, error: '权限不足: 只有拥有全部权限的管理员才能设立管理员' } as const;

const STATUS = { 0: 'disabled', 1: 'active' } as const;

/** A field that was not given is not in the change. */
const changeOf = ({
  username,
  email,
  role,
  status,
}: {
  readonly username: string | undefined;
  readonly email: string | undefined;
  readonly role: UserChange['role'] | undefined;
  readonly status: 0 | 1 | undefined;
}): UserChange => ({
  ...(username === undefined ? {} : { username }),
  ...(email === undefined ? {} : { email }),
  ...(role === undefined ? {} : { role }),
  ...(status === undefined ? {} : { status: STATUS[status] }),
});

export const userHandlers = ({
  identity,
  now,
}: UserDependencies): Pick<
  Handlers,
  'listUsers' | 'getUser' | 'createUser' | 'updateUser' | 'deleteUser' | 'changePassword'
> => ({
  listUsers: async ({ query: { page, page_size } }) => {
    const { users, total } = await identity.listUsers({ offset: (page - 1) * page_size, limit: page_size });
    return answerWith(200, '获取成功', { list: users.map(userView), total, page, page_size }, now());
  },

  getUser: async ({ params }) => {
    const user = await identity.getUser(params.id);
    return user ? answerWith(200, '获取成功', userView(user), now()) : { status: 404, error: UNKNOWN_USER };
  },

  createUser: async ({ body, headers }, caller) => {
    const { username, email, password, role } = body;
    const result = await identity.createUser({ username, email, password, role }, caller, idempotencyOf(headers));
    switch (result.kind) {
      case 'created':
        return answerWith(201, '用户创建成功', userView(result.user), now());
      case 'key_reused':
        return { status: 409, error: '幂等键冲突: 该 Idempotency-Key 已用于其他请求，请换一个' };
      case 'not_held':
        return NOT_HELD;
      case 'busy':
        return BUSY;
      default:
        return TAKEN[result.kind];
    }
  },

  updateUser: async ({ params, body }, caller) => {
    const result = await identity.updateUser(params.id, changeOf(body), caller);
    switch (result) {
      case 'done':
        return answer(200, '更新成功', now());
      case 'not_found':
        return { status: 404, error: UNKNOWN_USER };
      case 'last_admin':
        return { status: 400, error: badRequest('不能禁用或降级最后一个管理员') };
      case 'not_held':
        return NOT_HELD;
      default:
        return TAKEN[result];
    }
  },

  deleteUser: async ({ params }, caller) => {
    const result = await identity.deleteUser(params.id, caller);
    switch (result) {
      case 'done':
        return answer(200, '删除成功', now());
      // The document knows no 404 here.
      case 'not_found':
        return { status: 400, error: UNKNOWN_USER };
      case 'last_admin':
        return { status: 400, error: badRequest('不能删除最后一个管理员') };
    }
  },

  changePassword: async ({ params, body }, caller) => {
    const passwords = { old: body.old_password, new: body.new_password };
    const result = await identity.changePassword(params.id, passwords, caller);
    switch (result.kind) {
      case 'done':
        return answer(200, '密码修改成功，请重新登录', now());
      case 'wrong':
        return { status: 400, error: badRequest('old_password 不正确') };
      case 'not_found':
        return { status: 404, error: UNKNOWN_USER };
      case 'limited':
        return tooManyTries(result.retryAt, now());
      case 'busy':
        return BUSY;
    }
  },
});
