/** Joins operations with their handlers: the last step of the stack, after routing and admission. */
import type { HandlerOf, Operation, ReplyOf } from '../../contracts/http/operation.ts';
import { type OperationId, type Operations, operations } from '../../contracts/http/operations.ts';
import type { HttpEvent, HttpResult } from './event.ts';
import { jsonResult, textResult } from './event.ts';
import { readInput } from './read-input.ts';
import { Refusal } from './refusal.ts';
import { routeKeyOf } from './router.ts';

/** One handler for each operation; one too few or too many does not compile. */
export type Handlers = { readonly [K in OperationId]: HandlerOf<Operations[K]> };

type Serve = (event: HttpEvent) => Promise<HttpResult>;

const resultOf = <O extends Operation>(reply: ReplyOf<O>): HttpResult => {
  if ('error' in reply) {
    throw new Refusal(reply.status, reply.error);
  }
  return 'text' in reply ? textResult(reply.status, reply.type, reply.text) : jsonResult(reply.status, reply.body);
};

const bind =
  <O extends Operation>(operation: O, handler: HandlerOf<O>): Serve =>
  async (event) =>
    resultOf<O>(await handler(readInput(operation, event)));

const bindById = <K extends OperationId>(id: K, handlers: Handlers): Serve =>
  bind<Operations[K]>(operations[id], handlers[id]);

/** By route key, as the router leaves it on the event. */
export const bindHandlers = (handlers: Handlers): ReadonlyMap<string, Serve> =>
  new Map(Object.values(operations).map((operation) => [routeKeyOf(operation), bindById(operation.id, handlers)]));
