/** API A: workers are the same that API B shows. */
import { beforeEach, describe, expect, it } from 'vitest';
import { NOW } from '../support/rows.ts';
import { createWorker } from '../support/world-worker.ts';
import { type BWorld, createBWorld, type Json } from './b-world.ts';

let b: BWorld;
beforeEach(() => {
  b = createBWorld();
});

const at = (offsetMs: number): string => new Date(NOW + offsetMs).toISOString().replace('.000Z', 'Z');
const register = (over: Json = {}) => b.data('POST /api/v1/worker/', { name: 'worker-node-1', ...over });
const sessionOf = async (id: string) => {
  const session = (await b.world.ports.workers.get(id))?.session;
  return session && b.world.ports.sessions.get(session, 'consistent');
};
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('a worker', () => {
  it('is registered with a UUID, inactive, and with the time', async () => {
    const { status, body } = await b.send('POST /api/v1/worker/', { name: 'worker-node-1' });
    expect({ status, body }).toEqual({
      status: 201,
      body: {
        code: 0,
        message: 'ok',
        data: {
          id: expect.stringMatching(UUID),
          name: 'worker-node-1',
          description: '',
          is_active: false,
          last_active: at(0),
          metadata: {},
          created_at: at(0),
          updated_at: at(0),
          deleted: false,
        },
      },
    });
  });

  it('keeps what it is registered with', async () => {
    const given = {
      id: '7f1e6c52-6a1f-4f0e-9d5e-0c7a2b1d3e4f',
      name: '节点 一',
      description: 'rack 7',
      is_active: true,
      metadata: { tasks: ['default', 'command'], colour: { of: 'box' } },
    };
    const worker = await register(given);
    expect(worker).toMatchObject(given);
    expect(await b.data(`GET /api/v1/worker/${given.id}/`)).toEqual(worker);
  });

  it('has a name and an id of its own', async () => {
    const { id } = await register();
    for (const body of [{ name: 'worker-node-1' }, { name: 'other', id }]) {
      const answer = await b.send('POST /api/v1/worker/', body);
      expect([answer.status, answer.body]).toEqual([409, { code: 409, message: '记录已存在' }]);
    }
    const { id: other } = await register({ name: 'other' });
    const renamed = await b.send(`PUT /api/v1/worker/${other}/`, { name: 'worker-node-1' });
    expect([renamed.status, renamed.body]).toEqual([409, { code: 409, message: '记录已存在' }]);
  });

  it('is changed in what is named', async () => {
    const worker = await register({ description: 'old', metadata: { tasks: ['a'] } });
    b.world.pass(1_000);
    const name = 'n'.repeat(128);
    expect(await b.data(`PUT /api/v1/worker/${worker.id}/`, { name, is_active: true })).toEqual({
      ...worker,
      name,
      is_active: true,
      updated_at: at(1_000),
    });
  });

  it('is removed, and its name is free', async () => {
    const { id } = await register();
    const { status, body } = await b.send(`DELETE /api/v1/worker/${id}/`);
    expect([status, body]).toEqual([200, { code: 0, message: 'ok', data: { message: '工作节点删除成功' } }]);
    for (const [method, path, given] of [
      ['GET', '', undefined],
      ['PUT', '', {}],
      ['DELETE', '', undefined],
      ['GET', 'ping/', undefined],
      ['PUT', 'ping/', undefined],
    ] as const) {
      const answer = await b.send(`${method} /api/v1/worker/${id}/${path}`, given);
      expect([method, answer.status, answer.body]).toEqual([method, 404, { code: 404, message: '记录不存在' }]);
    }
    expect(await register()).toMatchObject({ name: 'worker-node-1' });
  });

  it.each(['GET', 'PUT'])('answers a ping by %s, and is active from then on', async (method) => {
    const { id } = await register();
    b.world.pass(60_000);
    const pong = await b.data(`${method} /api/v1/worker/${id}/ping/`, undefined, 'worker-key');
    expect(pong).toEqual({
      message: 'pong',
      worker: expect.objectContaining({ id, is_active: true, last_active: at(60_000) }),
    });
    expect(await b.data(`GET /api/workers/${id}`)).toMatchObject({ status: 'online' });
  });

  it('that connects is there with the categories that it serves', async () => {
    await createWorker(b.world, 'node-1').hello({ categories: ['default', 'report'] });
    expect(await b.data('GET /api/v1/worker/node-1/')).toMatchObject({
      name: 'node-1',
      is_active: true,
      metadata: { tasks: ['default', 'report'] },
    });
  });

  it('serves the categories that a person set, whatever it says', async () => {
    await register({ id: 'node-1', name: 'node-1', metadata: { tasks: ['report'] } });
    await createWorker(b.world, 'node-1').hello({ categories: ['default'] });
    expect((await sessionOf('node-1'))?.categories).toEqual(['report']);
    expect(await b.data('GET /api/v1/worker/node-1/')).toMatchObject({ metadata: { tasks: ['report'] } });
  });

  it('gets other categories at once', async () => {
    await createWorker(b.world, 'node-1').hello({ categories: ['default'] });
    await b.data('PUT /api/v1/worker/node-1/', { metadata: { tasks: ['report'] } });
    expect((await sessionOf('node-1'))?.categories).toEqual(['report']);
  });
});

