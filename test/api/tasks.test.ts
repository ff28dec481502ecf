/** API D beyond its documented examples: filters, paging, cancelling. */
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

  it('is recorded with who asked for it, from where', async () => {
    const api = createTestApi();
    api.engine.runs.set('1', aRun());
    await api.send('DELETE /api/v1/tasks/1', { headers: { authorization: 'Bearer user-token' }, requestId: 'r-7' });
    expect(api.recorded).toEqual([
      { at: NOW, actor: 'user:2', action: 'run.cancel', entity: 'run:1', address: '127.0.0.1', requestId: 'r-7' },
    ]);
  });

  it('does not happen when it cannot be recorded', async () => {
    const api = createTestApi({ record: () => Promise.reject(new Error('no log')) });
    api.engine.runs.set('1', aRun());
    const answer = await api.send('DELETE /api/v1/tasks/1');
    expect([answer.status, answer.json()]).toEqual([500, { error: 'Failed to cancel task' }]);
    expect(api.engine.runs.get('1')?.status).toBe('scheduled');
  });

  it('leaves no entry of a task that is not there or has ended: made-up ids do not fill the log', async () => {
    const api = createTestApi();
    api.engine.runs.set('1', aRun({ status: 'succeeded' }));
    await api.send('DELETE /api/v1/tasks/1');
    await api.send('DELETE /api/v1/tasks/2');
    expect(api.recorded).toEqual([]);
  });

  it('answers 404 when the task ends between the look and the cancel', async () => {
    const engine = createFakeEngine();
    engine.runs.set('1', aRun());
    const api = createTestApi({
      engine: { ...engine, cancelRun: async () => ({ kind: 'already_ended', run: aRun({ status: 'succeeded' }) }) },
    });
    const answer = await api.send('DELETE /api/v1/tasks/1');
    expect([answer.status, answer.json()]).toEqual([404, { error: 'Task not found or cannot be cancelled' }]);
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
    expect(api.engine.listed).toEqual([{ families: ['plain'], limit, from: { offset: 0 } }]);
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
    expect(api.engine.listed).toEqual([
      { families: ['plain'], statuses, handler: 'send email', limit: 10, from: { offset: 20 } },
    ]);
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
    expect(api.engine.listed).toEqual([{ families: ['plain'], limit: 50, from: { offset: 0 } }]);
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
    expect(api.engine.listed).toEqual([{ families: ['plain'], limit: 50, from: { cursor: 'after-10' } }]);
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
