/** API A's cron jobs beyond their documented operations: what they execute, when, and who is found by what. */
import { beforeEach, describe, expect, it } from 'vitest';
import { call } from '../support/http-event.ts';
import { NOW } from '../support/rows.ts';
import { createWorker } from '../support/world-worker.ts';
import { type BWorld, createBWorld, type Json } from './b-world.ts';

let a: BWorld;
beforeEach(() => {
  a = createBWorld();
});

type Cronjob = Json & { readonly id: string; readonly name: string };
type Page = {
  readonly page: number;
  readonly count: number;
  readonly results: readonly Cronjob[];
  readonly next_cursor?: string;
  readonly partial?: true;
};

const DAILY = { time: '0 0 2 * * * *', command: 'bin/report' };
let made = 0;
const create = (over: Json = {}): Promise<Cronjob> => {
  made += 1;
  return a.data<Cronjob>('POST /api/v1/cronjob/', { name: `job-${made}`, ...DAILY, ...over });
};
const patch = (id: string, body: object) => a.data<Cronjob>(`PATCH /api/v1/cronjob/${id}/`, body);
const list = (query: string) => a.data<Page>(`GET /api/v1/cronjob/?${query}`);
const namesOf = async (query: string): Promise<readonly string[]> =>
  (await list(query)).results.map(({ name }) => name);
const jobOf = async (id: string) => {
  const job = await a.world.engine.jobs.get(id);
  if (job === undefined) {
    throw new Error(`There is no job ${id}`);
  }
  return { ...job, payload: JSON.parse(job.payload) as Json };
};
const at = (offsetMs: number): string => new Date(NOW + offsetMs).toISOString().replace('.000Z', 'Z');
const HOUR = 3_600_000;

describe('what a cron job executes', () => {
  it('is the built-in shell with its arguments, and any worker may take it', async () => {
    const { id } = await create({ args: '["--all", 7, "a b"]' });
    expect(await jobOf(id)).toMatchObject({
      handler: 'shell',
      payload: { command: 'bin/report', arguments: ['--all', '7', 'a b'] },
      pool: 'default',
      priority: 5,
      maxTries: 1,
      timeoutMs: 30 * 86_400_000,
      strategy: 'least_loaded',
      policy: { concurrency: 'allow', misfire: 'fire_once', misfireCap: 100 },
    });
    expect(await jobOf(id)).not.toHaveProperty('needs');
  });

  it.each([
    ['["a"]', ['a']],
    ['[ "a" ]', ['a']],
    ['plain text', ['plain text']],
    ['[not json', ['[not json']],
    ['{"a":1}', ['{"a":1}']],
    ['', undefined],
  ])('shows args %j as they were sent', async (args, list) => {
    const job = await create({ args });
    expect(job.args).toBe(args);
    expect((await jobOf(job.id)).payload.arguments).toEqual(list);
  });

  it('follows its metadata', async () => {
    const metadata = {
      workingDir: '/srv',
      environment: { LANG: 'C' },
      worker_select: ['worker-1', 'worker-2'],
      worker_labels: { zone: 'a' },
      priority: 2,
      resource_limit: { memory_mb: 512 },
      extensions: { team: 'x' },
      further: [1, { deep: null }],
    };
    const job = await create({ metadata, category: 'video', tags: ['gpu'], timeout: 90, max_retry: 2 });
    expect(job).toMatchObject({ metadata, category: 'video', tags: ['gpu'], timeout: 90, max_retry: 2 });
    expect(await jobOf(job.id)).toMatchObject({
      payload: { working_directory: '/srv', environment: { LANG: 'C' }, resource_limit: { memory_mb: 512 } },
      needs: {
        tags: ['gpu'],
        workers: ['worker-1', 'worker-2'],
        labels: { zone: 'a' },
        category: 'video',
      },
      priority: 2,
      timeoutMs: 90_000,
      maxTries: 3,
    });
  });

  it.each(['default', 'command'])('of the category %s needs no worker that serves it', async (category) => {
    expect(await jobOf((await create({ category })).id)).not.toHaveProperty('needs');
  });

  it('is shown where API B made it: an address is its command, and may be changed as one', async () => {
    const { id } = await a.data<{ id: number }>('POST /api/tasks', {
      name: 'hook',
      executor: 'http',
      url: 'https://example.com/a',
      method: 'POST',
    });
    expect(await a.data(`GET /api/v1/cronjob/${id}/`)).toMatchObject({
      id: String(id),
      name: 'hook',
      project: 'default',
      command: 'https://example.com/a',
      time: '',
      executor: 'http',
      is_active: true,
      max_retry: 3,
      concurrency_policy: 'forbid',
    });
    await patch(String(id), { command: 'https://example.com/b' });
    expect(await a.data(`GET /api/tasks/${id}`)).toMatchObject({ url: 'https://example.com/b', method: 'POST' });
  });
});

