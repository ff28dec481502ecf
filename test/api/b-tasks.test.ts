/** API B: tasks are jobs. */
import { beforeEach, describe, expect, it } from 'vitest';
import { NOW } from '../support/rows.ts';
import { type BWorld, createBWorld, type Json } from './b-world.ts';

let b: BWorld;
beforeEach(() => {
  b = createBWorld();
});

const SHELL = { name: 'hello', executor: 'shell', command: 'echo hello' };
const create = (over: Json = {}) => b.data('POST /api/tasks', { ...SHELL, ...over });
const at = (offsetMs: number): string => new Date(NOW + offsetMs).toISOString().replace('.000Z', 'Z');

describe('a task', () => {
  it('is created with what its document says where nothing is said', async () => {
    const task = await create();
    expect(task).toMatchObject({
      id: expect.any(Number),
      ...SHELL,
      schedule: null,
      priority: 'normal',
      retry_count: 3,
      timeout_seconds: 3_600,
      status: 'active',
      project: 'default',
      category: 'default',
      day_rule: 'or',
      concurrency_policy: 'forbid',
      misfire_policy: 'fire_once',
      misfire_cap: 100,
      timezone: 'UTC',
      dst_gap: 'shift',
      dst_overlap: 'once',
      next_run_at: null,
      last_run_at: null,
      created_at: at(0),
    });
    expect(await b.world.engine.jobs.get(String(task.id))).toMatchObject({
      handler: 'shell',
      maxTries: 4,
      timeoutMs: 3_600_000,
      priority: 5,
      payload: '{"command":"echo hello"}',
    });
  });

  it.each([
    ['low', 8],
    ['normal', 5],
    ['high', 3],
    ['critical', 1],
  ])('of priority %s is of class %i', async (priority, value) => {
    const task = await create({ priority });
    expect(task.priority).toBe(priority);
    expect((await b.world.engine.jobs.get(String(task.id)))?.priority).toBe(value);
  });

  it.each([
    [{ ...SHELL, working_directory: '/tmp', environment: { PATH: '/usr/bin:/bin' } }, ['url', 'python_path']],
    [
      {
        name: 'hook',
        executor: 'http',
        url: 'https://api.example.com/webhook',
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{"data": "value"}',
      },
      ['command'],
    ],
    [
      {
        name: 'py',
        executor: 'python',
        command: 'data_processor.py',
        arguments: ['--input', 'data.csv'],
        python_path: '/usr/bin/python3',
      },
      ['environment'],
    ],
  ])('has the fields of its executor and no others: %j', async (body, absent) => {
    const task = await b.data('POST /api/tasks', {
      ...body,
      ...Object.fromEntries(absent.map((key) => [key, undefined])),
    });
    expect(task).toMatchObject(body);
    const { payload = '{}' } = (await b.world.engine.jobs.get(String(task.id))) ?? {};
    const { name: _, executor: __, ...fields } = body;
    expect(JSON.parse(payload)).toEqual(fields);
    expect(absent.filter((key) => key in task)).toEqual([]);
  });

  it('leaves out what belongs to another executor', async () => {
    const task = await create({ url: 'https://example.com', python_path: '/usr/bin/python3' });
    expect(task).not.toHaveProperty('url');
    expect(task).not.toHaveProperty('python_path');
  });

  it('with a schedule has a next run', async () => {
    b.world.pass(1_000);
    expect(await create({ schedule: '0 */6 * * *' })).toMatchObject({
      schedule: '0 */6 * * *',
      next_run_at: at(6 * 3_600_000),
    });
  });

  it.each(['30 0 12 * * *', '0 0 12 * * ? 2031', '@daily', '@every 90s'])('takes %s too', async (schedule) => {
    expect((await create({ schedule })).next_run_at).toEqual(expect.any(String));
  });

  it('has a name of its own, which is free again when it is deleted', async () => {
    const { id } = await create();
    const { status, body } = await b.send('POST /api/tasks', SHELL);
    expect([status, body]).toEqual([409, expect.objectContaining({ success: false, code: 409 })]);
    expect((await b.send(`DELETE /api/tasks/${id}`)).status).toBe(204);
    expect((await create()).id).not.toBe(id);
  });

  it('is created once under one Idempotency-Key', async () => {
    const { call } = await import('../support/http-event.ts');
    const send = async (body: Json) =>
      call(b.handler, 'POST /api/tasks', {
        body,
        headers: { authorization: 'Bearer admin-key', 'idempotency-key': 'one' },
      });
    const [first, again, other] = [await send(SHELL), await send(SHELL), await send({ ...SHELL, name: 'other' })];
    expect([first.status, again.status, other.status]).toEqual([201, 201, 409]);
    expect((again.json() as { data: Json }).data.id).toBe((first.json() as { data: Json }).data.id);
  });
});