describe('the list', () => {
  const list = (query = '') => b.data<{ results: Json[] } & Json>(`GET /api/v1/worker/${query}`);
  const names = async (query: string) => (await list(query)).results.map(({ name }) => name);

  beforeEach(async () => {
    for (const [name, is_active, description] of [
      ['beta', true, 'rack 1'],
      ['alpha', false, 'rack 2'],
      ['gamma', true, 'RACK 1'],
    ]) {
      b.world.pass(1_000);
      await register({ name, is_active, description });
    }
  });

  it('is of 10, what was heard of last first', async () => {
    expect(await list()).toMatchObject({ page: 1, page_size: 10, count: 3 });
    expect(await names('')).toEqual(['gamma', 'alpha', 'beta']);
  });

  it.each([
    ['?name=alpha', ['alpha']],
    ['?name__contains=a&ordering=name', ['alpha', 'beta', 'gamma']],
    ['?name__contains=mm', ['gamma']],
    ['?is_active=true&ordering=-name', ['gamma', 'beta']],
    ['?is_active=false', ['alpha']],
    ['?search=rack%201&ordering=created_at', ['beta', 'gamma']],
    ['?id=nobody', []],
    ['?deleted=true', []],
    ['?colour=red&ordering=name', ['alpha', 'beta', 'gamma']],
    ['?page_size=2&ordering=name', ['alpha', 'beta']],
    ['?page_size=2&page=2&ordering=name', ['gamma']],
    ['?ordering=is_gone,name', undefined],
  ])('takes %s', async (query, expected) => {
    if (expected === undefined) {
      expect((await b.send(`GET /api/v1/worker/${query}`)).status).toBe(400);
    } else {
      expect(await names(query)).toEqual(expected);
    }
  });

  it('shows the removed where they are asked for', async () => {
    const [{ id } = {}] = (await list('?name=beta')).results;
    await b.send(`DELETE /api/v1/worker/${id}/`);
    expect(await names('')).toEqual(['gamma', 'alpha']);
    expect((await list('?deleted=true')).results).toMatchObject([{ name: 'beta', deleted: true }]);
  });
});

describe('bad input', () => {
  it.each([
    [{}, '缺少 name'],
    [{ name: '' }, '缺少 name'],
    [{ name: 'n'.repeat(81) }, 'name 不能超过 80 个字符'],
    [{ name: 7 }, 'name 必须是字符串'],
    [{ name: 'w', description: 'd'.repeat(1_001) }, 'description 不能超过 1000 个字符'],
    [{ name: 'w', is_active: 'yes' }, 'is_active 必须是布尔值'],
    [{ name: 'w', metadata: [] }, 'metadata 必须是对象'],
    [{ name: 'w', metadata: { tasks: 'default' } }, 'metadata.tasks 必须是数组'],
    [{ name: 'w', metadata: { tasks: ['1x'] } }, 'metadata.tasks 的每一项必须是分类编码, 不能以数字开头'],
    [{ name: 'w', metadata: { note: 'x'.repeat(33_000) } }, 'metadata 不能超过 32768 字节'],
    [{ name: 'w', id: 'a b' }, 'worker_id 只能包含 1 到 128 个字母、数字和 . _ -'],
    [{ name: 'w', id: 'x'.repeat(129) }, 'worker_id 只能包含 1 到 128 个字母、数字和 . _ -'],
  ])('%j is refused', async (body, change) => {
    const answer = await b.send('POST /api/v1/worker/', body);
    expect([answer.status, answer.body]).toEqual([400, { code: 400, message: `请求参数错误: ${change}` }]);
  });

  it('a name of 129 characters is refused of a change', async () => {
    const { id } = await register();
    expect((await b.send(`PUT /api/v1/worker/${id}/`, { name: 'n'.repeat(129) })).status).toBe(400);
  });
});