describe('the settings of both APIs', () => {
  const SETTINGS = {
    timezone: 'Europe/Berlin',
    day_rule: 'or',
    dst_gap: 'skip',
    dst_overlap: 'twice',
    start_at: '2030-02-01T00:00:00Z',
    end_at: '2031-02-01T00:00:00Z',
    jitter_seconds: 30,
    concurrency_policy: 'forbid',
    misfire_policy: 'fire_all',
    misfire_cap: 7,
    starting_deadline_seconds: 600,
    pool: 'batch',
    routing: 'round_robin',
    tags: ['a', 'b'],
  };

  it('are kept and shown', async () => {
    const { id } = await create(SETTINGS);
    expect(await a.data(`GET /api/v1/cronjob/${id}/`)).toMatchObject(SETTINGS);
  });

  it('stay where a PUT or a PATCH leaves them out, and go by null where they can', async () => {
    const { id } = await create(SETTINGS);
    expect(await a.data(`PUT /api/v1/cronjob/${id}/`, {})).toMatchObject(SETTINGS);
    expect(await patch(id, { description: 'x' })).toMatchObject(SETTINGS);
    expect(await patch(id, { end_at: null, starting_deadline_seconds: null, timezone: null })).toMatchObject({
      ...SETTINGS,
      end_at: null,
      starting_deadline_seconds: null,
    });
  });

  it('are read with an expression that is only validated', async () => {
    const expr = '0 30 2 31 3 ? 2030';
    const reading = await a.data<Json>('POST /api/v1/cronjob/validate-expression/', {
      expr,
      timezone: 'Europe/Berlin',
    });
    expect(reading).toMatchObject({ next_execution_time: '2030-03-31T01:00:00Z', warnings: [expect.any(String)] });
    const both = { expr: '0 0 0 13 * 5 *' };
    const next = async (day_rule: string) =>
      (await a.data<Json>('POST /api/v1/cronjob/validate-expression/', { ...both, day_rule })).next_execution_time;
    // The next Friday is the 4th; the next Friday the 13th is in September.
    expect([await next('or'), await next('and')]).toEqual(['2030-01-04T00:00:00Z', '2030-09-13T00:00:00Z']);
  });
});

describe('a change', () => {
  it('of metadata by PATCH is key by key, by PUT whole', async () => {
    const { id } = await create({
      metadata: { environment: { A: '1' }, workingDir: '/a', priority: 1, worker_select: ['w'], own: 1 },
    });
    expect((await patch(id, { metadata: { workingDir: '/b' } })).metadata).toMatchObject({
      environment: { A: '1' },
      workingDir: '/b',
      priority: 1,
      worker_select: ['w'],
      own: 1,
    });
    const put = await a.data<Cronjob>(`PUT /api/v1/cronjob/${id}/`, { metadata: { workingDir: '/c' } });
    expect(put.metadata).toMatchObject({ environment: {}, workingDir: '/c', priority: 5, worker_select: [] });
    expect(await jobOf(id)).not.toHaveProperty('needs');
  });

  it('to the name of another job is refused, and changes nothing', async () => {
    await create({ name: 'taken' });
    const { id } = await create({ name: 'mine' });
    const { status, body } = await a.send(`PATCH /api/v1/cronjob/${id}/`, { name: 'taken', description: 'x' });
    expect([status, body.message]).toEqual([409, '记录已存在']);
    expect(await a.data(`GET /api/v1/cronjob/${id}/`)).toMatchObject({ name: 'mine', description: '' });
  });

  it('of what the job does not execute leaves its version as it is', async () => {
    const { id } = await create();
    await patch(id, { description: 'x', is_active: true });
    expect((await jobOf(id)).spec).toBe(1);
    await patch(id, { command: 'other' });
    expect((await jobOf(id)).spec).toBe(2);
  });

  it('leaves what is disabled as it is where is_active says no', async () => {
    const { id } = await a.data<{ id: number }>('POST /api/tasks', {
      name: 'off',
      executor: 'shell',
      command: 'a',
      status: 'disabled',
    });
    expect(await patch(String(id), { is_active: false })).toMatchObject({ state: 'disabled', is_active: false });
    expect(await patch(String(id), { is_active: true })).toMatchObject({ state: 'active', is_active: true });
  });
});

