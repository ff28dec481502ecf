import { once } from 'node:events';
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  GoneException,
  PayloadTooLargeException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Outcome } from '../../../lib/local/functions/invocation.ts';
import { createConnections } from '../../../lib/local/gateway/connections.ts';
import { type Gateway, listen, serve } from '../../../lib/local/gateway/server.ts';
import { credentials, failed, ok, recordingInvoke, silent } from '../support.ts';

const webSocket = {
  apiId: 'ws1',
  stage: 'local',
  routes: { $connect: 'connect', $disconnect: 'disconnect', $default: 'message' },
};

let gateway: Gateway | undefined;
let management: ApiGatewayManagementApiClient | undefined;
const sockets: WebSocket[] = [];
afterEach(async () => {
  management?.destroy();
  for (const socket of sockets.splice(0)) {
    socket.terminate();
  }
  await gateway?.stop();
});

type Context = { readonly connectionId: string; readonly routeKey: string; readonly eventType: string };

const start = async (
  answer: (functionArn: string, event: Readonly<Record<string, unknown>>) => Outcome | Promise<Outcome> = () =>
    ok({ statusCode: 200 }),
) => {
  const { server, port } = await listen(0);
  const { invoke, invocations } = recordingInvoke((event, functionArn) => answer(functionArn, event));
  const apis = { http: undefined, webSocket };
  gateway = serve(server, { apis, accountId: '000000000000', accessKeyId: 'key1', invoke, logger: silent });
  management = new ApiGatewayManagementApiClient({
    endpoint: `http://127.0.0.1:${port}/local`,
    region: 'us-east-1',
    credentials: credentials('key1'),
    maxAttempts: 1,
  });
  const of = (functionArn: string) =>
    invocations.filter((it) => it.functionArn === functionArn).map(({ event }) => event);
  const connectionId = (): string => {
    const [event = expect.fail('nobody has connected')] = of('connect').slice(-1);
    return (event.requestContext as Context).connectionId;
  };
  return { url: `ws://127.0.0.1:${port}`, port, of, connectionId };
};

const open = (url: string, headers: Readonly<Record<string, string>> = {}): WebSocket => {
  const socket = new WebSocket(url, { headers });
  sockets.push(socket);
  return socket;
};
const opened = async (url: string, headers?: Readonly<Record<string, string>>): Promise<WebSocket> => {
  const socket = open(url, headers);
  await once(socket, 'open');
  return socket;
};
/** The status with which an upgrade was refused. */
const refusal = async (url: string, headers?: Readonly<Record<string, string>>): Promise<number> => {
  const socket = open(url, headers);
  socket.on('error', () => undefined);
  const [, response] = await once(socket, 'unexpected-response');
  return response.statusCode;
};
const messagesOf = (socket: WebSocket): string[] => {
  const messages: string[] = [];
  socket.on('message', (data) => messages.push(String(data)));
  return messages;
};

