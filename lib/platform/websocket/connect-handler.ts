import type { APIGatewayProxyResultV2, APIGatewayProxyWebsocketEventV2 } from 'aws-lambda';
import type { Authentication } from '../../application/identity/api.ts';
import { hashKey } from '../../application/identity/hash-key.ts';
import type { ConnectionStore } from '../../application/ports/index.ts';
import { CONNECTION_KEPT_MS } from '../../application/sessions/connection-times.ts';
import { SOCKET_ACCESS } from '../../contracts/authorization.ts';
import type { Principal } from '../../domain/identity/access.ts';
import { parseKeyText } from '../../domain/identity/api-key.ts';
import { bearerOf } from '../http/credential.ts';
import type { Logger } from '../logger.ts';
import { originOf } from './origin.ts';

/** `$connect` also carries the headers of the upgrade request, which the type of the event leaves out. */
export type ConnectEvent = Pick<APIGatewayProxyWebsocketEventV2, 'requestContext'> & {
  readonly headers?: Readonly<Record<string, string | undefined>>;
};

const credentialOf = ({ headers = {} }: ConnectEvent): string | undefined => {
  const authorization = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  const sent = authorization === undefined ? undefined : bearerOf(authorization);
  return sent?.kind === 'sent' ? sent.text : sent && '';
};

const mayConnect = ({ scopes, pools }: Principal): boolean =>
  scopes.includes(SOCKET_ACCESS.connect) && pools.length > 0;

const REASONS = {
  invalid: 'there is no such key, or it was revoked',
  expired: 'the key has expired',
  revoked: 'the owner of the key is not active',
} as const;

/**
 * Lets a worker in (rule X1). API Gateway asks on `$connect` only: what the key may do is written down for the frames that
 * follow.
 */
export const createConnectHandler =
  (ports: {
    readonly authentication: Authentication;
    readonly connections: Pick<ConnectionStore, 'admit'>;
    readonly logger: Logger;
    /** Epoch milliseconds. */
    readonly now: () => number;
  }) =>
  async (event: ConnectEvent): Promise<APIGatewayProxyResultV2> => {
    const { authentication, connections, logger, now } = ports;
    const from = originOf(event);

    const credential = credentialOf(event);
    const asked = parseKeyText(credential ?? '');
    const entity = asked === undefined ? 'operation:connect' : `key:${asked.id}`;

    const refuse = async (statusCode: 401 | 403, reason: string, actor: string): Promise<APIGatewayProxyResultV2> => {
      logger.warn('A worker was refused', { reason, actor, entity, sourceIp: from.address });
      await authentication.recordRefusal({ action: 'worker.refused', actor, entity, reason, from });
      return { statusCode };
    };

    if (credential === undefined) {
      return refuse(401, 'no Authorization header', 'anonymous');
    }
    // A login's token lives for an hour and is a person's: a socket takes keys alone.
    if (asked === undefined) {
      return refuse(401, 'the credential is not an API key', 'anonymous');
    }
    const authenticated = await authentication.authenticate(credential);
    if (authenticated.kind === 'refused') {
      return refuse(401, REASONS[authenticated.reason], 'anonymous');
    }
    const { principal } = authenticated;
    const { id, user: owner, credential: key, name, scopes, pools } = principal;
    if (owner === undefined || key === undefined || !mayConnect(principal)) {
      return refuse(403, `the key has no pool, or not the scope ${SOCKET_ACCESS.connect}`, id);
    }
    const grant = { owner, key, hash: hashKey(credential), name, scopes, pools };
    await connections.admit(from.requestId, grant, now() + CONNECTION_KEPT_MS);
    return { statusCode: 200 };
  };
