import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Outcome } from '../../../lib/local/functions/invocation.ts';
import { compileRoutes } from '../../../lib/local/gateway/routes.ts';
import { type Gateway, listen, serve } from '../../../lib/local/gateway/server.ts';
import { failed, ok, recordingInvoke, silent } from '../support.ts';

const http = {
  apiId: 'api1',
  stage: '$default',
  routes: [
    { routeKey: '$default', functionArn: 'default' },
    { routeKey: 'GET /openapi.json', functionArn: 'docs' },
    { routeKey: 'GET /swagger/{proxy+}', functionArn: 'docs' },
  ],
};

let gateway: Gateway | undefined;
afterEach(() => gateway?.stop());

const start = async (answer: () => Outcome | Promise<Outcome> = () => ok({ statusCode: 200, body: 'hi' })) => {
  const { server, port } = await listen(0);
  const { invoke, invocations } = recordingInvoke(answer);
  const apis = { http, webSocket: undefined };
  gateway = serve(server, { apis, accountId: '000000000000', accessKeyId: 'key1', invoke, logger: silent });
  return { url: `http://127.0.0.1:${port}`, port, invocations };
};

const json = { 'content-type': 'application/json' };

describe('an event of the HTTP API', () => {
  it('has payload format 2.0', async () => {
    const { url, port, invocations } = await start();
    await fetch(`${url}/a%20b/?x=1&x=2&y=%26`, {
      method: 'POST',
      headers: { ...json, 'X-Custom': 'Value', cookie: 'a=1; b=2', 'user-agent': 'tester' },
      body: '{"é":1}',
    });
    expect(invocations[0]?.functionArn).toBe('default');
    const event = invocations[0]?.event;
    expect(event).toEqual({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/a b/',
      rawQueryString: 'x=1&x=2&y=%26',
      cookies: ['a=1', 'b=2'],
      headers: expect.objectContaining({ 'x-custom': 'Value', host: `127.0.0.1:${port}` }),
      queryStringParameters: { x: '1,2', y: '&' },
      requestContext: {
        accountId: '000000000000',
        apiId: 'api1',
        domainName: `127.0.0.1:${port}`,
        domainPrefix: '127',
        http: { method: 'POST', path: '/a b/', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'tester' },
        requestId: expect.any(String),
        routeKey: '$default',
        stage: '$default',
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        timeEpoch: expect.any(Number),
      },
      body: '{"é":1}',
      isBase64Encoded: false,
    });
    expect(event?.headers).not.toHaveProperty('cookie');
  });

  it('comes from the address of the socket, whatever a header says', async () => {
    const { url, invocations } = await start();
    await fetch(url, { headers: { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=203.0.113.7' } });
    expect(invocations[0]?.event.requestContext).toMatchObject({ http: { sourceIp: '127.0.0.1' } });
  });

  it('has no body when there is none, and base64 for what is no text', async () => {
    const { url, port, invocations } = await start();
    await fetch(url);
    expect(invocations[0]?.event).toMatchObject({ rawPath: '/', isBase64Encoded: false });
    expect(invocations[0]?.event).not.toHaveProperty('body');
    // Node's fetch names a content type by itself.
    const request = httpRequest({ port, host: '127.0.0.1', method: 'POST', headers: { 'content-length': 2 } });
    request.end('{}');
    await once(request, 'response');
    expect(invocations[1]?.event).toMatchObject({ body: 'e30=', isBase64Encoded: true });
  });

  it('has the parameters of its route', async () => {
    const { url, invocations } = await start();
    await fetch(`${url}/swagger/css/main.css`);
    expect(invocations[0]).toMatchObject({
      functionArn: 'docs',
      event: { routeKey: 'GET /swagger/{proxy+}', pathParameters: { proxy: 'css/main.css' } },
    });
  });
});

describe('routes', () => {
  const find = compileRoutes(
    [
      ...['$default', 'GET /things/{id}', 'ANY /things/{id}', 'GET /things/new', 'GET /things/{proxy+}'],
      'POST /a.b/{id}/end',
      ...['ANY /api/auth/{proxy+}', 'ANY /api/users', 'ANY /api/users/{proxy+}', 'GET /.well-known/jwks.json'],
    ].map((routeKey) => ({ routeKey, functionArn: routeKey })),
  );
  it.each([
    ['GET', '/things/new', 'GET /things/new'],
    ['GET', '/things/1', 'GET /things/{id}'],
    ['PUT', '/things/1', 'ANY /things/{id}'],
    ['GET', '/things/1/2', 'GET /things/{proxy+}'],
    ['POST', '/a.b/1/end', 'POST /a.b/{id}/end'],
    ['POST', '/axb/1/end', '$default'],
    ['GET', '/things', '$default'],
    ['GET', '/things/', '$default'],
    ['POST', '/api/auth/login', 'ANY /api/auth/{proxy+}'],
    ['PATCH', '/api/auth/api-keys/1/roll', 'ANY /api/auth/{proxy+}'],
    // A parameter that takes everything takes something.
    ['GET', '/api/auth/', '$default'],
    ['GET', '/api/auth', '$default'],
    ['GET', '/api/auth/a\nb', 'ANY /api/auth/{proxy+}'],
    ['DELETE', '/api/users', 'ANY /api/users'],
    ['GET', '/api/users/', '$default'],
    ['PUT', '/api/users/1/password', 'ANY /api/users/{proxy+}'],
    ['GET', '/api/usersx', '$default'],
    ['GET', '/API/users', '$default'],
    ['GET', '/.well-known/jwks.json', 'GET /.well-known/jwks.json'],
    ['GET', '/xwell-known/jwks.json', '$default'],
    ['POST', '/.well-known/jwks.json', '$default'],
  ])('%s %s takes %s', (method, path, routeKey) => {
    expect(find(method, path)?.route.routeKey).toBe(routeKey);
  });
});

describe('an answer of a function', () => {
  const respond = async (outcome: Outcome, init?: RequestInit) => {
    const { url } = await start(() => outcome);
    return fetch(url, init);
  };

  it('becomes the response, with its cookies', async () => {
    const response = await respond(
      ok({ statusCode: 201, headers: { 'X-A': 'b', 'x-number': 5 }, cookies: ['a=1', 'b=2'], body: 'text' }),
    );
    expect(response.status).toBe(201);
    expect(response.headers.get('x-a')).toBe('b');
    expect(response.headers.get('x-number')).toBe('5');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.text()).toBe('text');
  });

  it('may be bytes', async () => {
    const response = await respond(ok({ statusCode: 200, body: 'AQL/', isBase64Encoded: true }));
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(new Uint8Array([1, 2, 255]));
  });

  it('without a status code is the JSON of a 200', async () => {
    const response = await respond(ok({ keys: [] }));
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ keys: [] });
  });

  it('has no body for HEAD, and its length', async () => {
    const response = await respond(ok({ statusCode: 200, body: 'text' }), { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('4');
  });

  it.each<[string, Outcome, number, string]>([
    ['a failure', failed, 500, 'Internal Server Error'],
    ['a time-out', { ok: false, reason: 'timed_out', message: 'secret' }, 503, 'Service Unavailable'],
    ['a status that there is not', ok({ statusCode: 1000 }), 500, 'Internal Server Error'],
    ['a body that is no text', ok({ statusCode: 200, body: { a: 1 } }), 500, 'Internal Server Error'],
  ])('%s', async (_name, outcome, status, message) => {
    const response = await respond(outcome);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ message });
  });
});

