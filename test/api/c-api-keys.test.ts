/** API keys over HTTP: making, listing, rolling and revoking them, and what is refused. */
import { beforeEach, describe, expect, it } from 'vitest';
import { identityOperations } from '../../lib/contracts/http/identity-operations.ts';
import { SCOPES } from '../../lib/domain/identity/access.ts';
import { type CAnswer, type CWorld, createCWorld, PASSWORD } from './c-world.ts';

const MINUTE_MS = 60_000;

let world: CWorld;
let admin = '';
let user = '';
let userId = 0;

beforeEach(async () => {
  world = createCWorld();
  admin = await world.loginAdmin();
  userId = await world.addUser(admin, 'user');
  user = (await world.login('user', PASSWORD)).access;
});

type Key = {
  readonly id: number;
  readonly prefix: string;
  readonly key: string;
  readonly scopes: readonly string[];
  readonly pools: readonly string[];
};
const create = (credential: string, body: object, headers: Record<string, string> = {}): Promise<CAnswer> =>
  world.as(credential, 'POST /api/auth/api-keys', { body, headers });
const keyOf = ({ body }: CAnswer): Key => body.data as Key;
const made = async (credential: string, body: object): Promise<Key> => {
  const answer = await create(credential, body);
  expect([answer.status, answer.body.message]).toEqual([201, 'API密钥创建成功']);
  return keyOf(answer);
};
const list = async (credential: string, query = '') =>
  (await world.as(credential, `GET /api/auth/api-keys${query}`)).body.data as {
    readonly list: readonly Key[];
    readonly total: number;
  };
const roll = (credential: string, id: number, body: object = {}) =>
  world.as(credential, `POST /api/auth/api-keys/${id}/roll`, { body });
const expectRefusal = (answer: CAnswer, status: number, message: unknown): void => {
  expect([answer.status, answer.body.message]).toEqual([status, message]);
  expect(answer.body).not.toHaveProperty('data');
};

describe('a key', () => {
  it('is shown once, with what it may', async () => {
    const answer = await create(user, { name: ' nightly 报告 ', scopes: ['jobs:read', 'runs:*'], expires_in_days: 1 });
    expect(answer.status).toBe(201);
    expect(answer.body.data).toEqual({
      id: expect.any(Number),
      name: ' nightly 报告 ',
      prefix: expect.stringMatching(/^csk_[0-9a-z]+_[0-9a-z]+$/),
      key: expect.stringMatching(/^csk_[0-9a-z]+_[0-9a-z]+_[\w-]{43}$/),
      role: 'user',
      scopes: ['jobs:read', 'runs:read', 'runs:write'],
      pools: [],
      user_id: userId,
      created_at: '2030-01-01T00:00:00Z',
      expires_at: '2030-01-02T00:00:00Z',
    });
    const { key, ...shown } = keyOf(answer);
    expect(key.startsWith(`${shown.prefix}_`)).toBe(true);
    expect(await list(user)).toEqual({ list: [shown], total: 1, page: 1, page_size: 100 });
    expect(JSON.stringify(world.logs)).not.toContain(key);
  });

  it('acts for its user until it is revoked', async () => {
    const { id, key } = await made(user, { name: 'key' });
    expect((await world.as(key, 'GET /api/auth/profile')).body.data).toMatchObject({ id: userId });
    expect((await world.as(user, `DELETE /api/auth/api-keys/${id}`)).body).toMatchObject({
      code: 200,
      message: '撤销成功',
    });
    expect((await world.as(key, 'GET /api/auth/profile')).status).toBe(401);
    expectRefusal(await world.as(user, `DELETE /api/auth/api-keys/${id}`), 404, 'API密钥不存在');
    expect(await list(user)).toMatchObject({ list: [], total: 0 });
  });

  it('has all that its role may where no scopes are named, and all of an area by a star', async () => {
    expect((await made(admin, { name: 'all', role: 'admin' })).scopes).toEqual(SCOPES);
    expect((await made(admin, { name: 'w', role: 'worker', pools: ['*'] })).scopes).toEqual(['workers:connect']);
    expect((await made(user, { name: 'some', scopes: ['flows:*', 'flows:read'] })).scopes).toEqual([
      'flows:read',
      'flows:write',
    ]);
  });

  it('expires', async () => {
    const { key } = await made(user, { name: 'key', expires_in_days: 1 });
    world.pass(24 * 60 * MINUTE_MS - 1);
    expect((await world.as(key, 'GET /api/auth/profile')).status).toBe(200);
    world.pass(1);
    expectRefusal(await world.as(key, 'GET /api/auth/profile'), 401, expect.stringMatching(/^认证失败: /));
  });

  it('can be made for another user by an admin alone', async () => {
    const other = await made(admin, { name: 'for the user', user_id: userId, role: 'user' });
    expect((await world.as(other.key, 'GET /api/auth/profile')).body.data).toMatchObject({ id: userId });
    expect((await list(admin, `?user_id=${userId}`)).list).toHaveLength(1);
    const { id: adminId } = (await world.as(admin, 'GET /api/auth/profile')).body.data as { id: number };
    expectRefusal(await create(user, { name: 'key', user_id: adminId }), 403, expect.stringMatching(/^权限不足: /));
    for (const request of [
      `GET /api/auth/api-keys?user_id=${adminId}`,
      `DELETE /api/auth/api-keys/1?user_id=${adminId}`,
    ]) {
      expectRefusal(await world.as(user, request), 403, expect.stringMatching(/^权限不足: /));
    }
    expectRefusal(await create(admin, { name: 'key', user_id: Number.MAX_SAFE_INTEGER }), 404, '用户不存在');
  });

  it('is never more than its maker', async () => {
    for (const body of [
      { name: 'key', role: 'admin' },
      { name: 'key', role: 'worker', pools: ['default'] },
      { name: 'key', scopes: ['users:admin'] },
      { name: 'key', scopes: ['workers:*'] },
    ]) {
      expectRefusal(await create(user, body), 403, expect.stringMatching(/^权限不足: .*(role|scope) /));
    }
    expect((await list(user)).total).toBe(0);
  });

  it('is one of 100 at most', async () => {
    for (let count = 0; count < 100; count += 1) {
      await made(user, { name: `key ${count}` });
    }
    expectRefusal(
      await create(user, { name: 'one more' }),
      400,
      '请求参数错误: 每个用户最多 100 个 API 密钥，请先撤销不再使用的',
    );
    expect(await list(user)).toMatchObject({ total: 100 });
  });
});