describe('an Idempotency-Key', () => {
  it('makes one job of the same request, and refuses another', async () => {
    const { handler } = a;
    const { call } = await import('../support/http-event.ts');
    const send = (body: object) =>
      call(handler, 'POST /api/v1/cronjob/', {
        headers: { authorization: 'Bearer admin-key', 'idempotency-key': 'key-1' },
        body,
      });
    const first = await send({ name: 'once', ...DAILY });
    const again = await send({ name: 'once', ...DAILY });
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.json()).toEqual(first.json());
    expect((await send({ name: 'twice', ...DAILY })).status).toBe(409);
  });
});

describe('a list', () => {
  beforeEach(async () => {
    for (const [name, over] of [
      ['alpha', { project: 'p', description: 'nightly report' }],
      ['beta', { project: 'p', category: 'video', is_active: true, timeout: 60 }],
      ['gamma', { command: 'sync-files --all' }],
      ['报表生成', { project: 'q' }],
    ] as const) {
      a.world.pass(1);
      await create({ name, ...over });
    }
  });

  it.each([
    ['', ['报表生成', 'gamma', 'beta', 'alpha']],
    ['project=p', ['beta', 'alpha']],
    ['category=video', ['beta']],
    ['project=p&category=default', ['alpha']],
    ['name=gamma', ['gamma']],
    ['name__contains=a', ['gamma', 'beta', 'alpha']],
    ['is_active=true', ['beta']],
    ['is_active=false', ['报表生成', 'gamma', 'alpha']],
    ['is_active=maybe', ['报表生成', 'gamma', 'beta', 'alpha']],
    ['timeout=60', ['beta']],
    ['timeout=0', ['报表生成', 'gamma', 'alpha']],
    ['deleted=true', []],
    ['search=night', ['alpha']],
    ['search=REPORT%20nightly', ['alpha']],
    ['search=sync', ['gamma']],
    [`search=${encodeURIComponent('生成')}`, ['报表生成']],
    ['search=night&project=q', []],
    ['search=...', []],
    ['ordering=name', ['alpha', 'beta', 'gamma', '报表生成']],
    ['ordering=created_at', ['alpha', 'beta', 'gamma', '报表生成']],
    ['ordering=-is_active,name', ['beta', 'alpha', 'gamma', '报表生成']],
    ['project=p&ordering=name', ['alpha', 'beta']],
    ['page=2&page_size=3', ['alpha']],
    ['page=9', []],
  ])('goes by %j', async (query, names) => {
    expect(await namesOf(query)).toEqual(names);
  });

  it('goes by id', async () => {
    const [{ id } = { id: '' }] = (await list('name=beta')).results;
    expect(await namesOf(`id=${id}`)).toEqual(['beta']);
    expect(await namesOf(`id=${id}&project=q`)).toEqual([]);
    expect(await namesOf('id=nonsense')).toEqual([]);
  });

  it('shows the deleted where they are asked for, and nowhere else', async () => {
    const [{ id } = { id: '' }] = (await list('name=beta')).results;
    await a.data(`DELETE /api/v1/cronjob/${id}/`);
    expect(await namesOf('')).not.toContain('beta');
    expect((await list('deleted=true')).results).toMatchObject([{ id, name: 'beta', deleted: true, is_active: false }]);
  });

  it('orders by the last change', async () => {
    const [{ id } = { id: '' }] = (await list('name=alpha')).results;
    a.world.pass(1);
    await patch(id, { description: 'changed' });
    expect((await namesOf('ordering=-updated_at'))[0]).toBe('alpha');
  });

  it.each(['', 'project=p', 'ordering=name', 'is_active=false&ordering=-last_dispatch', 'search=a'])(
    'by %j goes on by the cursor until all were seen once',
    async (query) => {
      const whole = await namesOf(query);
      const seen: string[] = [];
      let cursor: string | undefined = '';
      for (let page = 0; page < 10 && cursor !== undefined; page += 1) {
        const { results, next_cursor, count }: Page = await list(`${query}&page_size=1&cursor=${cursor}`);
        expect(count).toBeGreaterThanOrEqual(results.length);
        seen.push(...results.map(({ name }) => name));
        cursor = next_cursor;
      }
      expect(seen).toEqual(whole);
    },
  );

  it('is cut where an answer would be too large, and says where to go on', async () => {
    const metadata = { environment: { A: 'x'.repeat(32_000) }, extensions: { b: 'y'.repeat(60_000) } };
    for (let index = 0; index < 60; index += 1) {
      await create({ project: 'large', metadata });
    }
    const page = await list('project=large&page_size=300');
    expect(page).toMatchObject({ count: 60, partial: true, next_cursor: expect.any(String) });
    const rest = await list(`project=large&page_size=300&cursor=${page.next_cursor}`);
    expect(new Set([...page.results, ...rest.results].map(({ id }) => id)).size).toBe(60);
  });
});

