/** What holds for every answer, who is let in, and the platform's own operations. */
import { describe, expect, it } from 'vitest';
import { aRun } from '../support/fake-engine.ts';
import { createTestApi, WORKER_TOKEN } from '../support/test-api.ts';

describe('every answer', () => {
  it.each([
    ['GET /api/v1/tasks', 200],
    ['GET /health', 200],
    ['GET /api/v1/tasks/x', 400],
    ['GET /nowhere', 404],
    ['PUT /health', 405],
    ['GET /api/runs/1/payload', 401],
  ])('of %s (%d) has the request id, and is neither cached nor sniffed', async (request, status) => {
    const answer = await createTestApi().send(request, { requestId: 'r-1' });
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({
      'x-request-id': 'r-1',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-type': 'application/json; charset=utf-8',
    });
  });

  it('is logged in one line, with the route and without what was sent', async () => {
    const { send, logs } = createTestApi();
    await send('GET /api/v1/tasks/12345?token=query-secret', {
      requestId: 'r-2',
      headers: { authorization: 'Bearer header-secret' },
    });
    await send('POST /api/v1/tasks', { body: { payload: 'body-secret' } });
    await send('GET /path-secret');
    expect(
      logs.map(({ method, route, status, requestId, durationMs }) => ({
        method,
        route,
        status,
        requestId,
        durationMs,
      })),
    ).toEqual([
      { method: 'GET', route: 'GET /api/v1/tasks/:id', status: 404, requestId: 'r-2', durationMs: 0 },
      { method: 'POST', route: 'POST /api/v1/tasks', status: 400, requestId: 'request-1', durationMs: 0 },
      { method: 'GET', route: '$default', status: 404, requestId: 'request-1', durationMs: 0 },
    ]);
    expect(JSON.stringify(logs)).not.toMatch(/secret|12345/);
  });
});

describe('a closed group', () => {
  it.each(['POST /api/v1/tasks', 'GET /api/v1/tasks', 'GET /api/v1/tasks/1', 'DELETE /api/v1/tasks/1'])(
    'answers 401 to %s and says how it is opened',
    async (request) => {
      const { send, engine } = createTestApi({ openGroups: [] });
      const answer = await send(request, { headers: { authorization: `Bearer ${WORKER_TOKEN}` } });
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(answer.json()).toEqual({ error: expect.stringMatching(/group D is closed.*openGroups/) });
      expect([engine.submitted, engine.listed]).toEqual([[], []]);
    },
  );

  it('does not become open with another group', async () => {
    expect((await createTestApi({ openGroups: ['A', 'E'] }).send('GET /api/v1/tasks')).status).toBe(401);
  });

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
  const asWorker = { headers: { authorization: `Bearer ${WORKER_TOKEN}` } };

  it('gives a worker the payload as it was stored', async () => {
    const api = createTestApi({ openGroups: [] });
    api.engine.runs.set('7', aRun({ id: '7', payload: '{"n":12345678901234567890}' }));
    const answer = await api.send('GET /api/runs/7/payload', asWorker);
    expect([answer.status, answer.text]).toEqual([200, '{"n":12345678901234567890}']);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer wrong',
    WORKER_TOKEN,
    `Basic ${WORKER_TOKEN}`,
    `Bearer ${WORKER_TOKEN}x`,
    `Bearer ${WORKER_TOKEN.slice(0, -1)}`,
  ])('refuses Authorization %j', async (authorization) => {
    const api = createTestApi();
    api.engine.runs.set('7', aRun({ id: '7' }));
    const answer = await api.send('GET /api/runs/7/payload', {
      headers: authorization === undefined ? {} : { authorization },
    });
    expect(answer.status).toBe(401);
    expect(answer.json()).toEqual({ error: expect.stringContaining('worker token') });
  });

  it('does not know a run that is not there', async () => {
    const { send } = createTestApi();
    expect((await send('GET /api/runs/8/payload', asWorker)).status).toBe(404);
    expect((await send('GET /api/runs/x/payload', asWorker)).status).toBe(400);
  });
});
