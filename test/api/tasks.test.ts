/** API D beyond its documented examples: filters, paging, idempotency, cancelling. */
import { describe, expect, it } from 'vitest';
import { aRun, createFakeEngine, NOW } from '../support/fake-engine.ts';
import { createTestApi, type TestApi } from '../support/test-api.ts';

const good = { execute_at: '2030-06-01T00:00:00Z', task_type: 'send_email', payload: { to: 'user@example.com' } };

const fill = ({ engine }: TestApi, count: number): void => {
  for (let id = 1; id <= count; id += 1) {
    engine.runs.set(
      String(id),
      aRun({ id: String(id), createdAt: NOW - 1_000_000 + id, handler: id % 2 ? 'odd' : 'even' }),
    );
  }
};

type Page = { tasks: { id: number }[]; total: number; next_cursor?: string; partial?: boolean };
const list = async ({ send }: TestApi, query = ''): Promise<Page> =>
  (await send(`GET /api/v1/tasks${query}`)).json() as Page;

describe('create', () => {
  it('submits what was asked, with the defaults of API D', async () => {
    const { send, engine } = createTestApi();
    await send('POST /api/v1/tasks', { body: good });
    expect(engine.submitted).toEqual([
      {
        handler: 'send_email',
        pool: 'default',
        priority: 5,
        executeAt: Date.UTC(2030, 5, 1),
        payload: '{"to":"user@example.com"}',
        maxTries: 3,
        timeoutMs: 300_000,
      },
    ]);
  });

  it('shows a task that was dispatched in the same call as pending', async () => {
    const engine = createFakeEngine();
    const api = createTestApi({
      engine: {
        ...engine,
        submitRun: async () => ({ kind: 'created', run: aRun({ status: 'dispatched', attempt: 1, worker: 'local' }) }),
      },
    });
    const { task } = (await api.send('POST /api/v1/tasks', { body: good })).json() as { task: object };
    expect(task).toMatchObject({ status: 'pending', attempts: 0 });
    expect(task).not.toHaveProperty('worker');
  });

  it('is an opaque 500 when the engine fails, with the cause in the log', async () => {
    const engine = createFakeEngine();
    const api = createTestApi({
      engine: { ...engine, submitRun: () => Promise.reject(new Error('table executions-1234 is gone')) },
    });
    const answer = await api.send('POST /api/v1/tasks', { body: good, requestId: 'r-500' });
    expect(answer.status).toBe(500);
    expect(answer.json()).toEqual({ error: 'Failed to create task' });
    expect(api.logs).toContainEqual(
      expect.objectContaining({
        level: 'error',
        requestId: 'r-500',
        error: expect.objectContaining({ message: 'table executions-1234 is gone' }),
      }),
    );
  });
});

describe('Idempotency-Key', () => {
  const create = ({ send }: TestApi, key: string, body: object | string = good) =>
    send('POST /api/v1/tasks', { body, headers: { 'idempotency-key': key, 'content-type': 'application/json' } });

  it('answers the same task to the same body, also when 20 arrive at once', async () => {
    const api = createTestApi();
    const answers = await Promise.all(Array.from({ length: 20 }, () => create(api, 'key-1')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(api.engine.runs.size).toBe(1);
  });

  it('answers a repeat also after the instant has passed, and only a repeat', async () => {
    const clock = { now: NOW };
    const api = createTestApi({ now: () => clock.now });
    const first = await create(api, 'key-1');
    clock.now = Date.parse(good.execute_at) + 1;
    const again = await create(api, 'key-1');
    expect(again.status).toBe(201);
    expect(again.json()).toEqual(first.json());
    expect((await create(api, 'key-1', { ...good, max_attempts: 4 })).status).toBe(409);
    expect((await create(api, 'key-2')).json()).toEqual({ error: 'execute_at must be in the future' });
    expect((await api.send('POST /api/v1/tasks', { body: good })).status).toBe(400);
    expect(api.engine.runs.size).toBe(1);
  });

  it('does not mind how the body is spaced', async () => {
    const api = createTestApi();
    await create(api, 'key-1');
    expect((await create(api, 'key-1', JSON.stringify(good, null, 2))).status).toBe(201);
  });

  it.each([
    { ...good, payload: { to: 'other@example.com' } },
    { ...good, execute_at: '2030-06-01T00:00:00.001Z' },
    { ...good, task_type: 'send_sms' },
    { ...good, max_attempts: 4 },
  ])('refuses another body: %j', async (other) => {
    const api = createTestApi();
    await create(api, 'key-1');
    const answer = await create(api, 'key-1', other);
    expect(answer.status).toBe(409);
    expect(answer.json()).toEqual({ error: expect.stringContaining('Idempotency-Key') });
    expect(api.engine.runs.size).toBe(1);
  });

  it('makes two tasks of two keys, and of none', async () => {
    const api = createTestApi();
    await create(api, 'key-1');
    await create(api, 'key-2');
    await api.send('POST /api/v1/tasks', { body: good });
    expect(api.engine.runs.size).toBe(3);
  });

  it('takes 1 to 255 printable ASCII characters', async () => {
    const api = createTestApi();
    expect((await create(api, '~'.repeat(255))).status).toBe(201);
    for (const key of ['', '~'.repeat(256), 'ключ', 'a\tb', 'a\u007f']) {
      const answer = await create(api, key);
      expect(answer.status, JSON.stringify(key)).toBe(400);
      expect(answer.json()).toEqual({ error: expect.stringContaining('Idempotency-Key must be') });
    }
    expect(api.engine.runs.size).toBe(1);
  });
});

describe('cancel', () => {
  it.each(['succeeded', 'failed', 'timed_out', 'cancelled'] as const)('refuses a task that has %s', async (status) => {
    const api = createTestApi();
    api.engine.runs.set('1', aRun({ status }));
    const answer = await api.send('DELETE /api/v1/tasks/1');
    expect(answer.status).toBe(404);
    expect(answer.json()).toEqual({ error: 'Task not found or cannot be cancelled' });
  });

  it.each(['scheduled', 'ready', 'dispatched', 'running'] as const)('cancels a task that is %s', async (status) => {
    const api = createTestApi();
    api.engine.runs.set('1', aRun({ status }));
    const answer = await api.send('DELETE /api/v1/tasks/1/');
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ task: { id: 1, status: 'cancelled' } });
  });
});

