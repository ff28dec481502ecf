/** The stack before every handler: who is let in, what the others are told, and in which order that is decided. */
import { describe, expect, it } from 'vitest';
import type { Caller } from '../../../lib/application/identity/api.ts';
import { operations } from '../../../lib/contracts/http/operations.ts';
import { createHttpHandler } from '../../../lib/platform/http/http-handler.ts';
import { createLogger } from '../../../lib/platform/logger.ts';
import { NOW } from '../../support/fake-engine.ts';
import { type Answered, call, type HttpRequest } from '../../support/http-event.ts';
import { bearer, createTestAdmission, PRINCIPALS } from '../../support/test-admission.ts';

const { health, getTask, createTask, downloadPayload, listUsers, getUser, changePassword, getProfile, logout } =
  operations;
const served = { health, getTask, createTask, downloadPayload, listUsers, getUser, changePassword, getProfile, logout };

/** The stack over handlers that note who called and answer nothing. */
const createStack = (over: Parameters<typeof createTestAdmission>[0] = {}) => {
  const admission = createTestAdmission({ openGroups: [], ...over });
  const callers: Caller[] = [];
  const logs: Record<string, unknown>[] = [];
  const note = (_input: unknown, caller: Caller) => {
    callers.push(caller);
    return { status: 200, type: 'application/json', text: '{}' } as const;
  };
  const note201 = (input: unknown, caller: Caller) => ({ ...note(input, caller), status: 201 }) as const;
  const handler = createHttpHandler({
    operations: served,
    handlers: {
      health: note,
      getTask: note,
      createTask: note201,
      downloadPayload: note,
      listUsers: note,
      getUser: note,
      changePassword: note,
      getProfile: note,
      logout: note,
    },
    admission,
    logger: createLogger({ level: 'debug', write: (line) => logs.push(JSON.parse(line)) }),
    now: () => NOW,
  });
  const send = (request: string, options?: HttpRequest): Promise<Answered> => call(handler, request, options);
  return { admission, callers, logs, send };
};

const message = (answer: Answered): unknown => {
  const body = answer.json() as { error?: string; message?: string };
  return body.error ?? body.message;
};

describe('without a credential', () => {
  it('a public operation is served, and nobody is asked or counted', async () => {
    const { send, admission, callers } = createStack();
    expect((await send('GET /health')).status).toBe(200);
    expect(callers).toEqual([
      { principal: expect.objectContaining({ id: 'anonymous' }), address: '127.0.0.1', requestId: 'request-1' },
    ]);
    expect([admission.verified, admission.throttled, admission.refusals]).toEqual([[], [], []]);
  });

  it.each([
    ['GET /api/v1/tasks/1', /^No credential was sent: .*Authorization: Bearer/],
    ['GET /api/users', /^未提供认证信息/],
    ['GET /api/runs/1/payload', /^未提供认证信息/],
  ])('%s is 401, challenged with the scheme alone, and not recorded', async (request, words) => {
    const { send, admission, callers } = createStack();
    const answer = await send(request);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(message(answer)).toMatch(words);
    expect([callers, admission.throttled, admission.refusals]).toEqual([[], [], []]);
  });

  it('an open group is served to anonymous, counted by address', async () => {
    const { send, admission, callers, logs } = createStack({ openGroups: ['D'] });
    expect((await send('GET /api/v1/tasks/1')).status).toBe(200);
    expect(callers[0]?.principal).toMatchObject({ kind: 'anonymous', id: 'anonymous', scopes: [], pools: [] });
    expect(admission.throttled).toEqual(['ip:127.0.0.1']);
    expect(logs).toEqual([expect.objectContaining({ message: 'request', principal: 'anonymous', anonymous: true })]);
  });

  it.each(['GET /api/users', 'GET /api/users/2', 'GET /api/auth/profile', 'GET /api/runs/1/payload'])(
    '%s stays shut whatever groups a stage lists',
    async (request) => {
      expect((await createStack({ openGroups: ['A', 'B', 'C', 'D', 'E', 'platform'] }).send(request)).status).toBe(401);
    },
  );
});

