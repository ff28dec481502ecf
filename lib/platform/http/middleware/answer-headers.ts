/** Headers of every answer. */
import type { MiddlewareObj, Request } from '@middy/core';
import type { HttpEvent, HttpResult } from '../event.ts';

const ALWAYS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

const addHeaders = ({ event, response }: Request<HttpEvent, HttpResult>): void => {
  if (response) {
    response.headers = { ...ALWAYS, ...response.headers, 'x-request-id': event.requestContext.requestId };
  }
};

export const answerHeaders = (): MiddlewareObj<HttpEvent, HttpResult> => ({ after: addHeaders, onError: addHeaders });
