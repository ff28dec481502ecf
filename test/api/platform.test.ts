/** What holds for every answer, who is let in, and the platform's own operations. */
import { describe, expect, it } from 'vitest';
import { MAX_OUTPUT_PIECE_BYTES, MAX_OUTPUT_PIECES } from '../../lib/contracts/limits.ts';
import { aRun, createFakeEngine, type FakeEngine } from '../support/fake-engine.ts';
import { bearer } from '../support/test-admission.ts';
import { createTestApi } from '../support/test-api.ts';
import { createCWorld } from './c-world.ts';

describe('every answer', () => {
  it.each([
    ['GET /api/v1/tasks', 200],
    ['GET /health', 200],
    ['GET /api/v1/tasks/x', 400],
    ['GET /nowhere', 404],
    ['PUT /health', 405],
    ['HEAD /health', 405],
    ['OPTIONS /api/v1/tasks', 405],
    ['GET /api/runs/1/payload', 401],
  ])(
    'of %s (%d) has the request id, and is neither cached nor sniffed, framed, embedded nor sent in the clear',
    async (request, status) => {
      const answer = await createTestApi().send(request, { requestId: 'r-1' });
      expect(answer.status).toBe(status);
      expect(answer.headers).toMatchObject({
        'x-request-id': 'r-1',
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=63072000',
        'x-content-type-options': 'nosniff',
        'content-type': 'application/json; charset=utf-8',
      });
    },
  );

  it('is logged in one line, with the route and the caller, and without what was sent', async () => {
    const { send, logs } = createTestApi();
    await send('GET /api/v1/tasks/12345?token=query-secret', { ...bearer('user-token'), requestId: 'r-2' });
    await send('GET /api/v1/tasks/12345', bearer('header-secret'));
    await send('POST /api/v1/tasks', { body: { payload: 'body-secret' } });
    await send('GET /path-secret');
    await send('GET /health');
    expect(logs.map(({ time: _time, level: _level, message: _message, ...line }) => line)).toEqual([
      {
        method: 'GET',
        route: 'GET /api/v1/tasks/:id',
        status: 404,
        requestId: 'r-2',
        durationMs: 0,
        principal: 'user:2',
      },
      { method: 'GET', route: 'GET /api/v1/tasks/:id', status: 401, requestId: 'request-1', durationMs: 0 },
      {
        method: 'POST',
        route: 'POST /api/v1/tasks',
        status: 400,
        requestId: 'request-1',
        durationMs: 0,
        principal: 'anonymous',
        anonymous: true,
      },
      { method: 'GET', route: '$default', status: 404, requestId: 'request-1', durationMs: 0 },
      { method: 'GET', route: 'GET /health', status: 200, requestId: 'request-1', durationMs: 0 },
    ]);
    expect(JSON.stringify(logs)).not.toMatch(/secret|12345|user-token/);
  });

  it('with 401 names the scheme, also where it is the password that is wrong', async () => {
    const { send } = createCWorld();
    const answer = await send('POST /api/auth/login', { body: { username: 'nobody', password: 'password123' } });
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  });

  it('of a fault tells neither its stack nor its cause', async () => {
    const error = new Error('table executions-1234 is gone', { cause: new Error('socket of 10.0.0.7') });
    const engine = createFakeEngine();
    const api = createTestApi({
      engine: { ...engine, listRuns: () => Promise.reject(error), getRun: () => Promise.reject(error) },
    });
    for (const [request, options, body] of [
      ['GET /api/v1/tasks', {}, { error: 'Failed to list tasks' }],
      [
        'GET /api/runs/1/payload',
        bearer('worker-key'),
        { success: false, code: 500, message: 'Failed to read the payload', timestamp: '2030-01-01T00:00:00Z' },
      ],
    ] as const) {
      const answer = await api.send(request, options);
      expect([answer.status, answer.json()]).toEqual([500, body]);
      expect(JSON.stringify(answer)).not.toMatch(/executions|10\.0\.0\.7|\.ts/);
    }
    const faults = api.logs.filter(({ level }) => level === 'error');
    expect(faults).toHaveLength(2);
    expect(faults[0]).toMatchObject({
      requestId: 'request-1',
      error: { message: 'table executions-1234 is gone', cause: { message: 'socket of 10.0.0.7' } },
    });
  });
});

