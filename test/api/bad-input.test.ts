/** Every refusal of API D's inputs, by status and text, with nothing submitted. */
import { describe, expect, it } from 'vitest';
import { NOW } from '../support/fake-engine.ts';
import { createTestApi } from '../support/test-api.ts';

const good = { execute_at: '2030-06-01T00:00:00Z', task_type: 'send_email', payload: { to: 'user@example.com' } };
const JSON_TYPE = { 'content-type': 'application/json' };

const create = async (body: object | string | Buffer, headers: Record<string, string> = {}) => {
  const api = createTestApi();
  const answer = await api.send('POST /api/v1/tasks', { body, headers: { ...JSON_TYPE, ...headers } });
  return { ...answer, submitted: api.engine.submitted };
};

const expectRefusal = async (
  answering: Promise<Awaited<ReturnType<typeof create>>>,
  status: number,
  error: string | RegExp,
): Promise<void> => {
  const answer = await answering;
  expect(answer.status).toBe(status);
  expect(answer.json()).toEqual({ error: expect.stringMatching(error) });
  expect(answer.submitted).toEqual([]);
};

const exactly = (text: string): RegExp => new RegExp(`^${text}$`);
const MALFORMED = exactly('Invalid request body');

describe('a body that is no JSON object, or has a field of a wrong type', () => {
  it.each(['', '{', 'null', '[]', '"text"', '7', '{"execute_at":}', "{'a':1}", '\u0000', 'NaN'])('%j', (body) =>
    expectRefusal(create(body), 400, MALFORMED),
  );

  it.each([
    { ...good, execute_at: 1_900_000_000 },
    { ...good, execute_at: {} },
    { ...good, task_type: 5 },
    { ...good, task_type: ['send_email'] },
    { ...good, max_attempts: '3' },
    { ...good, max_attempts: true },
    { ...good, max_attempts: [3] },
  ])('%j', (body) => expectRefusal(create(body), 400, MALFORMED));

  it('goes before every other refusal', () => expectRefusal(create({ task_type: 5 }), 400, MALFORMED));

  it('is malformed when it is not UTF-8', () => {
    const [before = '', after = ''] = JSON.stringify({ ...good, payload: 'MARK' }).split('MARK');
    const body = Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after)]);
    return expectRefusal(create(body), 400, MALFORMED);
  });

  it('is malformed when it is absent', async () => {
    const { send } = createTestApi();
    expect((await send('POST /api/v1/tasks')).json()).toEqual({ error: 'Invalid request body' });
  });
});

describe('fields, checked in this order', () => {
  it.each([
    [{}, 'execute_at is required'],
    [{ ...good, execute_at: null }, 'execute_at is required'],
    [{ ...good, execute_at: '' }, 'execute_at is required'],
    [{ execute_at: good.execute_at }, 'task_type is required'],
    [{ ...good, task_type: null }, 'task_type is required'],
    [{ ...good, task_type: '' }, 'task_type is required'],
    [{ execute_at: '2020-01-01T00:00:00Z', task_type: 'send_email' }, 'payload is required'],
    [{ ...good, execute_at: '2020-01-01T00:00:00Z' }, 'execute_at must be in the future'],
    [{ ...good, execute_at: new Date(NOW).toISOString() }, 'execute_at must be in the future'],
    [{ ...good, execute_at: '0000-01-01T00:00:00Z' }, 'execute_at must be in the future'],
  ])('%j', (body, error) => expectRefusal(create(body), 400, exactly(error)));
});

