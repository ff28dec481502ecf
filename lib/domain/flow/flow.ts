/**
 * The flow: what a saga is made of. A definition never changes once it is stored; changing a flow makes a new version, and
 * transactions keep the one that they were started with.
 */

/** A value as JSON has it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/**
 * | type     | executed by                                                                     |
 * | -------- | ------------------------------------------------------------------------------- |
 * | `worker` | any handler of the fleet                                                        |
 * | `http`   | a request                                                                       |
 * | `rpc`    | `POST http://<service>/rpc` with method and params                              |
 * | `queue`  | a message to one of the queues that the stage allows                            |
 * | `flow`   | a transaction of another flow                                                   |
 * | `wait`   | nothing: it ends at an instant, or when it is told to                           |
 */
export const STEP_TYPES = ['http', 'rpc', 'queue', 'worker', 'flow', 'wait'] as const;
export type StepType = (typeof STEP_TYPES)[number];

/** Who decides about the next try of what failed: a person, the clock, or nobody. */
export const RETRY_STRATEGIES = ['manual', 'auto', 'no_retry'] as const;
export type RetryStrategy = (typeof RETRY_STRATEGIES)[number];

export type RetryPolicy = {
  readonly strategy: RetryStrategy;
  /** Tries in all, the first included. */
  readonly maxAttempts: number;
  /** Before the second try. */
  readonly intervalMs: number;
  /** Each further wait is so many times the one before. */
  readonly backoff: number;
};

/** What is executed, by whom, and for how long. */
export type Work = {
  readonly type: StepType;
  readonly config: JsonObject;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
};

/** A condition on earlier outputs and the parameters. A path that leads nowhere has the value `null`. */
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | {
      readonly path: string;
      readonly op: 'equals' | 'not_equals' | 'greater' | 'at_least' | 'less' | 'at_most' | 'in' | 'exists';
      readonly value: Json;
    };

export type FlowStep = Work & {
  /** 1–50 of letters, digits, `_` and `-`. */
  readonly id: string;
  /** What the parameters of the step are found under, and the default handler. */
  readonly taskName: string;
  /** What people read. Never empty: the task's name where none was given. */
  readonly description: string;
  readonly dependsOn: readonly string[];
  readonly when?: Condition;
  /** Its undo. */
  readonly compensate?: Work;
  /** Once it has succeeded there is no way back: the transaction only goes forward. */
  readonly pivot: boolean;
};

export type FlowDefinition = {
  /** In the order of the definition. */
  readonly steps: readonly FlowStep[];
  /** What the desk does to a transaction takes a second person's word. */
  readonly twoPersons: boolean;
};

/** One that can be executed, with its identity. */
export type Flow = FlowDefinition & { readonly id: string; readonly version: number; readonly name: string };

/** A flow as people manage it. */
export type FlowRow = {
  readonly id: string;
  /** Unique among those not deleted. */
  readonly name: string;
  readonly description: string;
  readonly flowType: string;
  readonly createUser: string;
  readonly updatedUser: string;
  readonly active: boolean;
  /** Of the latest definition, from 1. */
  readonly latest: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly deletedAt?: number;
  /** Grows with every write. */
  readonly version: number;
};

/** One version of a definition: JSON text, as it was sent. Never changes. */
export type FlowVersion = {
  readonly flow: string;
  readonly version: number;
  readonly definition: string;
  readonly createdAt: number;
};
