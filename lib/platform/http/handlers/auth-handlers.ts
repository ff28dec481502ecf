/** API C's logging in and out over identity. */
import type { Identity } from '../../../application/identity/api.ts';
import type { Handlers } from '../serve.ts';
import { answer, answerWith, BUSY, tooManyTries, UNKNOWN_USER, userView } from './c-answers.ts';

export type AuthDependencies = {
  readonly identity: Pick<Identity, 'login' | 'refresh' | 'getUser' | 'logout'>;
  /** Epoch ms. */
  readonly now: () => number;
};

export const authHandlers = ({
  identity,
  now,
}: AuthDependencies): Pick<Handlers, 'login' | 'refreshTokens' | 'getProfile' | 'logout'> => ({
  login: async ({ body }, caller) => {
    const result = await identity.login({ name: body.username, password: body.password }, caller);
    switch (result.kind) {
      case 'ok': {
        const { access, refresh } = result.tokens;
        const data = { access_token: access, refresh_token: refresh, user: userView(result.user) };
        return answerWith(200, '登录成功', data, now());
      }
      case 'wrong':
        return { status: 401, error: '用户名或密码错误' };
      case 'limited':
        return tooManyTries(result.retryAt, now());
      case 'busy':
        return BUSY;
    }
  },

  refreshTokens: async ({ body }, caller) => {
    const result = await identity.refresh(body.refresh_token, caller);
    switch (result.kind) {
      case 'ok': {
        const { access, refresh } = result.tokens;
        return answerWith(200, '刷新成功', { access_token: access, refresh_token: refresh }, now());
      }
      case 'refused':
        return { status: 401, error: '刷新令牌无效或已过期' };
      case 'limited':
        return tooManyTries(result.retryAt, now());
    }
  },

  getProfile: async (_input, { principal }) => {
    const user = principal.user === undefined ? undefined : await identity.getUser(principal.user);
    return user ? answerWith(200, '获取成功', userView(user), now()) : { status: 404, error: UNKNOWN_USER };
  },

  logout: async (_input, caller) => {
    await identity.logout(caller);
    return answer(200, '登出成功', now());
  },
});