describe('a change', () => {
  it('leaves what it does not name', async () => {
    const task = await create({ schedule: '0 0 * * *', priority: 'high', environment: { A: '1' }, tags: ['gpu'] });
    const changed = await b.data(`PUT /api/tasks/${task.id}`, { name: 'updated_name', schedule: '0 12 * * *' });
    expect(changed).toEqual({
      ...task,
      name: 'updated_name',
      schedule: '0 12 * * *',
      next_run_at: at(12 * 3_600_000),
      updated_at: changed.updated_at,
    });
  });

  it('takes the schedule away with null', async () => {
    const { id } = await create({ schedule: '0 0 * * *' });
    expect(await b.data(`PUT /api/tasks/${id}`, { schedule: null })).toMatchObject({
      schedule: null,
      next_run_at: null,
    });
  });

  it('of one field keeps the others of the executor', async () => {
    const { id } = await create({ environment: { A: '1' } });
    expect(await b.data(`PUT /api/tasks/${id}`, { command: 'echo bye' })).toMatchObject({
      command: 'echo bye',
      environment: { A: '1' },
    });
  });

  it('of the executor takes what that one needs', async () => {
    const { id } = await create();
    expect((await b.send(`PUT /api/tasks/${id}`, { executor: 'http' })).status).toBe(400);
    const changed = await b.data(`PUT /api/tasks/${id}`, { executor: 'http', url: 'https://example.com/' });
    expect(changed).toMatchObject({ executor: 'http', url: 'https://example.com/' });
    expect(changed).not.toHaveProperty('command');
  });

  it('of settings keeps the expression', async () => {
    const { id } = await create({ schedule: '0 12 * * *' });
    expect(await b.data(`PUT /api/tasks/${id}`, { timezone: 'Asia/Shanghai', misfire_policy: 'skip' })).toMatchObject({
      schedule: '0 12 * * *',
      timezone: 'Asia/Shanghai',
      misfire_policy: 'skip',
      concurrency_policy: 'forbid',
      next_run_at: at(4 * 3_600_000),
    });
  });

  it('of the expression counts from now on', async () => {
    const { id } = await create({ schedule: '@every 90s' });
    b.world.pass(60_000);
    expect(await b.data(`PUT /api/tasks/${id}`, { schedule: '@every 2m' })).toMatchObject({ start_at: at(60_000) });
    const later = { schedule: '0 0 * * *', start_at: at(86_400_000) };
    expect(await b.data(`PUT /api/tasks/${id}`, later)).toMatchObject(later);
    expect(await b.data(`PUT /api/tasks/${id}`, { schedule: '0 1 * * *' })).toMatchObject({ start_at: later.start_at });
  });

  it('to a name that another has is refused', async () => {
    await create();
    const { id } = await create({ name: 'second' });
    expect((await b.send(`PUT /api/tasks/${id}`, { name: 'hello' })).status).toBe(409);
  });

  it('of a task that is not there, or was deleted, is 404', async () => {
    const { id } = await create();
    await b.send(`DELETE /api/tasks/${id}`);
    for (const path of [`/api/tasks/${id}`, '/api/tasks/123']) {
      for (const [method, body] of [['GET'], ['PUT', {}], ['DELETE']] as const) {
        const { status, body: answer } = await b.send(`${method} ${path}`, body);
        expect([method, status, answer]).toEqual([method, 404, expect.objectContaining({ success: false, code: 404 })]);
      }
      expect((await b.send(`POST ${path}/trigger`)).status).toBe(404);
      expect((await b.send(`GET ${path}/runs`)).status).toBe(404);
      expect((await b.send(`GET ${path}/ledger`)).status).toBe(404);
    }
  });
});

