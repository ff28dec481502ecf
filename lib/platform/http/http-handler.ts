/** What every function behind the HTTP API is made of: operations, their handlers, and the stack before them. */
import middy from '@middy/core';
import type { KnownOperation } from '../../contracts/http/operations.ts';
import type { Logger } from '../logger.ts';
import type { HttpEvent, HttpResult } from './event.ts';
import { type Admission, admit } from './middleware/admit.ts';
import { answerErrors } from './middleware/answer-errors.ts';
import { answerHeaders } from './middleware/answer-headers.ts';
import { logRequests } from './middleware/log-requests.ts';
import { routeRequests } from './middleware/route-requests.ts';
import { routeKeyOf } from './router.ts';
import { bindHandlers, type HandlersOf } from './serve.ts';

export type { Admission } from './middleware/admit.ts';

export type HttpDependencies<O extends Readonly<Record<string, KnownOperation>>> = {
  readonly operations: O;
  readonly handlers: HandlersOf<O>;
  readonly admission: Admission;
  readonly logger: Logger;
  /** Epoch ms. */
  readonly now: () => number;
};

export const createHttpHandler = <const O extends Readonly<Record<string, KnownOperation>>>({
  operations,
  handlers,
  admission,
  logger,
  now,
}: HttpDependencies<O>) => {
  const all: readonly KnownOperation[] = Object.values(operations);
  const byRoute = new Map(all.map((operation) => [routeKeyOf(operation), operation]));
  const operationOf = (routeKey: string) => byRoute.get(routeKey);
  const bound = bindHandlers(operations, handlers);
  return middy<HttpEvent, HttpResult>()
    .use(answerHeaders())
    .use(logRequests(logger, now))
    .use(answerErrors(logger, now, (routeKey) => operationOf(routeKey)?.fault))
    .use(routeRequests(all))
    .use(admit(operationOf, admission, now))
    .handler(async (event) => {
      const { caller } = event;
      const serve = bound.get(event.routeKey);
      if (!serve || !caller) {
        throw new Error(`No handler or no caller for ${event.routeKey}`);
      }
      return serve(event, caller);
    });
};