describe('list', () => {
  it('shows the newest first, 50 of them', async () => {
    const api = createTestApi();
    fill(api, 60);
    const page = await list(api);
    expect(page.tasks.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, index) => 60 - index));
    expect(page.total).toBe(60);
  });

  it.each([
    ['?limit=0', 50],
    ['?limit=', 50],
    ['?limit=7', 7],
    ['?limit=007', 7],
    ['?limit=100', 100],
    ['?limit=101', 100],
    [`?limit=${'9'.repeat(400)}`, 100],
    ['?limit=5&limit=abc', 5],
    ['?limit=5&colour=red&__proto__=1', 5],
  ])('%s reads %d', async (query, limit) => {
    const api = createTestApi();
    expect((await api.send(`GET /api/v1/tasks${query}`)).status).toBe(200);
    expect(api.engine.listed).toEqual([{ limit, from: { offset: 0 } }]);
  });

  it.each([
    ['pending', ['scheduled', 'ready']],
    ['processing', ['dispatched', 'running']],
    ['completed', ['succeeded']],
    ['failed', ['failed', 'timed_out']],
    ['cancelled', ['cancelled']],
  ])('reads status=%s as %j', async (status, statuses) => {
    const api = createTestApi();
    await list(api, `?status=${status}&task_type=send%20email&limit=10&offset=20`);
    expect(api.engine.listed).toEqual([{ statuses, handler: 'send email', limit: 10, from: { offset: 20 } }]);
  });

  it.each(['?status=unknown', '?status=PENDING', '?status=constructor', `?task_type=${'x'.repeat(51)}`])(
    '%s matches nothing',
    async (query) => {
      const api = createTestApi();
      fill(api, 3);
      expect(await list(api, query)).toEqual({ tasks: [], total: 0 });
      expect(api.engine.listed).toEqual([]);
    },
  );

  it('ignores filters that are empty', async () => {
    const api = createTestApi();
    await list(api, '?status=&task_type=&offset=&cursor=');
    expect(api.engine.listed).toEqual([{ limit: 50, from: { offset: 0 } }]);
  });

  it('checks paging before it answers that nothing matches', async () => {
    expect((await createTestApi().send('GET /api/v1/tasks?status=unknown&limit=x')).status).toBe(400);
  });

  it('walks all tasks by cursor, each once', async () => {
    const api = createTestApi();
    fill(api, 25);
    const seen: number[] = [];
    let query = '?limit=10';
    for (;;) {
      const page = await list(api, query);
      seen.push(...page.tasks.map(({ id }) => id));
      expect(page).not.toHaveProperty('partial');
      if (page.next_cursor === undefined) {
        break;
      }
      query = `?limit=10&cursor=${page.next_cursor}`;
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => 25 - index));
  });

  it('takes the cursor before the offset', async () => {
    const api = createTestApi();
    await list(api, '?cursor=after-10&offset=5');
    expect(api.engine.listed).toEqual([{ limit: 50, from: { cursor: 'after-10' } }]);
  });

  it('says when the engine stopped short', async () => {
    const engine = createFakeEngine();
    const api = createTestApi({
      engine: {
        ...engine,
        listRuns: async () => ({ kind: 'page', runs: [], total: 9, cursor: 'after-2000', partial: true }),
      },
    });
    expect(await list(api, '?status=failed')).toEqual({
      tasks: [],
      total: 9,
      next_cursor: 'after-2000',
      partial: true,
    });
  });

  it('cuts a page that would not fit an answer, and goes on from there', async () => {
    const api = createTestApi();
    const payload = JSON.stringify('"'.repeat(120_000));
    for (let id = 1; id <= 30; id += 1) {
      api.engine.runs.set(String(id), aRun({ id: String(id), createdAt: NOW - 1_000 + id, payload }));
    }
    const first = await api.send('GET /api/v1/tasks?limit=30');
    expect(first.status).toBe(200);
    expect(Buffer.byteLength(JSON.stringify({ body: first.text }))).toBeLessThan(6_291_556);
    const page = first.json() as Page;
    expect(page).toMatchObject({ partial: true, total: 30 });
    const rest: number[] = page.tasks.map(({ id }) => id);
    for (let cursor = page.next_cursor; cursor !== undefined; ) {
      const next = await list(api, `?limit=30&cursor=${cursor}`);
      rest.push(...next.tasks.map(({ id }) => id));
      cursor = next.next_cursor;
    }
    expect(rest).toEqual(Array.from({ length: 30 }, (_, index) => 30 - index));
  });
});
