/**
 * One object per HTTP operation. The route, the validation, the types of its handler and its place in the OpenAPI
 * document all derive from it, so none of them can differ from the others.
 */
import type * as z from 'zod';

/** Whose operation it is: an API group (its letter), or the platform's own. The stage opens groups by their letter. */
export type Group = 'D' | 'platform';

/** `group`: as the stage has opened the group. `worker`: with the token that workers present. */
export type Access = 'public' | 'group' | 'worker';

/** One successful answer, by its status. */
export type Answer = {
  readonly description: string;
  readonly schema: z.ZodType;
  readonly examples?: Readonly<Record<string, unknown>>;
  /** The same in plain text, where the caller's `Accept` prefers that. */
  readonly text?: string;
};

export type Operation = {
  readonly id: string;
  readonly group: Group;
  readonly access: Access;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Without a trailing slash (one is accepted everywhere); `:name` is a parameter. */
  readonly path: `/${string}`;
  readonly summary: string;
  readonly description?: string;
  readonly params?: z.ZodObject;
  /** Query parameters. Unknown ones are ignored; of one given twice the first counts. */
  readonly query?: z.ZodObject;
  /** Request headers, named in lower case. */
  readonly headers?: z.ZodObject;
  readonly body?: {
    readonly schema: z.ZodObject;
    /** The answer to a body that is no JSON object or has a field of a wrong type: it goes before any other refusal. */
    readonly malformed: string;
    readonly examples: Readonly<Record<string, unknown>>;
  };
  readonly answers: Readonly<Record<number, Answer>>;
  /** Refusals that are the operation's own: status → when. Those common to all are added to the document. */
  readonly refusals: Readonly<Record<number, string>>;
  /** All that a caller is told of an unknown fault (500); the cause is in the log. */
  readonly fault: string;
};

export const defineOperation = <const O extends Operation>(operation: O): O => operation;

type Checked<O, K extends string> = O extends { readonly [P in K]: infer S extends z.ZodType }
  ? z.output<S>
  : undefined;

/** What a handler gets: the request after its contract's checks. */
export type InputOf<O extends Operation> = {
  readonly params: Checked<O, 'params'>;
  readonly query: Checked<O, 'query'>;
  readonly headers: Checked<O, 'headers'>;
  readonly body: O extends { readonly body: { readonly schema: infer S extends z.ZodType } } ? z.output<S> : undefined;
};

type StatusOf<T> = keyof T & number;

/** What a handler answers: a body of its contract, the same as text, or a refusal that its group's error form wraps. */
export type ReplyOf<O extends Operation> =
  | {
      [S in StatusOf<O['answers']>]: {
        readonly status: S;
        readonly body: z.input<O['answers'][S]['schema']>;
      };
    }[StatusOf<O['answers']>]
  | {
      readonly status: StatusOf<O['answers']>;
      /** Sent as it is. */
      readonly text: string;
      readonly type: 'application/json' | 'text/plain';
    }
  | { readonly status: StatusOf<O['refusals']>; readonly error: string };

export type HandlerOf<O extends Operation> = (input: InputOf<O>) => ReplyOf<O> | Promise<ReplyOf<O>>;