describe('a start by hand', () => {
  it('makes a task of the job, also while that is paused', async () => {
    const { id, name } = await create({ args: '["x"]', metadata: { own: 1 } });
    const { status, body } = await a.send(`POST /api/v1/cronjob/${id}/execute/`);
    expect(status).toBe(201);
    expect(body.data).toMatchObject({
      cronjob: id,
      name: `${name}-20300101-000000`,
      command: 'bin/report',
      args: '["x"]',
      metadata: { own: 1 },
      status: 'pending',
      is_standalone: false,
    });
    expect((await a.data<Page>(`GET /api/v1/task/?cronjob=${id}`)).count).toBe(1);
  });

  it('is refused while a task has not ended and the policy is forbid', async () => {
    const { id } = await create({ concurrency_policy: 'forbid' });
    await a.data(`POST /api/v1/cronjob/${id}/execute/`);
    const { status, body } = await a.send(`POST /api/v1/cronjob/${id}/execute/`);
    expect([status, body.message]).toEqual([409, expect.stringContaining('尚未结束')]);
  });

  it('is refused of what is disabled, unknown or deleted', async () => {
    const { id } = await a.data<{ id: number }>('POST /api/tasks', {
      name: 'off',
      executor: 'shell',
      command: 'a',
      status: 'disabled',
    });
    expect((await a.send(`POST /api/v1/cronjob/${id}/execute/`)).status).toBe(400);
    const gone = await create();
    await a.data(`DELETE /api/v1/cronjob/${gone.id}/`);
    expect((await a.send(`POST /api/v1/cronjob/${gone.id}/execute/`)).status).toBe(404);
    expect((await a.send('POST /api/v1/cronjob/9007199254740991/execute/')).status).toBe(404);
  });
});

describe('the life of a job', () => {
  it('shows when it fired and how that went', async () => {
    const { id, name } = await create({ is_active: true, save_log: true });
    expect(await a.data(`GET /api/v1/cronjob/${id}/`)).toMatchObject({ next_plan: at(2 * HOUR), last_plan: null });
    await a.world.live(2 * HOUR - 10_000);
    const worker = createWorker(a.world, 'worker-1', { handlers: ['shell'] });
    await worker.hello();
    await a.world.live(11_000);
    expect(worker.orders).toHaveLength(1);
    await worker.finish(worker.holding(), { output: 'done\n', exitCode: 0 });
    const job = await a.data<Cronjob>(`GET /api/v1/cronjob/${id}/`);
    expect(job).toMatchObject({
      last_plan: at(2 * HOUR),
      last_status: 'success',
      next_plan: at(26 * HOUR),
    });
    expect(Date.parse(String(job.last_dispatch))).toBeLessThanOrEqual(NOW + 2 * HOUR);
    const { results } = await a.data<Page>(`GET /api/v1/task/?name=${name}-20300101-020000`);
    expect(results).toMatchObject([{ cronjob: id, status: 'success', output: 'done\n', time_plan: at(2 * HOUR) }]);
    const ledger = await a.data<{ entries: Json[] }>(
      `GET /api/v1/cronjob/${id}/ledger/?from=${at(0)}&to=${at(27 * HOUR)}`,
    );
    expect(ledger.entries).toMatchObject([
      { time_plan: at(2 * HOUR), outcome: 'ran', status: 'success', task: results[0]?.id },
      { time_plan: at(26 * HOUR), outcome: 'due', task: null },
    ]);
    const first = await a.data<Json>(`GET /api/v1/cronjob/${id}/ledger/?from=${at(0)}&to=${at(27 * HOUR)}&limit=1`);
    expect(first).toMatchObject({ entries: [{ outcome: 'ran' }], next_from: at(26 * HOUR) });
  });

  it('has a ledger that says who paused it', async () => {
    const { id } = await create({ is_active: true });
    await patch(id, { is_active: false });
    await a.world.live(3 * HOUR);
    await patch(id, { is_active: true });
    const { entries } = await a.data<{ entries: Json[] }>(
      `GET /api/v1/cronjob/${id}/ledger/?from=${at(0)}&to=${at(3 * HOUR)}`,
    );
    expect(entries).toMatchObject([{ time_plan: at(2 * HOUR), outcome: 'skipped', reason: 'paused', task: null }]);
    expect((await a.send('GET /api/v1/cronjob/9007199254740991/ledger/')).status).toBe(404);
  });
});

