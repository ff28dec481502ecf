/**
 * One object per HTTP operation. The route, the validation, the types of its handler and its place in the OpenAPI
 * document all derive from it, so none of them can differ from the others.
 */
import type * as z from 'zod';

/** Whose operation it is: an API group (its letter), or the platform's own. The stage opens groups by their letter. */
export type Group = 'A' | 'B' | 'C' | 'D' | 'E' | 'platform';

/** Groups whose documents know no authentication: a stage may serve these without a credential, and no others. */
export const OPENABLE_GROUPS = ['D', 'E'] as const satisfies readonly Group[];
export const isOpenable = (group: Group): boolean => OPENABLE_GROUPS.some((openable) => openable === group);

/** One successful answer, by its status. */
export type Answer = {
  readonly description: string;
  /** Absent: there is no body, or only {@link text}. */
  readonly schema?: z.ZodType;
  readonly examples?: Readonly<Record<string, unknown>>;
  /** An example of the plain text that is answered instead, always or where the caller's `Accept` prefers it. */
  readonly text?: string;
};

export type Operation = {
  readonly id: string;
  readonly group: Group;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
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
    /** No body at all counts as an empty object. */
    readonly optional?: true;
    readonly examples: Readonly<Record<string, unknown>>;
  };
  /** The most that a body may have, where that is not `MAX_BODY_BYTES`. */
  readonly maxBodyBytes?: number;
  /** Each call leaves an entry in the audit log, which takes some sixty a second in all: the throttle counts it for more. */
  readonly recorded?: true;
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

type BodyOf<A> = A extends { readonly schema: infer S extends z.ZodType } ? { readonly body: z.input<S> } : unknown;

/** What a handler answers: a body of its contract, or text, or nothing, or a refusal that its group's error form wraps. */
export type ReplyOf<O extends Operation> =
  | {
      [S in StatusOf<O['answers']>]: {
        readonly status: S;
        /** Beside those that every answer has, or in place of them, such as `cache-control`. */
        readonly headers?: Readonly<Record<string, string>>;
      } & BodyOf<O['answers'][S]>;
    }[StatusOf<O['answers']>]
  | {
      readonly status: StatusOf<O['answers']>;
      /** Sent as it is. */
      readonly text: string;
      readonly type: 'application/json' | 'text/plain' | 'text/plain; version=0.0.4';
    }
  | {
      readonly status: StatusOf<O['refusals']>;
      readonly error: string;
      /** Further headers, such as `retry-after`. */
      readonly headers?: Readonly<Record<string, string>>;
    };

/** @typeParam C who calls: the platform's to say, a contract knows no credentials */
export type HandlerOf<O extends Operation, C> = (input: InputOf<O>, caller: C) => ReplyOf<O> | Promise<ReplyOf<O>>;
