/** The function behind the HTTP API's `$default` route. */
import middy from '@middy/core';
import type { Operation } from '../../contracts/http/operation.ts';
import { operations } from '../../contracts/http/operations.ts';
import type { Logger } from '../logger.ts';
import type { HttpEvent, HttpResult } from './event.ts';
import { platformHandlers } from './handlers/platform-handlers.ts';
import { type TaskDependencies, taskHandlers } from './handlers/task-handlers.ts';
import { type Admission, admit } from './middleware/admit.ts';
import { answerErrors } from './middleware/answer-errors.ts';
import { answerHeaders } from './middleware/answer-headers.ts';
import { logRequests } from './middleware/log-requests.ts';
import { routeRequests } from './middleware/route-requests.ts';
import { routeKeyOf } from './router.ts';
import { bindHandlers, type Handlers } from './serve.ts';

export type ApiDependencies = Admission & {
  readonly engine: TaskDependencies['engine'];
  readonly logger: Logger;
  /** Epoch ms. */
  readonly now?: () => number;
};

/** Every operation's handler, by its id. */
export const createHandlers = ({ engine, now }: TaskDependencies): Handlers => ({
  ...taskHandlers({ engine, now }),
  ...platformHandlers(engine),
});

export const createApiHandler = ({ engine, logger, now = Date.now, ...admission }: ApiDependencies) => {
  const all: readonly Operation[] = Object.values(operations);
  const byRoute = new Map(all.map((operation) => [routeKeyOf(operation), operation]));
  const bound = bindHandlers(createHandlers({ engine, now }));
  return middy<HttpEvent, HttpResult>()
    .use(answerHeaders())
    .use(logRequests(logger, now))
    .use(answerErrors(logger, (routeKey) => byRoute.get(routeKey)?.fault))
    .use(routeRequests(all))
    .use(admit((routeKey) => byRoute.get(routeKey), admission))
    .handler(async (event) => {
      const serve = bound.get(event.routeKey);
      if (!serve) {
        throw new Error(`No handler for ${event.routeKey}`);
      }
      return serve(event);
    });
};