describe('a backfill', () => {
  const range = { from: at(-48 * HOUR), to: at(0) };

  it('is counted first, started, listed and cancelled', async () => {
    const { id } = await create({ start_at: at(-72 * HOUR) });
    const path = `/api/v1/cronjob/${id}/backfill/`;
    expect(await a.send(`POST ${path}`, { ...range, dry_run: true })).toMatchObject({
      status: 200,
      body: { data: { dry_run: true, total: 2, first: at(-46 * HOUR), last: at(-22 * HOUR) } },
    });
    const started = await a.send(`POST ${path}`, { ...range, parallel: 1 });
    expect(started).toMatchObject({ status: 201, body: { data: { cronjob: id, total: 2, status: 'running' } } });
    const backfill = (started.body.data as { id: string }).id;
    expect(await a.data(`GET ${path}`)).toMatchObject({ results: [{ id: backfill }] });
    expect(await a.data(`DELETE ${path}${backfill}/`)).toMatchObject({ id: backfill, status: 'canceled' });
    expect(a.recorded).toMatchObject([{ action: 'run.cancel', entity: `backfill:${backfill}` }]);
  });

  it('is refused where there is nothing to do, and of what is unknown', async () => {
    const { id } = await create();
    const { status } = await a.send(`POST /api/v1/cronjob/${id}/backfill/`, { from: at(0), to: at(1_000) });
    expect(status).toBe(400);
    expect((await a.send('POST /api/v1/cronjob/9007199254740991/backfill/', range)).status).toBe(404);
    expect((await a.send('GET /api/v1/cronjob/9007199254740991/backfill/')).status).toBe(404);
    expect((await a.send(`DELETE /api/v1/cronjob/${id}/backfill/1/`)).status).toBe(404);
    expect(a.recorded).toEqual([]);
  });
});

describe('a start under an Idempotency-Key', () => {
  const execute = (id: string, key: string) =>
    call(a.handler, `POST /api/v1/cronjob/${id}/execute/`, {
      headers: { authorization: 'Bearer admin-key', 'idempotency-key': key },
    });

  it('is one task, whatever becomes of it, and is refused for another cron job', async () => {
    const { id } = await create({ concurrency_policy: 'forbid' });
    const other = await create();
    const first = await execute(id, 'once');
    expect(first.status).toBe(201);
    a.world.pass(HOUR);
    const again = await execute(id, 'once');
    expect([again.status, again.json()]).toEqual([201, first.json()]);
    expect((await a.data<Page>(`GET /api/v1/task/?cronjob=${id}`)).count).toBe(1);
    expect((await execute(other.id, 'once')).status).toBe(409);
    expect((await execute(id, 'twice')).status).toBe(409);
    expect((await execute(id, '\n')).status).toBe(400);
  });
});

describe('the pool that a function serves', () => {
  it('is refused for a command, when a job is made and when it is changed', async () => {
    const refused = { name: 'f', ...DAILY, pool: 'lambda' };
    const { status, body } = await a.send('POST /api/v1/cronjob/', refused);
    expect([status, body.message]).toEqual([400, expect.stringContaining('pool lambda')]);
    const { id } = await create();
    for (const method of ['PATCH', 'PUT']) {
      const sent = { name: 'g', ...DAILY, pool: 'lambda' };
      expect((await a.send(`${method} /api/v1/cronjob/${id}/`, sent)).status).toBe(400);
    }
    expect((await jobOf(id)).pool).toBe('default');
  });
});

