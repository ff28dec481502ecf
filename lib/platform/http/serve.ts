/** Joins operations with their handlers: the last step of the stack, after routing and admission. */
import type { Caller } from '../../application/identity/api.ts';
import type { HandlerOf, Operation, ReplyOf } from '../../contracts/http/operation.ts';
import type { Operations } from '../../contracts/http/operations.ts';
import type { HttpEvent, HttpResult } from './event.ts';
import { jsonResult, textResult } from './event.ts';
import { readInput } from './read-input.ts';
import { Refusal } from './refusal.ts';
import { routeKeyOf } from './router.ts';

type OperationsById<O> = { readonly [K in keyof O]: Operation };

/** One handler for each operation; one too few or too many does not compile. */
export type HandlersOf<O extends OperationsById<O>> = {
  readonly [K in keyof O]: HandlerOf<O[K], Caller>;
};

/** Those of all functions. */
export type Handlers = HandlersOf<Operations>;

type Serve = (event: HttpEvent, caller: Caller) => Promise<HttpResult>;

const resultOf = <O extends Operation>(reply: ReplyOf<O>): HttpResult => {
  if ('error' in reply) {
    throw new Refusal(reply.status, reply.error, reply.headers);
  }
  if ('text' in reply) {
    return textResult(reply.status, reply.type, reply.text);
  }
  return 'body' in reply
    ? jsonResult(reply.status, reply.body, reply.headers)
    : { statusCode: reply.status, headers: { ...reply.headers } };
};

const bind =
  <O extends Operation>(operation: O, handler: HandlerOf<O, Caller>): Serve =>
  async (event, caller) =>
    resultOf<O>(await handler(readInput(operation, event), caller));

/** By route key, as the router leaves it on the event. */
export const bindHandlers = <O extends OperationsById<O>>(
  operations: O,
  handlers: HandlersOf<O>,
): ReadonlyMap<string, Serve> => {
  const ids = Object.keys(operations) as (keyof O)[];
  return new Map(ids.map((id) => [routeKeyOf(operations[id]), bind(operations[id], handlers[id])]));
};
