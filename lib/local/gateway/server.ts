/** The one port of the local stack: the guard first, then `@connections`, the HTTP API and the WebSocket API. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from '../../platform/logger.ts';
import type { Invoke } from '../functions/invocation.ts';
import { refuseForeign } from '../guard.ts';
import { portTaken } from '../preflight.ts';
import type { HttpApi, WebSocketApi } from '../template/application.ts';
import type { Connections } from './connections.ts';
import { createHttpGateway, sendJson } from './http-gateway.ts';
import { connectionIdIn, createManagement } from './management.ts';
import { createWebSocketGateway } from './websocket-gateway.ts';

export type Apis = { readonly http: HttpApi | undefined; readonly webSocket: WebSocketApi | undefined };

export type Gateway = {
  /** The sockets, once it serves a WebSocket API. */
  readonly connections: Connections | undefined;
  /** Accepts nothing new; what is being answered goes on. */
  readonly refuseNew: () => void;
  readonly stop: () => Promise<void>;
};

/** The limit of API Gateway for the request line and all headers together; a longer one is answered with 431. */
const MAX_HEADER_BYTES = 10_240;

const unavailable = (_request: IncomingMessage, response: ServerResponse): void =>
  sendJson(response, 503, { message: 'Service Unavailable' });

/**
 * Binds the port first of all, so that one that is taken ends the start at once. Until `serve` it answers 503.
 * @param port 0 for a free one
 */
export const listen = async (port: number): Promise<{ readonly server: Server; readonly port: number }> => {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, joinDuplicateHeaders: true }, unavailable);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' || error.code === 'EACCES' ? portTaken(port, error.code) : error),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return { server, port: typeof address === 'object' && address ? address.port : port };
};

export const serve = (
  server: Server,
  options: {
    readonly apis: Apis;
    readonly accountId: string;
    readonly accessKeyId: string;
    readonly invoke: Invoke;
    readonly logger: Logger;
  },
): Gateway => {
  const { apis, accountId, accessKeyId, invoke, logger } = options;
  const http = apis.http && createHttpGateway({ api: apis.http, accountId, invoke });
  const sockets = apis.webSocket && createWebSocketGateway({ api: apis.webSocket, invoke, logger });
  const manage = sockets && createManagement(sockets.connections, accessKeyId);
  let isStopping = false;

  server.off('request', unavailable);
  server.on('request', async (request, response) => {
    const refusal = refuseForeign({ method: request.method ?? '', headers: request.headers });
    if (refusal) {
      sendJson(response, refusal.status, { error: refusal.error });
      return;
    }
    try {
      const connectionId = connectionIdIn(request.url ?? '/', apis.webSocket?.stage ?? '');
      if (manage && connectionId !== undefined) {
        await manage(connectionId, request, response);
      } else if (http && !isStopping) {
        await http(request, response);
      } else {
        unavailable(request, response);
      }
    } catch (error) {
      logger.error('A request could not be answered', { method: request.method, error });
      response.destroy();
    }
  });
  server.on('upgrade', (request, socket, head) => {
    if (sockets && !isStopping) {
      sockets.upgrade(request, socket, head);
    } else {
      socket.destroy();
    }
  });
  return {
    connections: sockets?.connections,
    refuseNew: () => {
      isStopping = true;
    },
    stop: async () => {
      isStopping = true;
      await sockets?.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
};
