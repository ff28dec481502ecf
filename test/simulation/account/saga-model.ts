/** What should follow from a flow, its parameters and the outputs so far: worked out anew, from the plan alone. */
import { isDeepStrictEqual } from 'node:util';
import type { Json, JsonObject } from '../../../lib/domain/flow/flow.ts';
import type { Run } from '../../../lib/domain/run.ts';
import { type FlowPlan, type StepPlan, taskOf } from '../flow-plans.ts';
import { isFinal } from './final.ts';

/** What paths lead into. */
export type Roots = {
  readonly instance: string;
  readonly params: JsonObject;
  readonly outputOf: (step: string) => Json | undefined;
};

const objectOf = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};

/** Of `$.instance_id`, `$.params.<…>` and `$.<step>.output.<…>`. */
export const follow = (path: string, { instance, params, outputOf }: Roots): Json | undefined => {
  const [, first = '', ...rest] = path.split('.');
  const walk = (from: Json | undefined, names: readonly string[]): Json | undefined =>
    names.reduce<Json | undefined>((value, name) => objectOf(value)[name], from);
  if (first === 'instance_id') {
    return instance;
  }
  return first === 'params' ? walk(params, rest) : walk(outputOf(first), rest.slice(1));
};

export const whenHolds = ({ when }: StepPlan, roots: Roots): boolean => {
  const found = when === undefined ? undefined : follow(when.path, roots);
  return when === undefined || (typeof found === 'number' && found >= when.atLeast);
};

/** Fields of a configuration with what they refer to; nothing where one of them leads nowhere. */
const readsOf = (reads: Readonly<Record<string, string>> = {}, roots: Roots): JsonObject | undefined => {
  const found = Object.entries(reads).map(([name, path]) => [name, follow(path, roots)] as const);
  return found.some(([, value]) => value === undefined) ? undefined : (Object.fromEntries(found) as JsonObject);
};

/** Whether a run can be made of it at all. */
export const canBeMade = (step: StepPlan, undo: boolean, roots: Roots): boolean =>
  readsOf(undo ? step.undo?.reads : step.reads, roots) !== undefined;

/** @param given from a person, in place of the parameters. @returns what is wrong with what the executor got */
export const wrongInput = (
  step: StepPlan,
  undo: boolean,
  run: string,
  payload: unknown,
  roots: Roots,
  given: JsonObject | undefined,
): string | undefined => {
  const params = given ?? objectOf(roots.params[taskOf(step.id)]);
  const reads = readsOf(undo ? step.undo?.reads : step.reads, roots);
  const expected = { ...(undo ? { undoes: step.id } : {}), ...reads, ...params };
  const got = payload as JsonObject;
  const told = `got ${JSON.stringify(payload)}`;
  if (undo || step.type === 'worker') {
    return isDeepStrictEqual(got, expected) && reads !== undefined
      ? undefined
      : `${told}, and should get ${JSON.stringify(expected)}`;
  }
  if (step.type === 'http') {
    const key = Object.entries(objectOf(got.headers)).find(([name]) => name.toLowerCase() === 'idempotency-key')?.[1];
    const body: unknown = typeof got.body === 'string' ? JSON.parse(got.body) : undefined;
    return key === run && isDeepStrictEqual(body, params)
      ? undefined
      : `${told}, and should post ${JSON.stringify(params)}`;
  }
  return step.type !== 'queue' || (got.run === run && isDeepStrictEqual(got.body, params)) ? undefined : told;
};

/** All that a step depends on, in any number of steps; and all that depends on it. */
export const ancestorsOf = (plan: FlowPlan, id: string): ReadonlySet<string> => {
  const found = new Set<string>();
  const add = (one: string): void => {
    for (const other of plan.steps.find((step) => step.id === one)?.dependsOn ?? []) {
      if (!found.has(other)) {
        found.add(other);
        add(other);
      }
    }
  };
  add(id);
  return found;
};
export const dependentsOf = (plan: FlowPlan, id: string): readonly StepPlan[] =>
  plan.steps.filter((step) => ancestorsOf(plan, step.id).has(id));

/** It ended, and nobody is asked any more whether it has stopped. */
export const isSettled = (run: Run | undefined): run is Run =>
  run !== undefined && isFinal(run) && run.evidence?.state !== 'pending';

/** A worker's word, or the row itself, says of each attempt that it was not begun, or is over. */
export const isOver = (run: Run): boolean =>
  isSettled(run) &&
  run.evidence?.state !== 'abandoned' &&
  run.reason !== 'timed_out' &&
  run.reason !== 'worker_lost' &&
  run.history.every(({ outcome }) => outcome === 'failed');

/** What it did may be there: it succeeded, or nobody knows. */
export const mayHaveDone = ({ type }: StepPlan, run: Run): boolean => {
  // Of a request only a 4xx is a clear no; and who could not bring what came of it has done it.
  const isOpen = ({ reason, exitCode = 500 }: Pick<Run, 'reason' | 'exitCode'>): boolean =>
    reason === 'output_not_stored' || (type === 'http' && reason === 'handler_failed' && exitCode >= 500);
  return (
    run.status === 'succeeded' ||
    run.reason === 'timed_out' ||
    run.reason === 'worker_lost' ||
    (run.status === 'cancelled' && run.attempt > 0) ||
    isOpen(run) ||
    run.history.some((tried) => tried.outcome === 'timed_out' || tried.outcome === 'lost' || isOpen(tried))
  );
};
