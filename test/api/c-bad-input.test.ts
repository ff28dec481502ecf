/** API C: what is refused before anything is done, in C's words and with what to change. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { HttpRequest } from '../support/http-event.ts';
import { type CAnswer, type CWorld, createCWorld, PASSWORD } from './c-world.ts';

let world: CWorld;
let admin = '';
let selfId = 0;

beforeAll(async () => {
  world = createCWorld();
  admin = await world.loginAdmin();
  const { body } = await world.as(admin, 'GET /api/auth/profile');
  selfId = (body.data as { id: number }).id;
});

/** Routes are made when a test runs: an id is known only then. */
const BODIES = {
  login: {
    request: () => 'POST /api/auth/login',
    good: { username: 'admin', password: PASSWORD },
  },
  refreshTokens: { request: () => 'POST /api/auth/refresh', good: { refresh_token: 'text' } },
  createUser: {
    request: () => 'POST /api/users',
    good: { username: 'newuser', email: 'newuser@example.com', password: PASSWORD, role: 'user' },
  },
  updateUser: { request: () => `PUT /api/users/${selfId}`, good: { username: 'other' } },
  changePassword: {
    request: () => `PUT /api/users/${selfId}/password`,
    good: { old_password: PASSWORD, new_password: 'password456' },
  },
  createApiKey: { request: () => 'POST /api/auth/api-keys', good: { name: 'key' } },
  rollApiKey: { request: () => 'POST /api/auth/api-keys/1/roll', good: {} },
} as const;
type Id = keyof typeof BODIES;
const IDS = Object.keys(BODIES) as Id[];

const send = (id: Id, body: NonNullable<HttpRequest['body']>, headers: Record<string, string> = {}) =>
  world.as(admin, BODIES[id].request(), { body, headers: { 'content-type': 'application/json', ...headers } });

/** The whole message: nothing may follow what is to be changed. */
const expectRefusal = async (answering: Promise<CAnswer>, status: number, message: string): Promise<void> => {
  const { status: actual, body } = await answering;
  expect({ status: actual, body }).toEqual({
    status,
    body: { success: false, code: status, message, timestamp: '2030-01-01T00:00:00Z' },
  });
};
const bad = (change: string): string => `请求参数错误: ${change}`;

