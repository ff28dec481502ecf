/**
 * Turns whatever was thrown into an answer in the form of the path's group. A refusal says what to change; an unknown
 * fault says nothing but its operation's one sentence, and its cause goes to the log.
 */
import type { MiddlewareObj } from '@middy/core';
import { errorFormOf } from '../../../contracts/http/errors.ts';
import type { Logger } from '../../logger.ts';
import type { HttpEvent, HttpResult } from '../event.ts';
import { jsonResult } from '../event.ts';
import { Refusal } from '../refusal.ts';

/** @param faultOf the sentence for a route key */
export const answerErrors = (
  logger: Logger,
  faultOf: (routeKey: string) => string | undefined = () => undefined,
): MiddlewareObj<HttpEvent, HttpResult> => ({
  onError: (request) => {
    const { event, error } = request;
    const answer = (status: number, message: string, headers: Readonly<Record<string, string>>): void => {
      request.response = jsonResult(status, errorFormOf(event.rawPath).body(status, message), headers);
    };
    if (error instanceof Refusal) {
      answer(error.status, error.message, error.headers);
      return;
    }
    logger.error('request failed', { requestId: event.requestContext.requestId, route: event.routeKey, error });
    answer(500, faultOf(event.routeKey) ?? 'Internal server error', {});
  },
});
