/**
 * Every example of API C's document about logging in and users, word for word, over HTTP: the request as printed, with
 * credentials, ids, names, host and port replaced; the documented status, and every documented key with its type and, where
 * the document fixes one, its value. Further keys are allowed.
 */
import { beforeAll, describe, expect, it } from 'vitest';

type Json = Readonly<Record<string, unknown>>;
type Answered = { readonly status: number; readonly json: Json };

export type CredentialsOfAdmin = { readonly username: string; readonly password: string };

const TOKEN = expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/);
const ID = expect.any(Number);
const NEW_PASSWORD = 'password123';

let made = 0;
/** A stack that the suite runs against may keep the users of an earlier run. */
const freshName = (): string => {
  made += 1;
  return `newuser-${Date.now().toString(36)}-${made}`;
};

/** @param target read when a test runs: the server is up by then, and the first admin's credentials are known */
export const describeCExamples = (target: () => { readonly url: string; readonly admin: CredentialsOfAdmin }): void => {
  const send = async (method: string, path: string, init: RequestInit = {}): Promise<Answered> => {
    const response = await fetch(`${target().url}${path}`, { method, ...init });
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    return { status: response.status, json: (await response.json()) as Json };
  };
  const withBody = (method: string, path: string, body: object, token?: string): Promise<Answered> =>
    send(method, path, {
      headers: { 'Content-Type': 'application/json', ...(token === undefined ? {} : bearer(token)) },
      body: JSON.stringify(body),
    });
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
  const asAdmin = (method: string, path: string): Promise<Answered> => send(method, path, { headers: bearer(token) });

  /** The whole answer: its status is also its code. */
  const expectAnswer = ({ status, json }: Answered, code: number, message: string, data?: unknown): void => {
    expect({ status, json }).toEqual({ status: code, json: expect.objectContaining({ code, message }) });
    if (data === undefined) {
      expect(json).not.toHaveProperty('data');
    } else {
      expect(json).toMatchObject({ data });
    }
  };
  /** The documented word, alone or with what to change after a colon. */
  const expectError = ({ status, json }: Answered, code: number, word: string): void => {
    expect({ status, json }).toEqual({
      status: code,
      json: expect.objectContaining({ code, message: expect.stringMatching(new RegExp(`^${word}(: .+)?$`)) }),
    });
    expect(json).not.toHaveProperty('data');
  };

  const login = (credentials: { username: string; password: string }) =>
    withBody('POST', '/api/auth/login', credentials);
  const tokensOf = async (credentials: { username: string; password: string }) => {
    const answer = await login(credentials);
    expect(answer.status).toBe(200);
    return answer.json.data as { access_token: string; refresh_token: string; user: { id: number } };
  };
  const createUser = async (over: Json = {}): Promise<{ id: number; username: string; email: string }> => {
    const username = freshName();
    const { json } = await withBody(
      'POST',
      '/api/users',
      { username, email: `${username}@example.com`, password: NEW_PASSWORD, role: 'user', ...over },
      token,
    );
    return json.data as { id: number; username: string; email: string };
  };

  let token = '';
  let admin: Json = {};
  const UNKNOWN_ID = Number.MAX_SAFE_INTEGER;

  beforeAll(async () => {
    const { access_token, user } = await tokensOf(target().admin);
    token = access_token;
    admin = {
      id: ID,
      username: target().admin.username,
      email: expect.stringContaining('@'),
      role: 'admin',
      status: 1,
    };
    expect(user).toMatchObject(admin);
  });

  describe('POST /api/auth/login', () => {
    it('logs in', async () => {
      expectAnswer(await login(target().admin), 200, '登录成功', {
        access_token: TOKEN,
        refresh_token: TOKEN,
        user: admin,
      });
    });

    it('logs in as the curl example does', async () => {
      const { username, password } = target().admin;
      const answer = await send('POST', '/api/auth/login', {
        headers: { 'Content-Type': 'application/json' },
        body: `{"username":${JSON.stringify(username)},"password":${JSON.stringify(password)}}`,
      });
      expectAnswer(answer, 200, '登录成功', { user: admin });
    });

    it('takes the e-mail for a user name', async () => {
      const { email, username } = await createUser();
      expectAnswer(await login({ username: email, password: NEW_PASSWORD }), 200, '登录成功', { user: { username } });
    });

    it('makes an access token for 1 hour and a refresh token for 7 days', async () => {
      const { access_token, refresh_token } = await tokensOf(target().admin);
      const secondsOf = (text: string): number => {
        const [, claims = ''] = text.split('.');
        const { iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { iat: number; exp: number };
        return exp - iat;
      };
      expect([secondsOf(access_token), secondsOf(refresh_token)]).toEqual([3_600, 7 * 86_400]);
    });

    it('refuses wrong parameters', async () => {
      expectError(await withBody('POST', '/api/auth/login', {}), 400, '请求参数错误');
      expectError(await login({ username: 'admin', password: '12345' }), 400, '请求参数错误');
    });

    it('refuses a wrong name and a wrong password alike', async () => {
      const { username } = await createUser();
      expectError(await login({ username, password: 'wrong-password' }), 401, '用户名或密码错误');
      expectError(await login({ username: freshName(), password: NEW_PASSWORD }), 401, '用户名或密码错误');
    });
  });

  describe('POST /api/auth/refresh', () => {
    const refresh = (refresh_token: string) => withBody('POST', '/api/auth/refresh', { refresh_token });

    it('gives new tokens, which are taken', async () => {
      const { refresh_token } = await tokensOf(target().admin);
      const answer = await refresh(refresh_token);
      expectAnswer(answer, 200, '刷新成功', { access_token: TOKEN, refresh_token: TOKEN });
      const next = answer.json.data as { access_token: string; refresh_token: string };
      expect(next.refresh_token).not.toBe(refresh_token);
      expect((await send('GET', '/api/auth/profile', { headers: bearer(next.access_token) })).status).toBe(200);
      expect((await refresh(next.refresh_token)).status).toBe(200);
    });

    it('refuses wrong parameters, and a token that is none', async () => {
      expectError(await withBody('POST', '/api/auth/refresh', {}), 400, '请求参数错误');
      expectError(await refresh('nonsense'), 401, '刷新令牌无效或已过期');
    });
  });

  describe('GET /api/auth/profile', () => {
    it('reads the user', async () => {
      expectAnswer(await asAdmin('GET', '/api/auth/profile'), 200, '获取成功', admin);
    });

    it('refuses who is not logged in', async () => {
      expectError(await send('GET', '/api/auth/profile'), 401, '未提供认证信息');
      expectError(await send('GET', '/api/auth/profile', { headers: { Authorization: token } }), 401, '认证格式错误');
      expectError(await send('GET', '/api/auth/profile', { headers: bearer('nonsense') }), 401, '认证失败');
    });
  });

  describe('POST /api/auth/logout', () => {
    it('logs out, and the token is worth nothing from then on', async () => {
      const { access_token, refresh_token } = await tokensOf(target().admin);
      const headers = bearer(access_token);
      expectAnswer(await send('POST', '/api/auth/logout', { headers }), 200, '登出成功');
      expectError(await send('GET', '/api/auth/profile', { headers }), 401, '认证失败');
      expectError(await withBody('POST', '/api/auth/refresh', { refresh_token }), 401, '刷新令牌无效或已过期');
    });

    it('refuses who is not logged in', async () => {
      expectError(await send('POST', '/api/auth/logout'), 401, '未提供认证信息');
    });
  });

  describe('GET /api/users', () => {
    const LISTED = {
      id: ID,
      username: expect.any(String),
      email: expect.any(String),
      role: expect.stringMatching(/^(user|admin)$/),
      status: expect.any(Number),
    };

    it('lists users by page', async () => {
      await createUser();
      const answer = await asAdmin('GET', '/api/users?page=1&page_size=10');
      expectAnswer(answer, 200, '获取成功', { list: expect.any(Array), total: ID, page: 1, page_size: 10 });
      const { list, total } = answer.json.data as { list: Json[]; total: number };
      expect(list.length).toBeGreaterThanOrEqual(2);
      expect(list.length).toBeLessThanOrEqual(10);
      expect(total).toBeGreaterThanOrEqual(list.length);
      for (const user of list) {
        expect(user).toEqual(expect.objectContaining(LISTED));
      }
    });

    it('has 10 on the first page by default, and at most 100', async () => {
      expectAnswer(await asAdmin('GET', '/api/users'), 200, '获取成功', { page: 1, page_size: 10 });
      expectAnswer(await asAdmin('GET', '/api/users?page_size=100'), 200, '获取成功', { page: 1, page_size: 100 });
      expectError(await asAdmin('GET', '/api/users?page_size=101'), 400, '请求参数错误');
    });

    it('is for admins', async () => {
      const { username } = await createUser();
      const { access_token } = await tokensOf({ username, password: NEW_PASSWORD });
      expectError(await send('GET', '/api/users', { headers: bearer(access_token) }), 403, '权限不足');
    });
  });

  describe('GET /api/users/:id', () => {
    it('reads a user', async () => {
      const { id, username, email } = await createUser();
      expectAnswer(await asAdmin('GET', `/api/users/${id}`), 200, '获取成功', {
        id,
        username,
        email,
        role: 'user',
        status: 1,
      });
    });

    it('refuses an id that is none, and one that is unknown', async () => {
      expectError(await asAdmin('GET', '/api/users/abc'), 400, 'ID无效');
      expectError(await asAdmin('GET', `/api/users/${UNKNOWN_ID}`), 404, '用户不存在');
    });
  });

  describe('POST /api/users', () => {
    it('creates a user, who can log in', async () => {
      const username = freshName();
      const email = `${username}@example.com`;
      const body = { username, email, password: NEW_PASSWORD, role: 'user' };
      expectAnswer(await withBody('POST', '/api/users', body, token), 201, '用户创建成功', {
        id: ID,
        username,
        email,
        role: 'user',
        status: 1,
      });
      expectAnswer(await login({ username, password: NEW_PASSWORD }), 200, '登录成功', { user: { username } });
    });

    it('refuses wrong parameters, a name and an e-mail that are taken', async () => {
      const { username, email } = await createUser();
      const other = freshName();
      const create = (body: object) => withBody('POST', '/api/users', body, token);
      const good = { username: other, email: `${other}@example.com`, password: NEW_PASSWORD, role: 'user' };
      expectError(await create({}), 400, '请求参数错误');
      expectError(await create({ ...good, username }), 400, '请求参数错误');
      expectError(await create({ ...good, email }), 400, '请求参数错误');
      expectError(await create({ ...good, role: 'root' }), 400, '请求参数错误');
    });
  });

  describe('PUT /api/users/:id', () => {
    const update = (id: unknown, body: object) => withBody('PUT', `/api/users/${id}`, body, token);

    it('changes every field, and only those given', async () => {
      const { id } = await createUser();
      const username = freshName();
      const changed = { username, email: `${username}@example.org`, role: 'admin', status: 0 };
      expectAnswer(await update(id, changed), 200, '更新成功');
      expectAnswer(await asAdmin('GET', `/api/users/${id}`), 200, '获取成功', { id, ...changed });
      expectAnswer(await update(id, { status: 1 }), 200, '更新成功');
      expectAnswer(await asAdmin('GET', `/api/users/${id}`), 200, '获取成功', { id, ...changed, status: 1 });
    });

    it('refuses wrong parameters, and a user that is unknown', async () => {
      const { id } = await createUser();
      expectError(await update(id, { status: 2 }), 400, '请求参数错误');
      expectError(await update('abc', { status: 1 }), 400, 'ID无效');
      expectError(await update(UNKNOWN_ID, { status: 1 }), 404, '用户不存在');
    });
  });

  describe('DELETE /api/users/:id', () => {
    it('deletes a user, whose name may be used again', async () => {
      const { id, username } = await createUser();
      expectAnswer(await asAdmin('DELETE', `/api/users/${id}`), 200, '删除成功');
      expectError(await asAdmin('GET', `/api/users/${id}`), 404, '用户不存在');
      expectError(await login({ username, password: NEW_PASSWORD }), 401, '用户名或密码错误');
      expect(await createUser({ username, email: `${username}@example.com` })).toMatchObject({ username });
    });

    it('refuses an id that is none, and a user that is unknown', async () => {
      expectError(await asAdmin('DELETE', '/api/users/abc'), 400, 'ID无效');
      expectError(await asAdmin('DELETE', `/api/users/${UNKNOWN_ID}`), 400, '用户不存在');
    });
  });
};
