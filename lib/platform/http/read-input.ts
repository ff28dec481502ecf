/** A request checked against its operation's contract. */
import type * as z from 'zod';
import type { InputOf, Operation } from '../../contracts/http/operation.ts';
import type { HttpEvent } from './event.ts';
import { readJsonBody } from './json-body.ts';
import { Refusal } from './refusal.ts';

/** @param foremost a message that goes before all others */
const check = (schema: z.ZodType | undefined, value: unknown, foremost?: string): unknown => {
  if (schema === undefined) {
    return undefined;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) {
    return parsed.data;
  }
  const messages = parsed.error.issues.map(({ message }) => message);
  throw new Refusal(
    400,
    (foremost !== undefined && messages.includes(foremost) ? foremost : messages[0]) ?? 'Bad request',
  );
};

/**
 * From the raw query string: the gateway's own map joins a parameter that is given twice with a comma. No prototype, so
 * that a parameter may have any name.
 */
const queryOf = ({ rawQueryString }: HttpEvent): Record<string, string> => {
  const query: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    query[name] ??= value;
  }
  return query;
};

/** @throws Refusal with the first thing to change */
export const readInput = <O extends Operation>(operation: O, event: HttpEvent): InputOf<O> => {
  const { params, query, headers, body, maxBodyBytes }: Operation = operation;
  return {
    params: check(params, event.pathParameters),
    query: check(query, queryOf(event)),
    headers: check(headers, event.headers),
    body:
      body &&
      check(
        body.schema,
        body.optional && !event.body ? {} : readJsonBody(event, body.malformed, maxBodyBytes),
        body.malformed,
      ),
    // Each part is the output of the contract's own schema, which is what the type says; the compiler cannot follow it.
  } as InputOf<O>;
};
