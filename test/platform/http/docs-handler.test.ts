import { describe, expect, it } from 'vitest';
import { SWAGGER_UI_FILES } from '../../../lib/contracts/http/docs-pages.ts';
import { createDocsHandler } from '../../../lib/platform/http/docs-handler.ts';
import { createLogger } from '../../../lib/platform/logger.ts';
import { openApiDocument } from '../../../lib/platform/openapi.ts';
import { type Answered, call, httpEvent, lambdaContext } from '../../support/http-event.ts';

const handler = createDocsHandler({ logger: createLogger({ level: 'error', write: () => undefined }), now: () => 0 });
const get = (path: string): Promise<Answered> => call(handler, `GET ${path}`);

describe('the documentation', () => {
  it.each(['/openapi.json', '/swagger/doc.json', '/openapi.json/'])('%s is the OpenAPI document', async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.json()).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
  });

  it.each(['/swagger/index.html', '/swagger/', '/swagger'])('%s is the page', async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.text).toContain('id="swagger-ui"');
  });

  it('has a page whose every file is served here, under a policy that allows no other host and no inline script', async () => {
    const page = await get('/swagger/index.html');
    expect(page.headers['content-security-policy']).toMatch(/default-src 'none'; script-src 'self';/);
    expect(page.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' });
    expect(page.text).not.toMatch(/https?:|<script>/);
    const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);
    expect(files.length).toBe(5);
    for (const path of files) {
      expect((await get(path)).status, path).toBe(200);
    }
  });

  it('starts Swagger UI on our document, without the outside validator', async () => {
    const { text, headers } = await get('/swagger/initializer.js');
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(text).toContain("url: '/openapi.json'");
    expect(text).toContain('validatorUrl: null');
    expect((await get('/swagger/swagger-ui-bundle.js')).text).toContain('SwaggerUIBundle');
  });

  it.each(SWAGGER_UI_FILES.map((name) => [name]))('serves %s for a browser to keep', async (name) => {
    const answer = await get(`/swagger/${name}`);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(
      { css: /^text\/css/, js: /^text\/javascript/, png: /^image\/png$/ }[name.split('.').at(-1) ?? ''] ?? /^$/,
    );
    expect(answer.headers['cache-control']).toBe('public, max-age=86400');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.text.length).toBeGreaterThan(500);
  });

  it('sends an image as bytes', async () => {
    const { body = '', isBase64Encoded } = await handler(httpEvent('GET /swagger/favicon-32x32.png'), lambdaContext());
    expect(isBase64Encoded).toBe(true);
    expect(Buffer.from(body, 'base64').subarray(1, 4).toString('latin1')).toBe('PNG');
  });

  it.each([
    '/swagger/nothing.js',
    '/swagger/package.json',
    '/swagger/swagger-ui-bundle.js.map',
    '/swagger/../package.json',
    '/swagger/..%2Fpackage.json',
    '/swagger//etc/passwd',
    '/swagger/swagger-ui.css/../package.json',
    '/swaggerx',
    '/',
  ])('does not serve %s', async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(404);
    expect(answer.json()).toEqual({ error: expect.any(String) });
  });

  it('takes GET only', async () => {
    const answer = await call(handler, 'POST /swagger/index.html');
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET']);
  });
});