describe('rolling a key', () => {
  it('gives it a new text, and the old one is worth nothing at once', async () => {
    const { id, key, prefix } = await made(user, { name: 'key' });
    const answer = await roll(user, id);
    expect([answer.status, answer.body.message]).toEqual([200, '轮换成功']);
    expect(keyOf(answer)).toMatchObject({ id, prefix });
    expect((await world.as(key, 'GET /api/auth/profile')).status).toBe(401);
    expect((await world.as(keyOf(answer).key, 'GET /api/auth/profile')).status).toBe(200);
  });

  it('leaves the old text as long as was asked', async () => {
    const { id, key } = await made(user, { name: 'key' });
    await roll(user, id, { overlap_minutes: 1440 });
    world.pass(1440 * MINUTE_MS - 1);
    const fresh = (await world.login('user', PASSWORD)).access;
    expect((await world.as(key, 'GET /api/auth/profile')).status).toBe(200);
    world.pass(1);
    expect((await world.as(key, 'GET /api/auth/profile')).status).toBe(401);
    expectRefusal(await roll(fresh, 1), 404, 'API密钥不存在');
  });
});

describe('an Idempotency-Key', () => {
  const header = { 'idempotency-key': 'once' };
  const MADE =
    '幂等键冲突: 该 API 密钥此前已创建，且只显示一次；若未保存，请撤销或轮换它，或换一个新的 Idempotency-Key';

  it('makes one key, and says so to who asks again', async () => {
    expect((await create(user, { name: 'key' }, header)).status).toBe(201);
    expectRefusal(await create(user, { name: 'key' }, header), 409, MADE);
    expectRefusal(await create(user, { name: 'other' }, header), 409, expect.stringContaining('请换一个'));
    expect((await list(user)).total).toBe(1);
  });

  it('is the same for a key that expires, whenever it is asked for again', async () => {
    expect((await create(user, { name: 'key', expires_in_days: 30 }, header)).status).toBe(201);
    world.pass(MINUTE_MS);
    expectRefusal(await create(user, { name: 'key', expires_in_days: 30 }, header), 409, MADE);
  });
});

