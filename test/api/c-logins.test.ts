/** API C: what tokens are good for, when they end, and how often a wrong password may be tried. */
import { beforeEach, describe, expect, it } from 'vitest';
import { ADMIN, type CAnswer, type CWorld, createCWorld, NOW, PASSWORD } from './c-world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Clocks of two machines may differ by so much. */
const SKEW_MS = 5_000;

let world: CWorld;
beforeEach(() => {
  world = createCWorld();
});

const login = (username: string, password: string): Promise<CAnswer> =>
  world.send('POST /api/auth/login', { body: { username, password } });
const refresh = (refresh_token: string): Promise<CAnswer> =>
  world.send('POST /api/auth/refresh', { body: { refresh_token } });
const profile = (token: string): Promise<CAnswer> => world.as(token, 'GET /api/auth/profile');
const tokensOf = ({ body }: CAnswer) => body.data as { readonly access_token: string; readonly refresh_token: string };
const audited = async (): Promise<readonly string[]> =>
  (await world.stores.audit.newest({ limit: 100 })).map(({ action }) => action);

describe('a token', () => {
  it('of one kind is not taken for the other', async () => {
    const { access, refresh: spare } = await world.login(ADMIN.username, ADMIN.password);
    const asRefresh = await refresh(access);
    expect([asRefresh.status, asRefresh.body.message]).toEqual([401, '刷新令牌无效或已过期']);
    const asAccess = await profile(spare);
    expect([asAccess.status, asAccess.body.message]).toEqual([401, expect.stringMatching(/^认证失败: /)]);
    expect([(await profile(access)).status, (await refresh(spare)).status]).toEqual([200, 200]);
  });

  it('is none when it is an API key, or a part of a token', async () => {
    const { access, refresh: spare } = await world.login(ADMIN.username, ADMIN.password);
    const [header = '', claims = '', signature = ''] = spare.split('.');
    const made = await world.as(access, 'POST /api/auth/api-keys', { body: { name: 'key' } });
    const forged = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
    for (const text of [
      (made.body.data as { key: string }).key,
      `${header}.${claims}.`,
      `${header}.${claims}`,
      `${forged}.${claims}.`,
      `${header}.${claims}.${signature}x`,
      ` ${spare}`,
      spare.repeat(100),
      '..',
      '\u0000',
    ]) {
      const answer = await refresh(text);
      expect([text.slice(0, 9), answer.status, answer.body.message]).toEqual([
        text.slice(0, 9),
        401,
        '刷新令牌无效或已过期',
      ]);
    }
  });

  it('is good for its time and no longer', async () => {
    const { access, refresh: spare } = await world.login(ADMIN.username, ADMIN.password);
    world.pass(HOUR_MS - 1_000);
    expect((await profile(access)).status).toBe(200);
    world.pass(1_000 + SKEW_MS);
    expect((await profile(access)).status).toBe(401);
    world.pass(7 * DAY_MS - HOUR_MS - SKEW_MS - 1_000);
    const last = tokensOf(await refresh(spare));
    world.pass(7 * DAY_MS + SKEW_MS);
    expect((await refresh(last.refresh_token)).status).toBe(401);
  });

  it('of a refresh is good once: used again, the whole login ends', async () => {
    const { access, refresh: first } = await world.login(ADMIN.username, ADMIN.password);
    const second = tokensOf(await refresh(first));
    expect((await profile(access)).status).toBe(200);
    expect((await refresh(first)).status).toBe(401);
    for (const token of [access, second.access_token]) {
      expect((await profile(token)).status).toBe(401);
    }
    expect((await refresh(second.refresh_token)).status).toBe(401);
    expect(await audited()).toContain('login.refresh_reused');
  });

  it.each(['disabled', 'deleted'] as const)('ends at once when its user is %s', async (how) => {
    const admin = await world.loginAdmin();
    const id = await world.addUser(admin, 'leaver');
    const { access, refresh: spare } = await world.login('leaver', PASSWORD);
    const request = how === 'disabled' ? world.as(admin, `PUT /api/users/${id}`, { body: { status: 0 } }) : undefined;
    expect((await (request ?? world.as(admin, `DELETE /api/users/${id}`))).status).toBe(200);
    expect([(await profile(access)).status, (await refresh(spare)).status]).toEqual([401, 401]);
    const again = await login('leaver', PASSWORD);
    expect([again.status, again.body.message]).toEqual([401, '用户名或密码错误']);
  });

  it('ends at once with the password', async () => {
    const admin = await world.loginAdmin();
    const id = await world.addUser(admin, 'changer');
    const { access, refresh: spare } = await world.login('changer', PASSWORD);
    const answer = await world.as(access, `PUT /api/users/${id}/password`, {
      body: { old_password: PASSWORD, new_password: 'password456' },
    });
    expect([answer.status, answer.body.message]).toEqual([200, '密码修改成功，请重新登录']);
    expect([(await profile(access)).status, (await refresh(spare)).status]).toEqual([401, 401]);
    expect([(await login('changer', PASSWORD)).status, (await login('changer', 'password456')).status]).toEqual([
      401, 200,
    ]);
  });
});