describe.each(IDS)('the body of %s', (id) => {
  it.each(['', '{', 'null', '[]', '[{}]', '"text"', '7', 'true', "{'a':1}", '\u0000', 'NaN', '{"a":1}{}'])(
    'is refused as %j',
    (body) => expectRefusal(send(id, body), 400, bad('请求体必须是 JSON 对象')),
  );

  it('is refused when it is not UTF-8, and when there is none', async () => {
    await expectRefusal(send(id, Buffer.from([0x7b, 0xff, 0x7d])), 400, bad('请求体必须是 JSON 对象'));
    await expectRefusal(world.as(admin, BODIES[id].request()), 400, bad('请求体必须是 JSON 对象'));
  });

  it('is refused over 256 KB, deeper than 100 levels, and under another content type', async () => {
    const nested = (levels: number): string => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect((await send(id, `{"a":"${'x'.repeat(256 * 1024)}"}`)).status).toBe(413);
    expect((await send(id, nested(100))).body.message).toBe(bad('请求体的嵌套不能超过 100 层'));
    expect((await send(id, nested(100_000))).body.message).toBe(bad('请求体的嵌套不能超过 100 层'));
    expect((await send(id, '{}', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await send(id, '{}', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
  });
});

/** Fields that must be there, and what each is when it is not text. */
const REQUIRED: readonly (readonly [Id, string])[] = [
  ['login', 'username'],
  ['login', 'password'],
  ['refreshTokens', 'refresh_token'],
  ['createUser', 'username'],
  ['createUser', 'email'],
  ['createUser', 'password'],
  ['changePassword', 'old_password'],
  ['changePassword', 'new_password'],
  ['createApiKey', 'name'],
];
const NO_TEXT = [0, 1, true, false, [], ['text'], {}, { text: 1 }, 1.5];

describe.each(REQUIRED)('of %s, %s', (id, field) => {
  it('is missing when it is absent or null', async () => {
    const { [field]: _, ...without } = BODIES[id].good as Record<string, unknown>;
    await expectRefusal(send(id, without), 400, bad(`缺少 ${field}`));
    await expectRefusal(send(id, { ...without, [field]: null }), 400, bad(`缺少 ${field}`));
  });

  it.each(NO_TEXT)('is no text as %j', (value) =>
    expectRefusal(send(id, { ...BODIES[id].good, [field]: value }), 400, bad(`${field} 必须是字符串`)),
  );

  it('is refused when it is empty', async () => {
    const { status, body } = await send(id, { ...BODIES[id].good, [field]: '' });
    expect([status, body.message]).toEqual([400, expect.stringContaining(field)]);
  });
});

describe('other fields', () => {
  it.each([
    ['createUser', { role: undefined }, '缺少 role'],
    ['createUser', { role: null }, '缺少 role'],
    ['createUser', { role: '' }, 'role 必须是 user 或 admin'],
    ['createUser', { role: 'worker' }, 'role 必须是 user 或 admin'],
    ['createUser', { role: 'Admin' }, 'role 必须是 user 或 admin'],
    ['createUser', { role: ['admin'] }, 'role 必须是 user 或 admin'],
    ['createUser', { role: 'constructor' }, 'role 必须是 user 或 admin'],
    ['updateUser', { username: 7 }, 'username 必须是字符串'],
    ['updateUser', { email: ['a@b.cc'] }, 'email 必须是字符串'],
    ['updateUser', { role: 'root' }, 'role 必须是 user 或 admin'],
    ['updateUser', { status: 2 }, 'status 必须是 0 或 1'],
    ['updateUser', { status: -1 }, 'status 必须是 0 或 1'],
    ['updateUser', { status: '1' }, 'status 必须是 0 或 1'],
    ['updateUser', { status: true }, 'status 必须是 0 或 1'],
    ['updateUser', { status: 0.5 }, 'status 必须是 0 或 1'],
    ['updateUser', { username: '' }, 'username 不能为空'],
    ['updateUser', { email: '' }, 'email 必须是有效的邮箱地址，例如 name@example.com'],
    ['rollApiKey', { overlap_minutes: -1 }, 'overlap_minutes 必须是 0 到 1440 之间的整数'],
    ['rollApiKey', { overlap_minutes: 1441 }, 'overlap_minutes 必须是 0 到 1440 之间的整数'],
    ['rollApiKey', { overlap_minutes: 0.5 }, 'overlap_minutes 必须是 0 到 1440 之间的整数'],
    ['rollApiKey', { overlap_minutes: '5' }, 'overlap_minutes 必须是 0 到 1440 之间的整数'],
    ['rollApiKey', { overlap_minutes: [5] }, 'overlap_minutes 必须是 0 到 1440 之间的整数'],
  ] as const)('of %s: %j', (id, over, change) =>
    expectRefusal(send(id, { ...BODIES[id].good, ...over }), 400, bad(change)),
  );

  it('are ignored when they are unknown', async () => {
    const body = {
      ...BODIES.createUser.good,
      username: 'extra',
      email: 'extra@example.com',
      id: 1,
      status: 0,
      version: 9,
    };
    const { status, body: answer } = await send('createUser', body);
    expect(status).toBe(201);
    expect(answer.data).toEqual({
      id: expect.any(Number),
      username: 'extra',
      email: 'extra@example.com',
      role: 'user',
      status: 1,
    });
    expect((answer.data as { id: number }).id).not.toBe(1);
  });

  it('do no harm under the names of a prototype', async () => {
    const text =
      '{"username":"proto","email":"proto@example.com","password":"password123","role":"user","__proto__":{"status":0}}';
    expect((await send('createUser', text)).body.data).toMatchObject({ username: 'proto', status: 1 });
    expect('status' in {}).toBe(false);
  });
});

describe('a change of a user', () => {
  it('changes nothing when it names nothing, or only null', async () => {
    const before = (await world.as(admin, `GET /api/users/${selfId}`)).body.data;
    for (const body of [{}, { username: null, email: null, role: null, status: null }, { colour: 'red' }]) {
      expect((await send('updateUser', body)).status).toBe(200);
    }
    expect((await world.as(admin, `GET /api/users/${selfId}`)).body.data).toEqual(before);
  });
});

describe('ids', () => {
  const NO_IDS = ['0', '-1', '1.5', '9007199254740993', '9007199254740992', 'abc', '1e3', '007', '%31x', '١', '1%2F2'];
  const requests = (id: string) =>
    [
      [`GET /api/users/${id}`],
      [`PUT /api/users/${id}`, { status: 1 }],
      [`DELETE /api/users/${id}`],
      [`DELETE /api/auth/api-keys/${id}`],
      [`POST /api/auth/api-keys/${id}/roll`, {}],
    ] as const;

  it.each(NO_IDS)('%s is none', async (id) => {
    for (const [request, body] of requests(id)) {
      const answer = await world.as(admin, request, body === undefined ? {} : { body });
      expect([request, answer.status, answer.body.message]).toEqual([request, 400, 'ID无效']);
    }
  });

  it('are the path of a password only for whom they name', async () => {
    for (const id of [...NO_IDS, '9007199254740991']) {
      const body = BODIES.changePassword.good;
      expect((await world.as(admin, `PUT /api/users/${id}/password`, { body })).status).toBe(403);
    }
  });

  it('are not found when nobody has them', async () => {
    const unknown = '9007199254740991';
    const answers = [];
    for (const [request, body] of requests(unknown)) {
      const answer = await world.as(admin, request, body === undefined ? {} : { body });
      answers.push([answer.status, answer.body.message]);
    }
    expect(answers).toEqual([
      [404, '用户不存在'],
      [404, '用户不存在'],
      [400, '用户不存在'],
      [404, 'API密钥不存在'],
      [404, 'API密钥不存在'],
    ]);
  });

  it.each(['user_id=0', 'user_id=-1', 'user_id=1.5', 'user_id=abc', 'user_id=9007199254740992', 'user_id=1,2'])(
    'of an owner are checked: %s',
    async (query) => {
      for (const [request, body] of [
        [`GET /api/auth/api-keys?${query}`],
        [`DELETE /api/auth/api-keys/1?${query}`],
        [`POST /api/auth/api-keys/1/roll?${query}`, {}],
      ] as const) {
        await expectRefusal(
          world.as(admin, request, body === undefined ? {} : { body }),
          400,
          bad('user_id 必须是用户 ID'),
        );
      }
    },
  );
});

describe('paging', () => {
  const PAGE = 'page 必须是不小于 1 的整数';
  const SIZE = 'page_size 必须是 1 到 100 之间的整数';

  it.each([
    ['page_size=0', SIZE],
    ['page_size=101', SIZE],
    ['page_size=abc', SIZE],
    ['page_size=-1', SIZE],
    ['page_size=1.5', SIZE],
    ['page_size=1e2', SIZE],
    ['page_size=%2B5', SIZE],
    [`page_size=${'9'.repeat(400)}`, SIZE],
    ['page=0', PAGE],
    ['page=-1', PAGE],
    ['page=abc', PAGE],
    ['page=1.0', PAGE],
    ['page=0&page=1', PAGE],
  ])('refuses %s', async (query, change) => {
    for (const path of ['/api/users', '/api/audit']) {
      await expectRefusal(world.as(admin, `GET ${path}?${query}`), 400, bad(change));
    }
  });

  it('reaches 10,000 entries, and names before for what lies beyond', async () => {
    for (const path of ['/api/users', '/api/audit']) {
      for (const query of ['page=100&page_size=100', 'page=1000', 'page=10000&page_size=1']) {
        expect((await world.as(admin, `GET ${path}?${query}`)).body.data).toMatchObject({ list: [] });
      }
    }
    const TOO_FAR = 'page × page_size 不能超过 10000';
    for (const query of ['page=101&page_size=100', 'page=1001', `page=${'9'.repeat(400)}`]) {
      await expectRefusal(world.as(admin, `GET /api/users?${query}`), 400, bad(TOO_FAR));
      const { status, body } = await world.as(admin, `GET /api/audit?${query}`);
      expect([status, body.message]).toEqual([400, expect.stringMatching(/不能超过 10000.*before.*next_before/)]);
    }
  });

  it('takes an empty parameter for none', async () => {
    const { body } = await world.as(admin, 'GET /api/users?page=&page_size=&colour=red');
    expect(body.data).toMatchObject({ page: 1, page_size: 10 });
  });

  it.each(['before=0', 'before=-1', 'before=1.5', 'before=abc'])('of the audit log refuses %s', (query) =>
    expectRefusal(world.as(admin, `GET /api/audit?${query}`), 400, bad('before 必须是不小于 1 的整数')),
  );

  it.each(['action=login', 'action=LOGIN.FAILED', 'action=constructor'])(
    'of the audit log refuses %s',
    async (query) => {
      const { status, body } = await world.as(admin, `GET /api/audit?${query}`);
      expect([status, body.message]).toEqual([400, expect.stringContaining('action 必须是 login.succeeded、')]);
    },
  );
});
