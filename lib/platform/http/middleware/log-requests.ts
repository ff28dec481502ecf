/** One line per request. The route instead of the path, and neither headers nor bodies: no token, no payload, no id. */
import type { MiddlewareObj, Request } from '@middy/core';
import type { Context } from 'aws-lambda';
import type { Logger } from '../../logger.ts';
import type { HttpEvent, HttpResult } from '../event.ts';

type Begun = { beganAt?: number };

export const logRequests = (
  logger: Logger,
  now: () => number,
): MiddlewareObj<HttpEvent, HttpResult, Error, Context, Begun> => {
  const log = ({ event, response, internal }: Request<HttpEvent, HttpResult, Error, Context, Begun>): void => {
    const endedAt = now();
    logger.info('request', {
      requestId: event.requestContext.requestId,
      method: event.requestContext.http.method,
      route: event.routeKey,
      status: response?.statusCode,
      durationMs: endedAt - (internal.beganAt ?? endedAt),
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