describe('what the gateway refuses itself', () => {
  it('a body over 10 MB, declared or not', async () => {
    const { url, invocations } = await start();
    const tooLong = new Uint8Array(10 * 1024 * 1024 + 1).fill(32);
    const declared = await fetch(url, { method: 'POST', headers: json, body: tooLong });
    expect([declared.status, await declared.json()]).toEqual([413, { message: 'Request Entity Too Large' }]);
    const streamed = await fetch(url, {
      method: 'POST',
      headers: json,
      body: new Blob([tooLong]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(streamed.status).toBe(413);
    expect(invocations).toEqual([]);
    expect((await fetch(url, { method: 'POST', headers: json, body: tooLong.subarray(1) })).status).toBe(200);
  });

  it('a foreign host, a foreign origin and a content type other than JSON', async () => {
    const { url, port, invocations } = await start();
    const get = httpRequest({ port, host: '127.0.0.1', headers: { host: 'evil.example' } }).end();
    const [rebound] = await once(get, 'response');
    expect(rebound.statusCode).toBe(403);
    const foreign = await fetch(url, {
      method: 'POST',
      headers: { ...json, origin: 'http://evil.example' },
      body: '{}',
    });
    expect([foreign.status, await foreign.json()]).toEqual([
      403,
      { error: 'Origin not allowed: the local stack serves its own pages only' },
    ]);
    const form = await fetch(url, { method: 'POST', body: new URLSearchParams({ a: '1' }) });
    expect([form.status, await form.json()]).toEqual([415, { error: 'Content-Type must be application/json' }]);
    expect(invocations).toEqual([]);
  });

  it('a path that is no path', async () => {
    const { url, port } = await start();
    expect((await fetch(`${url}/%zz`)).status).toBe(400);
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
    socket.destroy();
  });

  it('a request line and headers over 10 KB together', async () => {
    const { url, invocations } = await start();
    expect((await fetch(url, { headers: { 'x-long': 'x'.repeat(11_000) } })).status).toBe(431);
    expect((await fetch(`${url}/${'x'.repeat(11_000)}`)).status).toBe(431);
    expect((await fetch(`${url}/${'x'.repeat(5_200)}`, { headers: { 'x-long': 'x'.repeat(5_200) } })).status).toBe(431);
    expect(invocations).toEqual([]);
    expect((await fetch(`${url}/${'x'.repeat(4_500)}`, { headers: { 'x-long': 'x'.repeat(4_500) } })).status).toBe(200);
  });

  it('everything before it is ready', async () => {
    const { server, port } = await listen(0);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(503);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
