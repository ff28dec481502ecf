import type { APIGatewayProxyWebsocketEventV2 } from 'aws-lambda';
import type { Origin } from '../../application/identity/api.ts';

/** Where a socket's event comes from. Its context names the caller, which the type of the event leaves out. */
export const originOf = ({ requestContext }: Pick<APIGatewayProxyWebsocketEventV2, 'requestContext'>): Origin => {
  const { connectionId, identity } = requestContext as typeof requestContext & {
    readonly identity?: { readonly sourceIp?: string };
  };
  return { address: identity?.sourceIp ?? 'unknown', requestId: connectionId };
};
