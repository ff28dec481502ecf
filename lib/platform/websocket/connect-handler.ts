import { createHash, timingSafeEqual } from 'node:crypto';
import type { APIGatewayProxyResultV2, APIGatewayProxyWebsocketEventV2 } from 'aws-lambda';
import type { Logger } from '../logger.ts';

/** `$connect` also carries the headers of the upgrade request, which the type of the event leaves out. */
export type ConnectEvent = Pick<APIGatewayProxyWebsocketEventV2, 'requestContext'> & {
  readonly headers?: Readonly<Record<string, string | undefined>>;
};

/** Compares hashes, in constant time: neither the token's length nor its first wrong byte shows. */
export const isToken = (sha256: string, token: string): boolean =>
  timingSafeEqual(createHash('sha256').update(token).digest(), Buffer.from(sha256, 'hex'));

export const bearerToken = (headers: Readonly<Record<string, string | undefined>> = {}): string | undefined => {
  const entry = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization');
  return /^Bearer +(\S+)$/i.exec(entry?.[1] ?? '')?.[1];
};

/** Lets a worker in. API Gateway asks on `$connect` only, so what holds here holds for the socket's life. */
export const createConnectHandler =
  ({ workerTokenSha256, logger }: { readonly workerTokenSha256: string; readonly logger: Logger }) =>
  async (event: ConnectEvent): Promise<APIGatewayProxyResultV2> => {
    const token = bearerToken(event.headers);
    const allowed = token !== undefined && isToken(workerTokenSha256, token);
    if (!allowed) {
      const { identity } = event.requestContext as { readonly identity?: { readonly sourceIp?: string } };
      logger.warn('A worker was refused', {
        reason: token === undefined ? 'no bearer token' : 'wrong token',
        sourceIp: identity?.sourceIp,
      });
    }
    return { statusCode: allowed ? 200 : 401 };
  };