describe('a closed group', () => {
  it.each(['POST /api/v1/tasks', 'GET /api/v1/tasks', 'GET /api/v1/tasks/1', 'DELETE /api/v1/tasks/1'])(
    'answers 401 to %s and says what to send',
    async (request) => {
      const { send, engine } = createTestApi({ openGroups: [] });
      const answer = await send(request);
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(answer.json()).toEqual({ error: expect.stringContaining('Authorization: Bearer') });
      expect([engine.submitted, engine.listed]).toEqual([[], []]);
    },
  );

  it('is served to who may', async () => {
    const { send, engine } = createTestApi({ openGroups: [] });
    engine.runs.set('1', aRun());
    const status = async (request: string, credential: string) => (await send(request, bearer(credential))).status;
    expect(await status('GET /api/v1/tasks/1', 'reader-key')).toBe(200);
    expect(await status('DELETE /api/v1/tasks/1', 'reader-key')).toBe(403);
    expect(await status('DELETE /api/v1/tasks/1', 'worker-key')).toBe(403);
    expect(await status('DELETE /api/v1/tasks/1', 'user-token')).toBe(200);
  });

  it('does not become open with another group', async () => {
    expect((await createTestApi({ openGroups: ['A', 'E'] }).send('GET /api/v1/tasks')).status).toBe(401);
    expect((await createTestApi({ openGroups: ['A', 'D'] }).send('GET /api/v1/flows')).status).toBe(401);
  });

  it.each(['GET /api/v1/flows', 'GET /api/v1/transactions', 'GET /api/v1/exceptions', 'GET /api/v1/stats/overview'])(
    'answers 401 to %s in the form of API E, which takes the scopes of flows',
    async (request) => {
      const { send } = createTestApi({ openGroups: [] });
      const answer = await send(request);
      expect([answer.status, answer.json()]).toEqual([
        401,
        { code: 401, message: expect.stringContaining('Authorization: Bearer') },
      ]);
      expect((await send(request, bearer('reader-key'))).json()).toEqual({
        code: 403,
        message: 'Not allowed: this takes the scope flows:read',
      });
      expect((await send(request, bearer('user-token'))).status).toBe(200);
      expect((await createTestApi({ openGroups: ['E'] }).send(request)).status).toBe(200);
    },
  );

  it('leaves health public', async () => {
    expect((await createTestApi({ openGroups: [] }).send('GET /health')).status).toBe(200);
  });
});

describe('GET /health', () => {
  it.each([undefined, '*/*', 'application/json'])('answers JSON to Accept %s', async (accept) => {
    const answer = await createTestApi().send('GET /health', { headers: accept === undefined ? {} : { accept } });
    expect(answer.json()).toEqual({ code: 0, message: 'success', data: { status: 'ok' } });
  });

  it('answers OK where plain text is preferred', async () => {
    const answer = await createTestApi().send('GET /health/', { headers: { accept: 'text/plain' } });
    expect([answer.status, answer.text]).toEqual([200, 'OK']);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  });
});

