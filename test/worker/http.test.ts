import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RunOrder } from '../../lib/contracts/frames.ts';
import { createWorker, startPlane } from './start-worker.ts';

type Seen = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};

/** A web server on a loopback address that remembers what it was asked. */
async function startServer(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { seen, port, url: `http://127.0.0.1:${port}` };
}

async function startHttpWorker(allowNetwork: readonly string[] = ['127.0.0.0/8']) {
  const plane = await startPlane();
  const { worker } = createWorker(plane, { allow: ['http'], allowNetwork });
  await worker.start();
  const hello = await plane.frame('hello');
  let runs = 0;
  return {
    plane,
    hello,
    run(payload: unknown, fields: Partial<RunOrder> = {}) {
      const order = plane.order({ run: `r${++runs}`, handler: 'http', payload: JSON.stringify(payload), ...fields });
      plane.push(hello, order);
      return plane.result(order.run);
    },
  };
}

describe('http', () => {
  it('sends what the payload says; 2xx is success, the status is the exit code', async () => {
    const server = await startServer((_, response) => response.writeHead(201).end('{"id":7}'));
    const { run } = await startHttpWorker();
    const result = await run({
      url: `${server.url}/hooks?x=1`,
      method: 'post',
      headers: { 'Content-Type': 'application/json', 'X-Key': 'k', 'Content-Length': '3' },
      body: '{"data":"välue"}',
    });
    expect(result).toMatchObject({ outcome: 'succeeded', exitCode: 201, output: '{"id":7}' });
    expect(server.seen).toMatchObject([
      {
        method: 'POST',
        url: '/hooks?x=1',
        headers: { 'content-type': 'application/json', 'x-key': 'k', 'content-length': '17' },
        body: '{"data":"välue"}',
      },
    ]);
  });

  it('is a GET unless it says otherwise, and fails on any other status', async () => {
    const server = await startServer((_, response) => response.writeHead(503).end('busy'));
    const { run } = await startHttpWorker();
    expect(await run({ url: server.url })).toMatchObject({
      outcome: 'failed',
      reason: 'handler_failed',
      exitCode: 503,
      output: 'busy',
      error: 'HTTP 503 Service Unavailable',
    });
    expect(server.seen).toMatchObject([{ method: 'GET', body: '' }]);
  });

  it('reaches no loopback address unless it is allowed', async () => {
    const server = await startServer((_, response) => response.end('secret'));
    const { run } = await startHttpWorker([]);
    const result = await run({ url: server.url });
    expect(result).toMatchObject({ outcome: 'failed', reason: 'refused' });
    expect(result.error).toContain('127.0.0.1 is a loopback address');
    expect(server.seen).toEqual([]);
  });

  it('checks the addresses that a name leads to', async () => {
    const server = await startServer((_, response) => response.end('hello'));
    const url = `http://localhost:${server.port}/`;
    const open = await startHttpWorker();
    expect(await open.run({ url })).toMatchObject({ outcome: 'succeeded', output: 'hello' });
    const shut = await startHttpWorker(['10.0.0.0/8']);
    expect(await shut.run({ url })).toMatchObject({ outcome: 'failed', reason: 'refused' });
    expect(server.seen).toHaveLength(1);
  });

  it.each([
    'http://127.0.0.2:1/',
    'http://169.254.169.254/latest/',
    'http://[::1]:1/',
    'http://0x7f.0.0.2:1/',
    'file:///etc/passwd',
  ])('follows no redirect to %s', async (location) => {
    const server = await startServer((_, response) => response.writeHead(302, { location }).end());
    const { run } = await startHttpWorker(['127.0.0.1']);
    expect(await run({ url: server.url })).toMatchObject({ outcome: 'failed', reason: 'refused' });
  });

  it('follows five redirects and no more', async () => {
    const server = await startServer((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end('there');
      else response.writeHead(307, { location: `/${left - 1}` }).end();
    });
    const { run } = await startHttpWorker();
    expect(await run({ url: `${server.url}/5`, method: 'PUT', body: 'kept' })).toMatchObject({
      outcome: 'succeeded',
      output: 'there',
    });
    expect(server.seen.at(-1)).toMatchObject({ method: 'PUT', body: 'kept' });
    const result = await run({ url: `${server.url}/6` });
    expect(result).toMatchObject({ outcome: 'failed', reason: 'handler_failed' });
    expect(result.error).toContain('More than 5 redirects');
  });

  it('turns a 303 into a GET, and leaves credentials at the origin they were meant for', async () => {
    const other = await startServer((_, response) => response.end('other'));
    const server = await startServer((request, response) => {
      if (request.url === '/here') response.end('here');
      else response.writeHead(303, { location: request.url === '/same' ? '/here' : other.url }).end();
    });
    const { run } = await startHttpWorker();
    const request = { method: 'POST', headers: { Authorization: 'Bearer x', 'X-Trace': 't' }, body: 'body' };
    await run({ ...request, url: `${server.url}/same` });
    expect(server.seen.at(-1)).toMatchObject({ method: 'GET', body: '', headers: { authorization: 'Bearer x' } });
    expect(await run({ ...request, url: `${server.url}/away` })).toMatchObject({ output: 'other' });
    expect(other.seen).toMatchObject([{ method: 'GET', body: '', headers: { 'x-trace': 't' } }]);
    expect(other.seen[0]?.headers.authorization).toBeUndefined();
  });

  it('keeps head and tail of a long answer and does not read an endless one', async () => {
    const server = await startServer((_, response) => {
      response.write('begin');
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    const { run } = await startHttpWorker();
    const { outcome, output = '' } = await run({ url: server.url });
    expect(outcome).toBe('succeeded');
    expect(output).toMatch(/^begin.*\[cut: \d{8} characters\].*the rest was not read\]$/s);
  });

  it('ends with the run’s timeout and with a cancel', async () => {
    const server = await startServer(() => {});
    const { run, plane, hello } = await startHttpWorker();
    expect(await run({ url: server.url }, { timeoutMs: 100 })).toMatchObject({
      outcome: 'timed_out',
      error: 'Timed out after 0.1 s.',
    });
    plane.push(hello, plane.order({ run: 's', handler: 'http', payload: JSON.stringify({ url: server.url }) }));
    await expect.poll(() => server.seen).toHaveLength(2);
    plane.send(hello.socket, { type: 'cancel', session: hello.frame.session, run: 's', attempt: 1, graceMs: 10_000 });
    expect(await plane.result('s')).toMatchObject({ outcome: 'cancelled', error: 'Cancelled.' });
  });

  it('fails when the connection breaks before the answer is whole', async () => {
    const server = await startServer((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    });
    const { run } = await startHttpWorker();
    expect(await run({ url: server.url })).toMatchObject({ outcome: 'failed', reason: 'handler_failed' });
  });

  it.each([
    [{}, 'payload.url:'],
    [{ url: 'no url' }, 'payload.url: is no URL'],
    [{ url: 'http://127.0.0.1/', method: 'CONNECT' }, 'payload.method:'],
    [{ url: 'http://127.0.0.1/', headers: { 'bad name': 'x' } }, 'payload.headers.bad name:'],
    [{ url: 'http://127.0.0.1/', headers: { name: 'a\r\nInjected: 1' } }, 'payload.headers.name:'],
    [{ url: 'http://127.0.0.1/', body: {} }, 'payload.body:'],
  ])('refuses the payload %j and names the field', async (payload, field) => {
    const { run } = await startHttpWorker();
    const result = await run(payload);
    expect(result).toMatchObject({ outcome: 'failed', reason: 'bad_payload' });
    expect(result.error).toContain(field);
  });
});

describe('http_callback', () => {
  it('posts its data as JSON', async () => {
    const server = await startServer((_, response) => response.end('ok'));
    const { run } = await startHttpWorker();
    expect(await run({ url: server.url, data: { order: 12 } }, { handler: 'http_callback' })).toMatchObject({
      outcome: 'succeeded',
      exitCode: 200,
      output: 'ok',
    });
    expect(server.seen).toMatchObject([
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"order":12}' },
    ]);
  });

  it('takes the method it is given, and a GET has no body', async () => {
    const server = await startServer((_, response) => response.end());
    const { run } = await startHttpWorker();
    await run({ url: server.url, method: 'GET', data: 1 }, { handler: 'http_callback' });
    expect(server.seen).toMatchObject([{ method: 'GET', body: '' }]);
  });
});