describe('execute_at that is no instant says what to send', () => {
  it.each([
    '2030-06-01T00:00:00',
    '2030-06-01T00:00:60Z',
    '2030-06-01 00:00:00Z',
    '2030-02-30T00:00:00Z',
    '2030-06-01',
    '1900000000',
    'tomorrow',
  ])('%s', (execute_at) => expectRefusal(create({ ...good, execute_at }), 400, /RFC 3339 .*time zone.*such as 2030-/));

  it('accepts ten years ahead and refuses more', async () => {
    expect((await create({ ...good, execute_at: '2039-12-31T00:00:00Z' })).status).toBe(201);
    await expectRefusal(create({ ...good, execute_at: '2040-02-01T00:00:00Z' }), 400, /at most 10 years ahead/);
    await expectRefusal(create({ ...good, execute_at: '9999-12-31T23:59:59-23:59' }), 400, /at most 10 years ahead/);
  });

  it('accepts one millisecond ahead', async () => {
    const { status, submitted } = await create({ ...good, execute_at: '2030-01-01T00:00:00.0019+00:00' });
    expect(status).toBe(201);
    expect(submitted[0]?.executeAt).toBe(NOW + 1);
  });
});

describe('payload', () => {
  it.each([[null], [0], [''], [false], [[]], [{}], ['text']])('%j is accepted', async (payload) => {
    const { status, json, submitted } = await create({ ...good, payload });
    expect(status).toBe(201);
    expect(json()).toMatchObject({ task: { payload } });
    expect(submitted[0]?.payload).toBe(JSON.stringify(payload));
  });

  it('keeps its numbers as they were written', async () => {
    const payload = '{"id":12345678901234567890,"price":1.0,"__proto__":{"admin":true}}';
    const { status, text, submitted } = await create(
      `{"execute_at":"2030-06-01T00:00:00Z","task_type":"t","payload":${payload}}`,
    );
    expect(status).toBe(201);
    expect(submitted[0]?.payload).toBe(payload);
    expect(text).toContain(`"payload":${payload}`);
    expect('admin' in {}).toBe(false);
  });
});

describe('max_attempts', () => {
  it.each([
    [undefined, 3],
    [0, 3],
    [null, 3],
    [1, 1],
    [100, 100],
  ])('%s means %s', async (max_attempts, maxTries) => {
    const { status, submitted } = await create({ ...good, ...(max_attempts === undefined ? {} : { max_attempts }) });
    expect(status).toBe(201);
    expect(submitted[0]?.maxTries).toBe(maxTries);
  });

  it.each([-1, 1.5, 0.1, 101, 1e300])('%s is refused', (max_attempts) =>
    expectRefusal(create({ ...good, max_attempts }), 400, /max_attempts must be a whole number from 1 to 100/),
  );

  it('is refused when the number overflows', () =>
    expectRefusal(
      create(`{"execute_at":"2030-06-01T00:00:00Z","task_type":"t","payload":1,"max_attempts":1e999}`),
      400,
      MALFORMED,
    ));
});

describe('task_type', () => {
  it('has at most 50 characters, counted as code points', async () => {
    expect((await create({ ...good, task_type: '😀'.repeat(50) })).status).toBe(201);
    await expectRefusal(
      create({ ...good, task_type: '😀'.repeat(51) }),
      400,
      /task_type must have at most 50 characters/,
    );
    await expectRefusal(
      create({ ...good, task_type: 'x'.repeat(51) }),
      400,
      /task_type must have at most 50 characters/,
    );
  });

  it('is refused as half a character', () =>
    expectRefusal(
      create('{"execute_at":"2030-06-01T00:00:00Z","task_type":"\\ud800","payload":1}'),
      400,
      /well-formed/,
    ));
});