describe('GET /api/runs/:id/payload', () => {
  it('gives that of a run of a job', async () => {
    const api = createTestApi();
    const id = '42.1893456000000';
    api.engine.runs.set(id, aRun({ id, job: '42', spec: 3, payload: '"large"' }));
    const answer = await api.send(`GET /api/runs/${id}/payload`, bearer('worker-key'));
    expect([answer.status, answer.json()]).toEqual([200, 'large']);
  });

  it.each(['worker-key', 'any-pool-key'])('gives the payload as it was stored to %s', async (key) => {
    const api = createTestApi({ openGroups: [] });
    api.engine.runs.set('7', aRun({ id: '7', payload: '{"n":12345678901234567890}' }));
    const answer = await api.send('GET /api/runs/7/payload', bearer(key));
    expect([answer.status, answer.text]).toEqual([200, '{"n":12345678901234567890}']);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it('does not tell a run of another pool from none', async () => {
    const api = createTestApi();
    api.engine.runs.set('7', aRun({ id: '7', payload: '"for others"' }));
    const answers = await Promise.all(
      [
        ['7', 'other-pool-key'],
        ['8', 'other-pool-key'],
        ['7', 'admin-token'],
        ['8', 'worker-key'],
      ].map(([id, credential = '']) => api.send(`GET /api/runs/${id}/payload`, bearer(credential))),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(
      new Set(['404 {"success":false,"code":404,"message":"Run not found","timestamp":"2030-01-01T00:00:00Z"}']),
    );
  });

  it.each([undefined, 'forged', 'revoked-key'])('is not for %s', async (credential) => {
    const api = createTestApi();
    api.engine.runs.set('7', aRun({ id: '7' }));
    expect((await api.send('GET /api/runs/7/payload', credential === undefined ? {} : bearer(credential))).status).toBe(
      401,
    );
  });

  it('takes a run id', async () => {
    expect((await createTestApi().send('GET /api/runs/x/payload', bearer('worker-key'))).status).toBe(400);
  });
});

describe('PUT /api/runs/:id/output', () => {
  const STEP = '42~pay~1';
  const LINE = `PUT /api/runs/${STEP}/output?attempt=2`;
  const body = { piece: 0, text: 'long' };
  type Stored = Parameters<FakeEngine['storeOutput']>[0];

  const apiThat = (answers: 'stored' | 'stale' | 'not_found') => {
    const asked: Stored[] = [];
    const engine: FakeEngine = {
      ...createFakeEngine(),
      storeOutput: async (input) => {
        asked.push(input);
        return answers;
      },
    };
    return { api: createTestApi({ engine }), asked };
  };

  it('hands over the piece of the attempt, for the pools of its key', async () => {
    const { api, asked } = apiThat('stored');
    expect((await api.send(LINE, { ...bearer('worker-key'), body })).status).toBe(204);
    expect(asked).toMatchObject([{ run: STEP, attempt: 2, ...body }]);
    expect(['default', 'gpu'].map((pool) => asked[0]?.servesPool(pool))).toEqual([true, false]);
  });

  it.each([
    ['stale', 409],
    ['not_found', 404],
  ] as const)('answers a run that is %s with %i', async (answers, status) => {
    const { api } = apiThat(answers);
    expect((await api.send(LINE, { ...bearer('worker-key'), body })).status).toBe(status);
  });

  it('takes a piece that fits an item, however its characters are written, and none that does not', async () => {
    const { api, asked } = apiThat('stored');
    const send = async (text: string) =>
      (await api.send(LINE, { ...bearer('worker-key'), body: { piece: 1, text } })).status;
    expect(await send('\u0001'.repeat(MAX_OUTPUT_PIECE_BYTES))).toBe(204);
    expect(await send('x'.repeat(MAX_OUTPUT_PIECE_BYTES + 1))).toBe(400);
    expect(await send('é'.repeat(MAX_OUTPUT_PIECE_BYTES / 2 + 1))).toBe(400);
    expect(await send('')).toBe(400);
    expect(asked).toHaveLength(1);
  });

  it.each([
    [`PUT /api/runs/${STEP}/output`, body],
    [`PUT /api/runs/${STEP}/output?attempt=0`, body],
    [`PUT /api/runs/${STEP}/output?attempt=1.5`, body],
    ['PUT /api/runs/42~pay/output?attempt=1', body],
    [LINE, { piece: -1, text: 'x' }],
    [LINE, { piece: MAX_OUTPUT_PIECES, text: 'x' }],
    [LINE, { piece: 0.5, text: 'x' }],
    [LINE, { piece: '0', text: 'x' }],
    [LINE, { text: 'x' }],
    [LINE, { piece: 0, text: 7 }],
  ])('refuses %s with %j', async (line, given) => {
    const { api, asked } = apiThat('stored');
    expect((await api.send(line, { ...bearer('worker-key'), body: given })).status).toBe(400);
    expect(asked).toEqual([]);
  });

  it('is for workers alone', async () => {
    const { api } = apiThat('stored');
    expect((await api.send(LINE, { body })).status).toBe(401);
  });
});
