/**
 * Turns whatever was thrown into an answer in the form of the path's group. A refusal says what to change; an unknown
 * fault says nothing but its operation's one sentence, and its cause goes to the log.
 */
import type { MiddlewareObj } from '@middy/core';
import { type AuthCode, errorFormOf } from '../../../contracts/http/errors.ts';
import type { Logger } from '../../logger.ts';
import type { HttpEvent, HttpResult } from '../event.ts';
import { jsonResult } from '../event.ts';
import { Refusal } from '../refusal.ts';

/** A 401 names the scheme (RFC 9110 §11.6.1). */
const CHALLENGE = { 'www-authenticate': 'Bearer' };

/**
 * @param now epoch ms
 * @param faultOf the sentence for a route key
 */
export const answerErrors = (
  logger: Logger,
  now: () => number,
  faultOf: (routeKey: string) => string | undefined = () => undefined,
): MiddlewareObj<HttpEvent, HttpResult> => ({
  onError: (request) => {
    const { event, error } = request;
    const form = errorFormOf(event.rawPath);
    const answer = (
      status: number,
      message: string,
      headers: Readonly<Record<string, string>>,
      code?: AuthCode,
    ): void => {
      const challenge = status === 401 ? CHALLENGE : {};
      request.response = jsonResult(status, form.body(status, message, now(), code), { ...challenge, ...headers });
    };
    if (error instanceof Refusal) {
      // What an operation itself refuses to somebody is about what they may do, too.
      answer(
        error.status,
        error.say(form.words),
        error.headers,
        error.code ?? (error.status === 403 ? 'PERMISSION_DENIED' : undefined),
      );
      return;
    }
    logger.error('request failed', { requestId: event.requestContext.requestId, route: event.routeKey, error });
    answer(500, faultOf(event.routeKey) ?? form.words.fault, {});
  },
});