describe('a limit of resources', () => {
  it.each([
    { memory_mb: 0 },
    { memory_mb: 1.5 },
    { memory_mb: '512' },
    { memory_mb: 1_048_577 },
    { cpu_seconds: -1 },
    { cpu_seconds: 2_592_001 },
    { cpu_seconds: [] },
  ])('that is none is refused: %j', async (limit) => {
    const sent = { name: 'l', ...DAILY, metadata: { resource_limit: limit } };
    const { status, body } = await a.send('POST /api/v1/cronjob/', sent);
    expect([status, body.message]).toEqual([400, expect.stringContaining(String(Object.keys(limit)[0]))]);
  });

  it('that means nothing to us is kept, and null is none', async () => {
    const resource_limit = { cpu_seconds: 60, gpus: 2 };
    const { id, metadata } = await create({ metadata: { resource_limit: { ...resource_limit, memory_mb: null } } });
    expect(metadata).toMatchObject({ resource_limit });
    expect((await jobOf(id)).payload.resource_limit).toEqual(resource_limit);
  });
});

describe('a command on many', () => {
  it('pauses and resumes those that it means, 200 a call', async () => {
    for (let index = 0; index < 205; index += 1) {
      a.world.pass(1);
      await create({ project: 'p', is_active: true });
    }
    const other = await create({ project: 'q', is_active: true });
    const first = await a.data<Json>('POST /api/v1/cronjob/bulk/', { action: 'pause', project: 'p' });
    expect(first).toMatchObject({ changed: 200, failed: [], next_cursor: expect.any(String) });
    const rest = await a.data<Json>('POST /api/v1/cronjob/bulk/', {
      action: 'pause',
      project: 'p',
      cursor: first.next_cursor,
    });
    expect(rest).toEqual({ changed: 5, failed: [] });
    expect((await list('project=p&is_active=true')).count).toBe(0);
    expect(await a.data(`GET /api/v1/cronjob/${other.id}/`)).toMatchObject({ is_active: true });
  });

  it('goes on past the first 2,000 that it looks at in search of a name', async () => {
    const job = {
      ...{ project: 'p', category: 'c', description: '', saveLog: false, handler: 'shell', payload: '{}' },
      ...{ pool: 'default', priority: 5, maxTries: 1, timeoutMs: 1_000 },
      strategy: 'least_loaded',
      state: 'active',
      policy: { concurrency: 'allow', misfire: 'skip', misfireCap: 1 },
    } as const;
    for (let index = 0; index < 2_150; index += 1) {
      a.world.pass(1);
      await a.world.engine.jobs.create({ ...job, name: index % 2_100 === 0 ? `found ${index}` : `job ${index}` }, '1');
    }
    const bulk = { action: 'pause', name__contains: 'found' };
    const first = await a.data<Json>('POST /api/v1/cronjob/bulk/', bulk);
    expect(first).toMatchObject({ changed: 1, next_cursor: expect.any(String) });
    const rest = await a.data<Json>('POST /api/v1/cronjob/bulk/', { ...bulk, cursor: first.next_cursor });
    expect(rest).toEqual({ changed: 1, failed: [] });
    expect((await a.world.ports.jobs.count()).states).toMatchObject({ paused: 2, active: 2_148 });
  });

  it('refuses a cursor that is none', async () => {
    await create({ project: 'p', is_active: true });
    for (const cursor of ['x', '', '7']) {
      const body = { action: 'pause', project: 'p', cursor };
      expect((await a.send('POST /api/v1/cronjob/bulk/', body)).status, cursor).toBe(400);
    }
    expect((await list('is_active=true')).count).toBe(1);
  });

  it('names those that could not be changed', async () => {
    const { id } = await create();
    const ids = [id, '9007199254740991'];
    expect(await a.data('POST /api/v1/cronjob/bulk/', { action: 'resume', ids })).toEqual({
      changed: 1,
      failed: [{ id: '9007199254740991', reason: '记录不存在' }],
    });
    expect(await a.data(`GET /api/v1/cronjob/${id}/`)).toMatchObject({ is_active: true });
  });

  it('goes by several filters at once', async () => {
    await create({ name: 'one', project: 'p', category: 'a' });
    await create({ name: 'two', project: 'p', category: 'b' });
    const body = { action: 'resume', project: 'p', category: 'b', name__contains: 'w' };
    expect(await a.data('POST /api/v1/cronjob/bulk/', body)).toEqual({ changed: 1, failed: [] });
    expect(await namesOf('is_active=true')).toEqual(['two']);
  });
});
