/** Paths and methods that are not there, in the form and the language of their group. */
import { describe, expect, it } from 'vitest';
import { createTestApi } from '../support/test-api.ts';

describe('paths and methods', () => {
  it.each(['PUT', 'PATCH', 'HEAD', 'OPTIONS', 'DELETE'])('%s on the list is not allowed', async (method) => {
    const answer = await createTestApi().send(`${method} /api/v1/tasks`, { body: 'not json' });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('POST, GET');
    expect(answer.json()).toEqual({ error: expect.stringContaining('POST, GET') });
  });

  it('has its own list of methods for each path', async () => {
    expect((await createTestApi().send('POST /api/v1/tasks/1')).headers.allow).toBe('GET, DELETE');
  });

  it.each(['/api/v1/nothing/', '/api/v1/task/1/2', '/api/v1/tasks/1/2', '/api/v1', '/nowhere', '/api/v1/tasks//'])(
    '%s is unknown',
    async (path) => {
      const answer = await createTestApi().send(`GET ${path}`);
      expect(answer.status).toBe(404);
      expect(answer.text).toContain('/swagger/index.html');
    },
  );

  it.each([
    ['POST /health', 405, { code: 405, message: 'Method not allowed: this path takes GET' }],
    ['GET /.well-known/nothing', 404, { code: 404, message: expect.stringMatching(/^Nothing is served/) }],
    ['GET /api/v1/nothing', 404, { code: 404, message: expect.stringMatching(/^路径不存在/) }],
    ['POST /api/v1/cronjob/1', 405, { code: 405, message: '请求方法不允许: 此路径支持 GET, PUT, PATCH, DELETE' }],
    ['GET /api/v1/flows/1/2', 404, { code: 404, message: expect.stringMatching(/^Nothing is served/) }],
    ['GET /api/v1/stats/x', 404, { code: 404, message: expect.stringMatching(/^Nothing is served/) }],
    ['GET /api/v1/tasks/1/2', 404, { error: expect.stringMatching(/^Nothing is served/) }],
    ['GET /nowhere', 404, { error: expect.stringMatching(/^Nothing is served/) }],
    [
      'GET /api/nowhere',
      404,
      { success: false, code: 404, message: expect.stringMatching(/^路径不存在/), timestamp: '2030-01-01T00:00:00Z' },
    ],
    [
      'POST /api/runs/1/payload',
      405,
      { success: false, code: 405, message: '请求方法不允许: 此路径支持 GET', timestamp: '2030-01-01T00:00:00Z' },
    ],
  ])("%s answers in the form and the language of the path's group", async (request, status, body) => {
    const answer = await createTestApi().send(request);
    expect(answer.status).toBe(status);
    expect(answer.json()).toEqual(body);
  });
});