describe('a credential', () => {
  it('is verified as it was sent, and the handler gets its principal', async () => {
    const { send, admission, callers, logs } = createStack();
    const answer = await send('GET /api/v1/tasks/1', { ...bearer('user-token'), requestId: 'r-1' });
    expect(answer.status).toBe(200);
    expect(callers).toEqual([{ principal: PRINCIPALS['user-token'], address: '127.0.0.1', requestId: 'r-1' }]);
    expect([admission.verified, admission.throttled, admission.refusals]).toEqual([['user-token'], ['user:2'], []]);
    expect(logs).toEqual([expect.objectContaining({ principal: 'user:2' })]);
    expect(logs[0]).not.toHaveProperty('anonymous');
  });

  it('may be in X-API-Key', async () => {
    const { send, callers } = createStack();
    expect((await send('GET /api/v1/tasks/1', { headers: { 'x-api-key': 'reader-key' } })).status).toBe(200);
    expect(callers[0]?.principal.id).toBe('key:11');
  });

  it.each([
    ['expired', /^认证失败: .*过期/],
    ['revoked', /^认证失败: .*失效/],
    ['forged', /^认证失败: .*无效/],
  ])('that is %s is 401 with that reason, and recorded', async (credential, words) => {
    const { send, admission, callers } = createStack();
    const answer = await send('GET /api/users', { ...bearer(credential), requestId: 'r-2' });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    expect(answer.json()).toEqual({
      success: false,
      code: 401,
      message: expect.stringMatching(words),
      timestamp: '2030-01-01T00:00:00Z',
    });
    expect(admission.refusals).toEqual([
      {
        action: 'access.refused',
        actor: 'anonymous',
        entity: 'operation:listUsers',
        reason: credential === 'forged' ? 'invalid' : credential,
        from: { address: '127.0.0.1', requestId: 'r-2' },
      },
    ]);
    expect([callers, admission.throttled]).toEqual([[], []]);
  });

  it.each([
    { authorization: '' },
    { authorization: 'Bearer' },
    { authorization: 'Basic dXNlcjpwYXNz' },
    { authorization: 'Bearer\tuser-token' },
    { authorization: 'Bearer user-token, Bearer admin-token' },
    { authorization: `Bearer ${'a'.repeat(9_000)}` },
    { authorization: 'Bearer user-token', 'x-api-key': 'user-token' },
    { 'x-api-key': '' },
  ])('that cannot be read (%j) is 401 before anything is verified, and recorded', async (headers) => {
    const { send, admission } = createStack();
    const answer = await send('GET /api/users', { headers });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    expect(message(answer)).toMatch(/^认证格式错误/);
    expect(admission.verified).toEqual([]);
    expect(admission.refusals).toMatchObject([{ reason: 'unreadable' }]);
  });

  it.each([bearer('revoked-token'), bearer('invalid'), { headers: { authorization: 'Basic eDp5' } }])(
    'that is bad is 401 in an open group, too (%j)',
    async (options) => {
      const { send, callers } = createStack({ openGroups: ['D'] });
      const answer = await send('GET /api/v1/tasks/1', options);
      expect(answer.status).toBe(401);
      expect(message(answer)).toMatch(/credential/);
      expect(callers).toEqual([]);
    },
  );

  it('is not looked at by a public operation', async () => {
    const { send, admission } = createStack();
    expect((await send('GET /health', bearer('revoked-token'))).status).toBe(200);
    expect((await send('GET /health', { headers: { authorization: 'nonsense', 'x-api-key': ',' } })).status).toBe(200);
    expect([admission.verified, admission.refusals]).toEqual([[], []]);
  });
});

