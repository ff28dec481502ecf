/**
 * The WebSocket API: `$connect` decides on the upgrade, messages go to `$default`, the end of a socket to `$disconnect`.
 *
 * Messages are handed over in the order of their arrival, and none waits for the one before to be handled: as with API
 * Gateway, a function may finish them in another order.
 *
 * One thing differs on purpose. API Gateway closes a socket (1009) at its first message over 128 KB; here such a message
 * is answered with an error frame, and the third within a minute closes the socket.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { ServerFrameOf } from '../../contracts/frames.ts';
import { getTaskSocket } from '../../contracts/http/a/socket.ts';
import { MAX_FRAME_BYTES, MAX_MESSAGE_BYTES } from '../../contracts/limits.ts';
import { STRIKE_WINDOW_MS } from '../../domain/timing.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Invoke, Outcome } from '../functions/invocation.ts';
import { refuseForeign } from '../guard.ts';
import { within } from '../pause.ts';
import type { WebSocketApi } from '../template/application.ts';
import { type Connection, type Connections, createConnections, newConnectionId } from './connections.ts';
import { logTime, sourceIpOf } from './http-event.ts';

export type WebSocketGateway = {
  readonly connections: Connections;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Closes every socket and gives their `$disconnect` a moment to be handled. */
  readonly stop: () => Promise<void>;
};

/** Beyond this a message is not even received: the socket closes with 1009, so that no client can fill our memory. */
const RECEIVE_LIMIT_BYTES = 8 * MAX_MESSAGE_BYTES;
const MAX_STRIKES = 3;
const EXPIRY_SWEEP_MS = 30_000;
/** How long a stop waits for clients to answer its close, and then for the last `$disconnect`. */
const CLOSE_WITHIN_MS = 1_000;

type EventType = 'CONNECT' | 'MESSAGE' | 'DISCONNECT';
type Facts = Pick<Connection, 'id' | 'connectedAt' | 'sourceIp' | 'userAgent'> & { readonly domainName: string };

const refuseUpgrade = (socket: Duplex, status: number, body: unknown): void => {
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n` +
      `Connection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
};

/** Names as the client wrote them: `$connect` is given the headers untouched. */
const rawHeadersOf = ({ rawHeaders }: IncomingMessage) => {
  const multiple = new Map<string, string[]>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    multiple.set(name, [...(multiple.get(name) ?? []), rawHeaders[at + 1] ?? '']);
  }
  return {
    headers: Object.fromEntries([...multiple].map(([name, values]) => [name, values.at(-1) ?? ''])),
    multiValueHeaders: Object.fromEntries(multiple),
  };
};

const queryOf = (request: IncomingMessage) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://local');
  const names = [...new Set(searchParams.keys())];
  return names.length === 0
    ? {}
    : {
        queryStringParameters: Object.fromEntries(names.map((name) => [name, searchParams.getAll(name).at(-1)])),
        multiValueQueryStringParameters: Object.fromEntries(names.map((name) => [name, searchParams.getAll(name)])),
      };
};

const bytesOf = (data: RawData): Buffer => {
  if (Array.isArray(data)) {
    return Buffer.concat(data);
  }
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
};

/** The status that a `$connect` function answers with decides; a function that fails refuses with 500. */
const connectStatus = (outcome: Outcome): number => {
  const payload = outcome.ok ? outcome.payload : undefined;
  const status = typeof payload === 'object' && payload !== null && 'statusCode' in payload ? payload.statusCode : 500;
  return typeof status === 'number' ? status : 500;
};