describe('what is refused', () => {
  const ROLE = 'role 必须是 user、admin、worker 之一';
  const DAYS = 'expires_in_days 必须是 1 到 3650 之间的整数';
  const OWNER = 'user_id 必须是 1 到 9007199254740991 之间的整数';
  const POOLS = 'pools 的每一项必须是 * 或 1 到 64 个字符的池名（字母、数字、. _ -）';

  it.each([
    [{ name: '' }, '缺少 name'],
    [{ name: '  ' }, '缺少 name'],
    [{ name: 'x'.repeat(101) }, 'name 不能超过 100 个字符'],
    [{ name: 'half\ud800' }, 'name 必须是有效的 Unicode 文本'],
    [{ role: 'root' }, ROLE],
    [{ role: 1 }, ROLE],
    [{ role: ['admin'] }, ROLE],
    [{ scopes: 'jobs:read' }, 'scopes 必须是字符串数组'],
    [{ scopes: {} }, 'scopes 必须是字符串数组'],
    [{ scopes: [1] }, 'scopes 必须是字符串数组'],
    [{ scopes: [null] }, 'scopes 必须是字符串数组'],
    [{ scopes: [] }, 'scopes 不能为空：省略它即授予角色的全部权限'],
    [{ scopes: Array.from({ length: 100 }, () => 'jobs:read') }, expect.stringMatching(/scopes 最多 \d+ 项/)],
    [{ scopes: ['*'] }, expect.stringContaining('scopes 的每一项必须是 jobs:read、')],
    [{ scopes: ['jobs:admin'] }, expect.stringContaining('scopes 的每一项必须是 jobs:read、')],
    [{ scopes: ['JOBS:READ'] }, expect.stringContaining('scopes 的每一项必须是 jobs:read、')],
    [{ role: 'worker' }, '缺少 pools：role 为 worker 时必须列出池名或 *'],
    [{ role: 'worker', pools: [] }, '缺少 pools：role 为 worker 时必须列出池名或 *'],
    [{ role: 'worker', pools: null }, '缺少 pools：role 为 worker 时必须列出池名或 *'],
    [{ role: 'worker', pools: 'default' }, 'pools 必须是字符串数组'],
    [{ role: 'worker', pools: [7] }, POOLS],
    [{ role: 'worker', pools: [''] }, POOLS],
    [{ role: 'worker', pools: ['a b'] }, POOLS],
    [{ role: 'worker', pools: ['x'.repeat(65)] }, POOLS],
    [{ role: 'worker', pools: ['**'] }, POOLS],
    [{ role: 'worker', pools: Array.from({ length: 33 }, (_, index) => `p${index}`) }, 'pools 最多 32 项'],
    [{ pools: ['default'] }, '只有 role 为 worker 时才能指定 pools'],
    [{ role: 'admin', pools: ['*'] }, '只有 role 为 worker 时才能指定 pools'],
    [{ expires_in_days: 0 }, DAYS],
    [{ expires_in_days: 3651 }, DAYS],
    [{ expires_in_days: 1.5 }, DAYS],
    [{ expires_in_days: -1 }, DAYS],
    [{ expires_in_days: '30' }, DAYS],
    [{ expires_in_days: 1e300 }, DAYS],
    [{ user_id: 0 }, OWNER],
    [{ user_id: '1' }, OWNER],
    [{ user_id: 1.5 }, OWNER],
    [{ user_id: 9_007_199_254_740_992 }, OWNER],
  ])('%j', async (over, change) => {
    const answer = await create(admin, { name: 'key', ...over });
    expect(answer.status).toBe(400);
    const [word, ...rest] = answer.body.message.split(': ');
    expect([word, rest.join(': ')]).toEqual(['请求参数错误', change]);
    expect((await list(admin)).total).toBe(0);
  });

  it.each([
    { name: 'x'.repeat(100) },
    { name: '😀'.repeat(100) },
    { role: 'worker', pools: ['default', 'default', '*'] },
    { scopes: null, pools: null, role: null, expires_in_days: null, user_id: null },
    { pools: [] },
    { expires_in_days: 3650 },
  ])('not %j', async (over) => {
    const key = await made(admin, { name: 'key', ...over });
    expect(new Set(key.pools).size).toBe(key.pools.length);
  });
});

it('answers are what the contracts say', async () => {
  const answers = [
    ['createApiKey', await create(user, { name: 'key' })],
    ['listApiKeys', await world.as(user, 'GET /api/auth/api-keys')],
  ] as const;
  for (const [id, answer] of answers) {
    const [{ schema }] = Object.values(identityOperations[id].answers) as [
      { schema: { parse: (value: unknown) => unknown } },
    ];
    expect(schema.parse(answer.body)).toEqual(answer.body);
  }
});