describe('a principal that may not', () => {
  it.each([
    ['user-token', 'GET /api/users', '权限不足: 需要 users:admin 权限', 'listUsers', 'users:admin'],
    ['user-token', 'GET /api/users/1', '权限不足: 需要 users:admin 权限', 'getUser', 'users:admin'],
    ['worker-key', 'GET /api/users/2', '权限不足: 需要 users:admin 权限', 'getUser', 'users:admin'],
    ['admin-token', 'PUT /api/users/2/password', /^权限不足: 只有用户本人登录/, 'changePassword', 'self'],
    ['admin-key', 'PUT /api/users/2/password', /^权限不足: 只有用户本人登录/, 'changePassword', 'self'],
    ['outside-token', 'GET /api/auth/profile', /^权限不足: 只有用户本人或/, 'getProfile', 'user'],
    ['reader-key', 'POST /api/auth/logout', /^权限不足: 只有登录/, 'logout', 'login'],
    ['reader-key', 'POST /api/v1/tasks', 'Not allowed: this takes the scope runs:write', 'createTask', 'runs:write'],
    ['worker-key', 'GET /api/v1/tasks/1', 'Not allowed: this takes the scope runs:read', 'getTask', 'runs:read'],
    ['user-token', 'GET /api/runs/1/payload', /^权限不足: 需要 workers:connect/, 'downloadPayload', 'workers:connect'],
  ] as const)('%s: %s is 403, says what is missing, and is recorded', async (credential, request, words, id, needs) => {
    const { send, admission, callers, logs } = createStack();
    const answer = await send(request, { ...bearer(credential), requestId: 'r-3' });
    expect(answer.status).toBe(403);
    expect(message(answer)).toEqual(typeof words === 'string' ? words : expect.stringMatching(words));
    expect(callers).toEqual([]);
    const actor = PRINCIPALS[credential].id;
    expect(admission.refusals).toEqual([
      {
        action: 'access.refused',
        actor,
        entity: `operation:${id}`,
        reason: `needs ${needs}`,
        from: { address: '127.0.0.1', requestId: 'r-3' },
      },
    ]);
    expect(logs).toContainEqual(expect.objectContaining({ status: 403, principal: actor }));
  });

  it('may not in an open group either: what it sent is what it is', async () => {
    expect((await createStack({ openGroups: ['D'] }).send('GET /api/v1/tasks/1', bearer('worker-key'))).status).toBe(
      403,
    );
  });

  it('learns nothing of the input: 403 goes before 400, 413 and 415', async () => {
    const { send } = createStack();
    for (const options of [
      { body: '{' },
      { body: 'x'.repeat(300_000) },
      { body: 'x', headers: { 'content-type': 'text/plain' } },
    ]) {
      const { headers, ...rest } = { headers: {}, ...options };
      const answer = await send('POST /api/v1/tasks', {
        ...rest,
        headers: { ...headers, ...bearer('reader-key').headers },
      });
      expect(answer.status).toBe(403);
    }
    expect((await send('GET /api/users/not-an-id', bearer('user-token'))).status).toBe(403);
    expect((await send('GET /api/users?page=x', bearer('user-token'))).status).toBe(403);
  });

  it('is told of a path or a method that is not there as anybody is', async () => {
    const { send, admission } = createStack();
    expect((await send('GET /api/nothing', bearer('forged'))).status).toBe(404);
    expect((await send('PATCH /api/users', bearer('forged'))).status).toBe(405);
    expect(admission.verified).toEqual([]);
  });
});

describe('a principal that calls too often', () => {
  const refusing = (retryAt: number) => createStack({ throttle: async () => ({ kind: 'refused', retryAt }) });

  it.each([
    [NOW + 1, '1'],
    [NOW + 1_000, '1'],
    [NOW + 1_001, '2'],
    [NOW + 59_500, '60'],
    [NOW, '1'],
    [NOW - 5_000, '1'],
  ])('is told when to come again (%d → %s s)', async (retryAt, seconds) => {
    const { send, callers, admission } = refusing(retryAt);
    const answer = await send('GET /api/v1/tasks/1', bearer('user-token'));
    expect(answer.status).toBe(429);
    expect(answer.headers['retry-after']).toBe(seconds);
    expect(message(answer)).toBe(`Too many requests: try again in ${seconds} s`);
    expect([callers, admission.refusals]).toEqual([[], []]);
  });

  it("is told so in the group's language", async () => {
    expect(message(await refusing(NOW + 2_500).send('GET /api/auth/profile', bearer('user-token')))).toBe(
      '请求过于频繁: 请在 3 秒后重试',
    );
  });

  it('is held back before it is asked what it may, and known by its name', async () => {
    const { send, logs } = refusing(NOW + 1);
    expect((await send('GET /api/users', bearer('user-token'))).status).toBe(429);
    expect(logs).toEqual([expect.objectContaining({ status: 429, principal: 'user:2' })]);
  });

  it('is counted by itself, whichever credential and address it uses', async () => {
    const { send, admission } = createStack({ openGroups: ['D'] });
    await send('GET /api/users', bearer('admin-token'));
    await send('GET /api/users', bearer('reader-key'));
    await send('GET /api/v1/tasks/1', { headers: { 'x-api-key': 'reader-key' } });
    await send('GET /api/v1/tasks/1');
    expect(admission.throttled).toEqual(['user:1', 'key:11', 'key:11', 'ip:127.0.0.1']);
  });

  it('does not hold back public operations', async () => {
    expect((await refusing(NOW + 1).send('GET /health', bearer('user-token'))).status).toBe(200);
  });
});

describe('a fault of admission', () => {
  it("lets nobody in, and says nothing but the operation's sentence", async () => {
    const { send, callers, logs } = createStack({
      throttle: () => Promise.reject(new Error('table executions-1234 is gone')),
    });
    const answer = await send('GET /api/v1/tasks/1', bearer('user-token'));
    expect([answer.status, answer.json()]).toEqual([500, { error: 'Failed to get task' }]);
    expect(callers).toEqual([]);
    expect(JSON.stringify(logs)).toContain('executions-1234');
    const chinese = await send('GET /api/users', bearer('admin-token'));
    expect(chinese.json()).toEqual({
      success: false,
      code: 500,
      message: '查询失败',
      timestamp: '2030-01-01T00:00:00Z',
    });
  });
});