export const createWebSocketGateway = (options: {
  readonly api: WebSocketApi;
  readonly invoke: Invoke;
  readonly logger: Logger;
}): WebSocketGateway => {
  const { api, invoke, logger } = options;
  const connections = createConnections();
  const server = new WebSocketServer({ noServer: true, maxPayload: RECEIVE_LIMIT_BYTES, perMessageDeflate: false });
  const handling = new Set<Promise<unknown>>();
  /** Those of which `$connect` has not decided yet, too: the HTTP server has let go of all of them. */
  const upgraded = new Set<Duplex>();
  const sweep = setInterval(() => connections.closeExpired(Date.now()), EXPIRY_SWEEP_MS).unref();

  const context = (routeKey: string, eventType: EventType, facts: Facts) => ({
    requestContext: {
      routeKey,
      eventType,
      ...(eventType === 'MESSAGE' ? { messageId: randomUUID() } : {}),
      messageDirection: 'IN',
      connectionId: facts.id,
      connectedAt: facts.connectedAt,
      requestId: randomUUID(),
      extendedRequestId: randomUUID(),
      requestTime: logTime(new Date()),
      requestTimeEpoch: Date.now(),
      identity: { sourceIp: facts.sourceIp, userAgent: facts.userAgent },
      domainName: facts.domainName,
      stage: api.stage,
      apiId: api.apiId,
    },
  });

  const handle = (routeKey: string, event: unknown): Promise<Outcome> | undefined => {
    const functionArn = api.routes[routeKey];
    if (functionArn === undefined) {
      return undefined;
    }
    const invocation = invoke(functionArn, event);
    const settled: Promise<unknown> = invocation.finally(() => handling.delete(settled));
    handling.add(settled);
    return invocation;
  };

  const disconnected = (facts: Facts, code: number, reason: string): void => {
    const event = context('$disconnect', 'DISCONNECT', facts);
    void handle('$disconnect', {
      requestContext: { ...event.requestContext, disconnectStatusCode: code, disconnectReason: reason },
      isBase64Encoded: false,
    });
  };

  const serve = (socket: WebSocket, facts: Facts): void => {
    const connection: Connection = { ...facts, socket, lastActiveAt: Date.now() };
    const strikes: number[] = [];
    connections.add(connection);

    const tooLarge = (length: number): void => {
      const frame: ServerFrameOf<'error'> = {
        type: 'error',
        code: 'too_large',
        message: `The message has ${length} bytes; ${MAX_MESSAGE_BYTES} are the most`,
      };
      socket.send(JSON.stringify(frame));
      strikes.push(Date.now());
      if (strikes.filter((at) => at > Date.now() - STRIKE_WINDOW_MS).length >= MAX_STRIKES) {
        socket.close(1009, 'Message too big');
      }
    };

    socket.on('message', (data, isBinary) => {
      const message = bytesOf(data);
      connection.lastActiveAt = Date.now();
      if (message.length > MAX_MESSAGE_BYTES) {
        tooLarge(message.length);
        return;
      }
      if (message.length > MAX_FRAME_BYTES) {
        // Not refused here: we see messages, and a client may have cut this one into frames.
        logger.warn('API Gateway closes a socket (1009) on a frame of this size', { bytes: message.length });
      }
      void handle('$default', {
        ...context('$default', 'MESSAGE', facts),
        body: message.toString(isBinary ? 'base64' : 'utf8'),
        isBase64Encoded: isBinary,
      });
    });
    // Its code follows in `close`.
    socket.on('error', (error) => logger.debug('A socket failed', { error: error.message }));
    socket.on('close', (code, reason) => {
      connections.remove(facts.id);
      disconnected(facts, code, reason.toString());
    });
  };

  const connect = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const facts: Facts = {
      id: newConnectionId(),
      connectedAt: Date.now(),
      sourceIp: sourceIpOf(request),
      userAgent: request.headers['user-agent'] ?? '',
      domainName: request.headers.host ?? '',
    };
    const outcome = await handle('$connect', {
      ...rawHeadersOf(request),
      ...queryOf(request),
      ...context('$connect', 'CONNECT', facts),
      isBase64Encoded: false,
    });
    const status = outcome ? connectStatus(outcome) : 200;
    if (status < 200 || status > 299) {
      refuseUpgrade(socket, status, { message: STATUS_CODES[status] ?? 'Refused' });
      return;
    }
    if (socket.destroyed) {
      // The client left while `$connect` ran: the function that let it in is told that it is gone.
      disconnected(facts, 1006, 'Connection Closed Abnormally');
      return;
    }
    server.handleUpgrade(request, socket, head, (webSocket) => serve(webSocket, facts));
  };

  return {
    connections,
    upgrade: (request, socket, head) => {
      // Without a listener a reset connection would end the process.
      socket.on('error', () => socket.destroy());
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
      const [path = '/'] = (request.url ?? '/').split('?');
      const refusal = refuseForeign({ method: request.method ?? '', headers: request.headers });
      if (refusal) {
        refuseUpgrade(socket, refusal.status, { error: refusal.error });
      } else if (!['/', `/${api.stage}`, getTaskSocket.path, `${getTaskSocket.path}/`].includes(path)) {
        refuseUpgrade(socket, 403, { message: 'Forbidden' });
      } else {
        connect(request, socket, head).catch((error: unknown) => {
          logger.error('A socket could not be opened', { error });
          socket.destroy();
        });
      }
    },
    stop: async () => {
      clearInterval(sweep);
      connections.closeAll(1001, 'Going away');
      await within(CLOSE_WITHIN_MS, Promise.all([...server.clients].map((client) => once(client, 'close'))));
      for (const socket of upgraded) {
        socket.destroy();
      }
      await within(CLOSE_WITHIN_MS, Promise.allSettled(handling));
    },
  };
};
