/** One line per request. The route instead of the path, and neither headers nor bodies: no token, no payload, no id. */
import type { MiddlewareObj, Request } from '@middy/core';
import type { Context } from 'aws-lambda';
import type { Principal } from '../../../domain/identity/access.ts';
import type { Logger } from '../../logger.ts';
import type { HttpEvent, HttpResult } from '../event.ts';

/** What the stack leaves for the line. */
export type Logged = {
  beganAt?: number;
  /** Who called an operation that is not public. */
  principal?: Principal;
};

/** `anonymous` marks what was let in only because its group is open: an alarm may count it. */
const whoOf = (principal: Principal | undefined) =>
  principal && { principal: principal.id, ...(principal.kind === 'anonymous' ? { anonymous: true } : {}) };

export const logRequests = (
  logger: Logger,
  now: () => number,
): MiddlewareObj<HttpEvent, HttpResult, Error, Context, Logged> => {
  const log = ({ event, response, internal }: Request<HttpEvent, HttpResult, Error, Context, Logged>): void => {
    const endedAt = now();
    logger.info('request', {
      requestId: event.requestContext.requestId,
      method: event.requestContext.http.method,
      route: event.routeKey,
      status: response?.statusCode,
      durationMs: endedAt - (internal.beganAt ?? endedAt),
      ...whoOf(internal.principal),
    });
  };
  return {
    before: ({ internal }) => {
      internal.beganAt = now();
    },
    after: log,
    onError: log,
  };
};
