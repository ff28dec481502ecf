import type { APIGatewayProxyResultV2, APIGatewayProxyWebsocketEventV2 } from 'aws-lambda';
import type { Logger } from '../logger.ts';
import { isWorkerToken } from '../worker-token.ts';

/** `$connect` also carries the headers of the upgrade request, which the type of the event leaves out. */
export type ConnectEvent = Pick<APIGatewayProxyWebsocketEventV2, 'requestContext'> & {
  readonly headers?: Readonly<Record<string, string | undefined>>;
};

/** Lets a worker in. API Gateway asks on `$connect` only, so what holds here holds for the socket's life. */
export const createConnectHandler =
  ({ workerTokenSha256, logger }: { readonly workerTokenSha256: string; readonly logger: Logger }) =>
  async (event: ConnectEvent): Promise<APIGatewayProxyResultV2> => {
    const authorization = Object.entries(event.headers ?? {}).find(
      ([name]) => name.toLowerCase() === 'authorization',
    )?.[1];
    const allowed = isWorkerToken(authorization, workerTokenSha256);
    if (!allowed) {
      const { identity } = event.requestContext as { readonly identity?: { readonly sourceIp?: string } };
      logger.warn('A worker was refused', {
        reason: authorization === undefined ? 'no Authorization header' : 'wrong token',
        sourceIp: identity?.sourceIp,
      });
    }
    return { statusCode: allowed ? 200 : 401 };
  };
