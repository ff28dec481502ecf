/** `@connections`, the management API through which functions post to sockets; only for requests signed with our key. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MAX_MESSAGE_BYTES } from '../../contracts/limits.ts';
import { accessKeyOf } from '../guard.ts';
import { readBody } from './body.ts';
import type { Connections, PostResult } from './connections.ts';

/** The connection id in `/@connections/<id>`, with or without the stage before it. */
export const connectionIdIn = (url: string, stage: string): string | undefined => {
  const [path = ''] = url.split('?');
  const match = /^(?:\/([^/]+))?\/@connections\/([^/]+)$/.exec(path);
  if (!match?.[2] || (match[1] !== undefined && match[1] !== stage)) {
    return undefined;
  }
  try {
    return decodeURIComponent(match[2]);
  } catch {
    return undefined;
  }
};

const REFUSALS: Readonly<Record<Exclude<PostResult, 'sent'>, readonly [number, string]>> = {
  gone: [410, 'GoneException'],
  too_large: [413, 'PayloadTooLargeException'],
  limit_exceeded: [429, 'LimitExceededException'],
};

export const createManagement = (connections: Connections, accessKeyId: string) => {
  const refuse = (response: ServerResponse, status: number, code: string): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': code });
    response.end(JSON.stringify({ message: code }));
  };
  const refuseAs = (response: ServerResponse, result: Exclude<PostResult, 'sent'>): void =>
    refuse(response, ...REFUSALS[result]);

  return async (id: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (accessKeyOf(request.headers) !== accessKeyId) {
      refuse(response, 403, 'ForbiddenException');
      return;
    }
    if (request.method === 'POST') {
      const body = await readBody(request, MAX_MESSAGE_BYTES);
      const result = body ? connections.post(id, body) : 'too_large';
      if (result === 'sent') {
        response.writeHead(200).end();
      } else {
        refuseAs(response, result);
      }
      return;
    }
    const connection = connections.find(id);
    if (!connection) {
      refuseAs(response, 'gone');
    } else if (request.method === 'DELETE') {
      connections.close(id, 1000, 'Closed by the server');
      response.writeHead(204).end();
    } else if (request.method === 'GET') {
      const { connectedAt, lastActiveAt, sourceIp, userAgent } = connection;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          connectedAt: new Date(connectedAt).toISOString(),
          lastActiveAt: new Date(lastActiveAt).toISOString(),
          identity: { sourceIp, userAgent },
        }),
      );
    } else {
      refuse(response, 403, 'ForbiddenException');
    }
  };
};
