/** Finds the operation and leaves it on the event, as API Gateway would had it the route: `routeKey`, `pathParameters`. */
import type { MiddlewareObj } from '@middy/core';
import type { Operation } from '../../../contracts/http/operation.ts';
import type { HttpEvent, HttpResult } from '../event.ts';
import { Refusal } from '../refusal.ts';
import { createRouter, routeKeyOf } from '../router.ts';

export const routeRequests = (operations: readonly Operation[]): MiddlewareObj<HttpEvent, HttpResult> => {
  const route = createRouter(operations);
  return {
    before: ({ event }) => {
      const match = route(event.requestContext.http.method, event.rawPath);
      if (match.kind === 'unknown_path') {
        throw new Refusal(404, (words) => words.unknownPath);
      }
      if (match.kind === 'wrong_method') {
        const allow = match.allowed.join(', ');
        throw new Refusal(405, (words) => words.wrongMethod(allow), { allow });
      }
      event.routeKey = routeKeyOf(match.operation);
      event.pathParameters = { ...match.params };
    },
  };
};