describe('wrong passwords', () => {
  it('are limited to 5 for one account, with the time to come again', async () => {
    const admin = await world.loginAdmin();
    await world.addUser(admin, 'target');
    for (let tries = 0; tries < 5; tries += 1) {
      expect((await login('target', 'wrong-password')).status).toBe(401);
    }
    world.pass(MINUTE_MS + 1);
    const limited = await login('target', PASSWORD);
    expect([limited.status, limited.headers['retry-after'], limited.body.message]).toEqual([
      429,
      '840',
      '尝试次数过多: 请在 840 秒后重试',
    ]);
    world.pass(14 * MINUTE_MS - 1);
    expect((await login('target', PASSWORD)).status).toBe(200);
  });

  it('are limited alike where there is no such user', async () => {
    await world.loginAdmin();
    const answers = [];
    for (let tries = 0; tries < 7; tries += 1) {
      const { status, body } = await login('nobody', 'wrong-password');
      answers.push([status, body.message]);
    }
    expect(answers).toEqual([
      ...Array.from({ length: 5 }, () => [401, '用户名或密码错误']),
      ...Array.from({ length: 2 }, () => [429, '尝试次数过多: 请在 900 秒后重试']),
    ]);
  });

  it('count where the old password of a change is tried', async () => {
    const admin = await world.loginAdmin();
    const id = await world.addUser(admin, 'changer');
    const { access } = await world.login('changer', PASSWORD);
    const change = (old_password: string) =>
      world.as(access, `PUT /api/users/${id}/password`, { body: { old_password, new_password: 'password456' } });
    for (let tries = 0; tries < 5; tries += 1) {
      const { status, body } = await change('wrong-password');
      expect([status, body.message]).toEqual([400, '请求参数错误: old_password 不正确']);
    }
    const limited = await change(PASSWORD);
    expect([limited.status, limited.headers['retry-after']]).toEqual([429, '900']);
  });
});

describe('many at once', () => {
  it('are told to come again within a second, and nothing is counted against them', async () => {
    await world.loginAdmin();
    const answers = await Promise.all(Array.from({ length: 40 }, () => login(ADMIN.username, ADMIN.password)));
    const busy = answers.filter(({ status }) => status === 503);
    expect(answers.filter(({ status }) => status === 200).length).toBe(40 - busy.length);
    expect(busy.length).toBeGreaterThanOrEqual(30);
    expect(new Set(busy.map(({ headers, body }) => `${headers['retry-after']} ${body.message}`))).toEqual(
      new Set(['1 服务器繁忙: 请在 1 秒后重试']),
    );
    expect((await login(ADMIN.username, ADMIN.password)).status).toBe(200);
  });
});

describe('the last admin', () => {
  it('can be neither deleted, disabled nor demoted', async () => {
    const admin = await world.loginAdmin();
    const { body } = await profile(admin);
    const { id } = body.data as { id: number };
    const answers = [
      await world.as(admin, `DELETE /api/users/${id}`),
      await world.as(admin, `PUT /api/users/${id}`, { body: { status: 0 } }),
      await world.as(admin, `PUT /api/users/${id}`, { body: { role: 'user' } }),
    ];
    expect(answers.map(({ status, body: { message } }) => [status, message])).toEqual([
      [400, '请求参数错误: 不能删除最后一个管理员'],
      [400, '请求参数错误: 不能禁用或降级最后一个管理员'],
      [400, '请求参数错误: 不能禁用或降级最后一个管理员'],
    ]);
    await world.addUser(admin, 'second', 'admin');
    expect((await world.as(admin, `PUT /api/users/${id}`, { body: { role: 'user' } })).status).toBe(200);
  });
});

describe('creating a user under an Idempotency-Key', () => {
  const body = { username: 'once', email: 'once@example.com', password: PASSWORD, role: 'user' };
  const create = (admin: string, key: string, over: object = {}) =>
    world.as(admin, 'POST /api/users', { body: { ...body, ...over }, headers: { 'idempotency-key': key } });

  it('answers a repeat with the same user', async () => {
    const admin = await world.loginAdmin();
    const first = await create(admin, 'key 1');
    const second = await create(admin, 'key 1');
    expect([second.status, second.body.data]).toEqual([201, first.body.data]);
    expect((await world.stores.users.list({ offset: 0, limit: 10 })).total).toBe(2);
  });

  it('refuses it for another, and a key that is none', async () => {
    const admin = await world.loginAdmin();
    await create(admin, 'key 1');
    const reused = await create(admin, 'key 1', { username: 'other' });
    expect([reused.status, reused.body.message]).toEqual([
      409,
      expect.stringMatching(/^幂等键冲突: .*Idempotency-Key/),
    ]);
    for (const key of ['', 'x'.repeat(256), 'né', 'a\tb']) {
      const answer = await create(admin, key, { username: 'third' });
      expect([answer.status, answer.body.message]).toEqual([400, expect.stringContaining('Idempotency-Key')]);
    }
  });
});

it('every answer carries its status as its code, and when it was made', async () => {
  const admin = await world.loginAdmin();
  for (const answer of [await profile(admin), await profile('nonsense'), await login('', '')]) {
    expect(answer.body).toMatchObject({
      success: answer.status === 200,
      code: answer.status,
      timestamp: new Date(NOW).toISOString().replace('.000', ''),
    });
  }
});