describe('$connect', () => {
  it('is given the headers and the query as the client sent them', async () => {
    const { url, port, of } = await start();
    await opened(`${url}/?a=1&a=2`, { Authorization: 'Bearer t', 'user-agent': 'tester' });
    expect(of('connect')).toEqual([
      {
        headers: expect.objectContaining({ Authorization: 'Bearer t', Host: `127.0.0.1:${port}` }),
        multiValueHeaders: expect.objectContaining({ Authorization: ['Bearer t'] }),
        queryStringParameters: { a: '2' },
        multiValueQueryStringParameters: { a: ['1', '2'] },
        requestContext: expect.objectContaining({
          routeKey: '$connect',
          eventType: 'CONNECT',
          connectionId: expect.stringMatching(/^[\w-]{15}=$/),
          connectedAt: expect.any(Number),
          requestId: expect.any(String),
          identity: { sourceIp: '127.0.0.1', userAgent: 'tester' },
          domainName: `127.0.0.1:${port}`,
          stage: 'local',
          apiId: 'ws1',
        }),
        isBase64Encoded: false,
      },
    ]);
  });

  it.each<[string, Outcome, number]>([
    ['401', ok({ statusCode: 401 }), 401],
    ['403', ok({ statusCode: 403 }), 403],
    ['a failure', failed, 500],
    ['no status', ok(null), 500],
  ])('that answers %s refuses the upgrade', async (_name, outcome, status) => {
    const { url, of } = await start(() => outcome);
    expect(await refusal(url)).toBe(status);
    expect(of('disconnect')).toEqual([]);
  });

  it('is not asked for a foreign host, a foreign origin or another path', async () => {
    const { url, of } = await start();
    expect(await refusal(url, { host: 'evil.example' })).toBe(403);
    expect(await refusal(url, { origin: 'http://evil.example' })).toBe(403);
    expect(await refusal(url, { 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await refusal(`${url}/api/v1/tasks`)).toBe(403);
    expect(of('connect')).toEqual([]);
  });

  it('serves the stage’s own path too', async () => {
    const { url } = await start();
    await opened(`${url}/local`);
  });

  it('cannot be posted to before it has answered', async () => {
    const { url, connectionId } = await start(async (functionArn, event) => {
      if (functionArn === 'connect') {
        const ConnectionId = (event.requestContext as Context).connectionId;
        const posted = management?.send(new PostToConnectionCommand({ ConnectionId, Data: 'early' }));
        await expect(posted).rejects.toThrow(GoneException);
      }
      return ok({ statusCode: 200 });
    });
    await opened(url);
    await management?.send(new PostToConnectionCommand({ ConnectionId: connectionId(), Data: 'late' }));
  });

  it('that let in a client who has left tells so by $disconnect', async () => {
    const answer = Promise.withResolvers<Outcome>();
    const { url, of } = await start((functionArn) =>
      functionArn === 'connect' ? answer.promise : ok({ statusCode: 200 }),
    );
    const socket = open(url);
    const left = new Promise((resolve) => socket.on('error', resolve));
    await expect.poll(() => of('connect').length).toBe(1);
    socket.terminate();
    await left;
    answer.resolve(ok({ statusCode: 200 }));
    await expect.poll(() => of('disconnect').length).toBe(1);
  });
});

describe('messages', () => {
  it('reach the function in the order of their arrival, without waiting for each other', async () => {
    const first = Promise.withResolvers<Outcome>();
    const { url, of } = await start((functionArn, { body }) =>
      functionArn === 'message' && body === 'm0' ? first.promise : ok({ statusCode: 200 }),
    );
    const socket = await opened(url);
    const sent = Array.from({ length: 20 }, (_, index) => `m${index}`);
    for (const text of sent) {
      socket.send(text);
    }
    await expect.poll(() => of('message').map(({ body }) => body)).toEqual(sent);
    first.resolve(ok({ statusCode: 200 }));
    expect(of('message')[0]).toMatchObject({
      isBase64Encoded: false,
      requestContext: { routeKey: '$default', eventType: 'MESSAGE', messageId: expect.any(String) },
    });
  });

  it('of bytes are base64', async () => {
    const { url, of } = await start();
    const socket = await opened(url);
    socket.send(new Uint8Array([1, 2, 255]));
    await expect.poll(() => of('message')).toEqual([expect.objectContaining({ body: 'AQL/', isBase64Encoded: true })]);
  });

  it('over 128 KB are answered and not delivered; the third within a minute closes the socket', async () => {
    const { url, of } = await start();
    const socket = await opened(url);
    const messages = messagesOf(socket);
    const closed = once(socket, 'close');
    const most = 'x'.repeat(128 * 1024);
    socket.send(most);
    socket.send(`${most}x`);
    await expect.poll(() => messages.length).toBe(1);
    expect(JSON.parse(messages[0] ?? '')).toEqual({
      type: 'error',
      code: 'too_large',
      message: 'The message has 131073 bytes; 131072 are the most',
    });
    socket.send('still open');
    socket.send(`${most}x`);
    socket.send(`${most}x`);
    const [code] = await closed;
    expect(code).toBe(1009);
    expect(of('message').map(({ body }) => String(body).length)).toEqual([131_072, 10]);
  });
});

describe('$disconnect', () => {
  it('is told how the socket ended', async () => {
    const { url, of, connectionId } = await start();
    const socket = await opened(url);
    socket.close(4000, 'enough');
    await expect.poll(() => of('disconnect').length).toBe(1);
    expect(of('disconnect')[0]).toMatchObject({
      requestContext: {
        routeKey: '$disconnect',
        eventType: 'DISCONNECT',
        connectionId: connectionId(),
        disconnectStatusCode: 4000,
        disconnectReason: 'enough',
      },
    });
  });

  it('comes for every socket when the gateway stops', async () => {
    const { url, of } = await start();
    const socket = await opened(url);
    const closed = once(socket, 'close');
    await gateway?.stop();
    expect((await closed)[0]).toBe(1001);
    expect(of('disconnect')).toHaveLength(1);
  });
});

describe('@connections', () => {
  it('posts, describes and closes', async () => {
    const { url, connectionId } = await start();
    const socket = await opened(url, { 'user-agent': 'tester' });
    const messages = messagesOf(socket);
    const ConnectionId = connectionId();
    await management?.send(new PostToConnectionCommand({ ConnectionId, Data: 'héllo' }));
    await expect.poll(() => messages).toEqual(['héllo']);
    expect(await management?.send(new GetConnectionCommand({ ConnectionId }))).toMatchObject({
      ConnectedAt: expect.any(Date),
      LastActiveAt: expect.any(Date),
      Identity: { SourceIp: '127.0.0.1', UserAgent: 'tester' },
    });
    const closed = once(socket, 'close');
    await management?.send(new DeleteConnectionCommand({ ConnectionId }));
    await closed;
    const gone = management?.send(new PostToConnectionCommand({ ConnectionId, Data: 'x' }));
    await expect(gone).rejects.toThrow(GoneException);
    await expect(management?.send(new DeleteConnectionCommand({ ConnectionId }))).rejects.toThrow(GoneException);
  });

  it('refuses more than 128 KB', async () => {
    const { url, connectionId } = await start();
    const socket = await opened(url);
    const messages = messagesOf(socket);
    const ConnectionId = connectionId();
    await management?.send(new PostToConnectionCommand({ ConnectionId, Data: 'x'.repeat(131_072) }));
    const tooLarge = management?.send(new PostToConnectionCommand({ ConnectionId, Data: 'x'.repeat(131_073) }));
    await expect(tooLarge).rejects.toThrow(PayloadTooLargeException);
    await expect.poll(() => messages.length).toBe(1);
  });

  it('answers nobody without the key of this start, and no web page', async () => {
    const { url, port, connectionId } = await start();
    await opened(url);
    const address = `http://127.0.0.1:${port}/@connections/${encodeURIComponent(connectionId())}`;
    const post = (headers: Readonly<Record<string, string>>) =>
      fetch(address, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream', ...headers },
        body: 'x',
      });
    const authorization = 'AWS4-HMAC-SHA256 Credential=key1/20261121/us-east-1/execute-api/aws4_request';
    expect((await post({})).status).toBe(403);
    expect((await post({ authorization: authorization.replace('key1', 'key2') })).status).toBe(403);
    expect((await post({ authorization, origin: 'http://evil.example' })).status).toBe(403);
    expect((await post({ authorization })).status).toBe(200);
  });
});

describe('connections', () => {
  const MINUTE_MS = 60_000;
  const add = (
    connections: ReturnType<typeof createConnections>,
    id: string,
    connectedAt: number,
    lastActiveAt: number,
  ) => {
    const closes: (number | undefined)[] = [];
    const sent: unknown[] = [];
    const socket = {
      readyState: WebSocket.OPEN,
      bufferedAmount: 0,
      close: (code?: number) => closes.push(code),
      send: (data: unknown) => sent.push(data),
    };
    connections.add({ id, socket, connectedAt, lastActiveAt, sourceIp: '', userAgent: '' });
    return { socket, closes, sent };
  };

  it('end after 10 idle minutes and after two hours, as API Gateway ends them', () => {
    const connections = createConnections();
    const now = Date.now();
    const idle = add(connections, 'idle', now - 11 * MINUTE_MS, now - 10 * MINUTE_MS - 1);
    const old = add(connections, 'old', now - 120 * MINUTE_MS - 1, now);
    const fine = add(connections, 'fine', now - 119 * MINUTE_MS, now - 9 * MINUTE_MS);
    connections.closeExpired(now);
    expect([idle.closes, old.closes, fine.closes]).toEqual([[1001], [1001], []]);
  });

  it('whose client does not read are not posted to without limit', () => {
    const connections = createConnections();
    const { socket, sent } = add(connections, 'slow', 0, 0);
    expect(connections.post('slow', Buffer.from('x'))).toBe('sent');
    socket.bufferedAmount = 2 * 1024 * 1024;
    expect(connections.post('slow', Buffer.from('x'))).toBe('limit_exceeded');
    expect(sent).toHaveLength(1);
  });
});