describe('the body as a whole', () => {
  const ofBytes = (bytes: number): string => {
    const empty = JSON.stringify({ ...good, payload: '' });
    return JSON.stringify({ ...good, payload: 'x'.repeat(bytes - empty.length) });
  };

  it('has at most 256 KB', async () => {
    expect((await create(ofBytes(256 * 1024))).status).toBe(201);
    await expectRefusal(create(ofBytes(256 * 1024 + 1)), 413, /262145 bytes; at most 262144/);
    await expectRefusal(create(Buffer.from(ofBytes(256 * 1024 + 1))), 413, /at most 262144/);
  });

  it('counts bytes, not characters', () =>
    expectRefusal(create({ ...good, payload: '€'.repeat(90_000) }), 413, /at most/));

  it('nests at most 100 levels', async () => {
    const nested = (levels: number): string =>
      `{"execute_at":"2030-06-01T00:00:00Z","task_type":"t","payload":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect((await create(nested(99))).status).toBe(201);
    await expectRefusal(create(nested(100)), 400, /nests deeper than 100/);
    await expectRefusal(create(nested(100_000)), 400, /nests deeper than 100/);
  });

  it('is refused under another content type, before it is read', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonx',
    ]) {
      await expectRefusal(create(good, { 'content-type': type }), 415, /Content-Type: application\/json/);
    }
  });

  it('is read under any JSON content type, and without one', async () => {
    for (const type of ['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/vnd.api+json']) {
      expect((await create(good, { 'content-type': type })).status, type).toBe(201);
    }
    const { send } = createTestApi();
    expect((await send('POST /api/v1/tasks', { body: JSON.stringify(good) })).status).toBe(201);
  });

  it('may come in base64', async () => {
    expect((await create(Buffer.from(JSON.stringify({ ...good, payload: 'Напоминание' })))).json()).toMatchObject({
      task: { payload: 'Напоминание' },
    });
  });

  it('may have unknown fields, which are ignored', async () => {
    const { status, json } = await create({ ...good, id: 99, status: 'completed', attempts: 7 });
    expect(status).toBe(201);
    expect(json()).toMatchObject({ task: { id: 1, status: 'pending', attempts: 0 } });
  });
});

describe('ids', () => {
  it.each([
    'abc',
    '0',
    '-1',
    '1.0',
    '1e3',
    '+1',
    '007',
    '9007199254740992',
    '99999999999999999999',
    '%31x',
    '%',
    '1%2F2',
    '١',
    // A run of a job: this API shows none.
    '42.1893456000000',
  ])('%s is no task id', async (id) => {
    const { send } = createTestApi();
    for (const method of ['GET', 'DELETE']) {
      const answer = await send(`${method} /api/v1/tasks/${id}`);
      expect(answer.status).toBe(400);
      expect(answer.json()).toEqual({ error: 'Invalid task ID' });
    }
  });

  it('unknown ones are not found', async () => {
    const { send } = createTestApi();
    const read = await send('GET /api/v1/tasks/9007199254740991');
    expect([read.status, read.json()]).toEqual([404, { error: 'Task not found' }]);
    const cancel = await send('DELETE /api/v1/tasks/9007199254740991');
    expect([cancel.status, cancel.json()]).toEqual([404, { error: 'Task not found or cannot be cancelled' }]);
  });
});

describe('paging', () => {
  const list = (query: string) => createTestApi().send(`GET /api/v1/tasks?${query}`);

  it.each([
    ['limit=abc', 'Invalid limit parameter'],
    ['limit=-1', 'Invalid limit parameter'],
    ['limit=1.5', 'Invalid limit parameter'],
    ['limit=%2B5', 'Invalid limit parameter'],
    ['limit=1e2', 'Invalid limit parameter'],
    ['offset=abc', 'Invalid offset parameter'],
    ['offset=-1', 'Invalid offset parameter'],
    ['cursor=nonsense', 'Invalid cursor parameter'],
  ])('%s', async (query, error) => {
    const answer = await list(query);
    expect(answer.status).toBe(400);
    expect(answer.json()).toEqual({ error });
  });

  it('offset over 10,000 is sent to the cursor', async () => {
    expect((await list('offset=10000')).status).toBe(200);
    for (const offset of ['10001', '9'.repeat(400)]) {
      const answer = await list(`offset=${offset}`);
      expect(answer.status).toBe(400);
      expect(answer.json()).toEqual({ error: expect.stringContaining('cursor') });
    }
  });
});
