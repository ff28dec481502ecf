/** Repeating a create of API D under its key. */
import { describe, expect, it } from 'vitest';
import { NOW } from '../support/fake-engine.ts';
import { createTestApi, type TestApi } from '../support/test-api.ts';

const good = { execute_at: '2030-06-01T00:00:00Z', task_type: 'send_email', payload: { to: 'user@example.com' } };

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

  it('belongs to who sent it: two callers may use the same one', async () => {
    const api = createTestApi();
    const as = (credential: string) =>
      api.send('POST /api/v1/tasks', {
        body: good,
        headers: { 'idempotency-key': 'key-1', authorization: `Bearer ${credential}` },
      });
    await create(api, 'key-1');
    await as('user-token');
    await as('admin-token');
    await as('user-token');
    expect(api.engine.submitted.map(({ idempotency }) => idempotency?.caller)).toEqual([
      'anonymous',
      'user:2',
      'user:1',
      'user:2',
    ]);
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