describe('the list', () => {
  const names = async (query = ''): Promise<readonly unknown[]> =>
    (await b.data<{ items: Json[] }>(`GET /api/tasks${query}`)).items.map(({ name }) => name);

  beforeEach(async () => {
    for (const [name, status, command] of [
      ['backup daily', 'active', 'pg_dump mydb'],
      ['report', 'paused', 'make-report weekly'],
      ['backup weekly', 'disabled', 'tar c'],
    ]) {
      b.world.pass(1_000);
      await create({ name, status, command });
    }
  });

  it('is newest first, 20 to a page', async () => {
    expect(await b.data('GET /api/tasks')).toMatchObject({
      total: 3,
      page: 1,
      page_size: 20,
      total_pages: 1,
      items: [{ name: 'backup weekly' }, { name: 'report' }, { name: 'backup daily' }],
    });
  });

  it('goes by pages, and by cursor', async () => {
    const first = await b.data<Json>('GET /api/tasks?size=2');
    expect(first).toMatchObject({ total: 3, page_size: 2, total_pages: 2, items: { length: 2 } });
    expect(await names('?page=2&size=2')).toEqual(['backup daily']);
    expect(await names(`?size=2&cursor=${first.next_cursor}`)).toEqual(['backup daily']);
    expect(await names('?page=3&size=2')).toEqual([]);
    expect((await b.data<Json>('GET /api/tasks?size=500')).page_size).toBe(100);
  });

  it('takes a status', async () => {
    expect(await names('?status=paused')).toEqual(['report']);
    expect(await names('?status=active')).toEqual(['backup daily']);
  });

  it('searches words by their beginnings in name and command', async () => {
    expect(new Set(await names('?search=back'))).toEqual(new Set(['backup daily', 'backup weekly']));
    expect(new Set(await names('?search=weekly'))).toEqual(new Set(['report', 'backup weekly']));
    expect(await names('?search=BACKUP+week')).toEqual(['backup weekly']);
    expect(await names('?search=pg_dump')).toEqual(['backup daily']);
    expect(await names('?search=weekly&status=paused')).toEqual(['report']);
    expect(await names('?search=ackup')).toEqual([]);
    expect(await names('?search=***')).toEqual([]);
  });

  it('ignores filters that it does not know', async () => {
    expect(await names('?colour=red')).toHaveLength(3);
  });
});

describe('many at once', () => {
  it('are paused and resumed by their ids, or by what they have in common', async () => {
    const [one, two] = [await create({ name: 'one' }), await create({ name: 'two' })];
    await create({ name: 'three', status: 'disabled' });
    const bulk = (action: string, filter: Json) => b.data('POST /api/tasks/bulk', { action, filter });
    const status = async (id: unknown) => (await b.data<Json>(`GET /api/tasks/${id}`)).status;
    expect(await bulk('pause', { ids: [one.id, 7] })).toEqual({ changed: 1, failed: [{ id: 7, reason: 'not_found' }] });
    expect([await status(one.id), await status(two.id)]).toEqual(['paused', 'active']);
    expect(await bulk('pause', { status: 'active' })).toEqual({ changed: 1, failed: [] });
    expect(await status(two.id)).toBe('paused');
    expect(await bulk('resume', { all: true })).toMatchObject({ changed: 2, failed: [{ reason: 'disabled' }] });
    expect([await status(one.id), await status(two.id)]).toEqual(['active', 'active']);
  });

  it('refuse a cursor that is none', async () => {
    const { id } = await create({ name: 'one' });
    for (const filter of [{ ids: [id] }, { all: true }]) {
      const body = { action: 'pause', filter, cursor: 'x' };
      expect((await b.send('POST /api/tasks/bulk', body)).status, JSON.stringify(filter)).toBe(400);
    }
    expect(await b.data(`GET /api/tasks/${id}`)).toMatchObject({ status: 'active' });
  });
});

describe('the pool that a function serves', () => {
  const HTTP = { name: 'hook', executor: 'http', url: 'https://example.com', pool: 'lambda' };

  it('takes a request, for at most as long as a function lasts, and nothing else', async () => {
    const { id, ...hook } = await create({ ...HTTP, timeout_seconds: 600 });
    expect(hook).toMatchObject({ pool: 'lambda', timeout_seconds: 280 });
    const refused = async (request: string, body: object) => {
      const { status, body: answer } = await b.send(request, body);
      expect([status, answer.message]).toEqual([400, expect.stringContaining('pool lambda')]);
    };
    await refused('POST /api/tasks', { name: 's', executor: 'shell', command: 'a', pool: 'lambda' });
    await refused(`PUT /api/tasks/${id}`, { executor: 'shell', command: 'a' });
    const shell = await create({ name: 'plain' });
    await refused(`PUT /api/tasks/${shell.id}`, { pool: 'lambda' });
    const put = (body: object) => b.data(`PUT /api/tasks/${id}`, body);
    expect(await put({ timeout_seconds: 900 })).toMatchObject({ timeout_seconds: 280 });
    expect(await put({ timeout_seconds: 90 })).toMatchObject({ timeout_seconds: 90 });
    expect(await put({ pool: 'default', timeout_seconds: 900 })).toMatchObject({ timeout_seconds: 900 });
    expect(await put({ pool: 'lambda' })).toMatchObject({ timeout_seconds: 280 });
  });
});
