/** Flows as the stories have them, in words of their own: what the account knows of a transaction before it begins. */
import type { Json, JsonObject } from '../../lib/domain/flow/flow.ts';
import { pick } from './pick.ts';

export type RetryPlan = {
  readonly strategy: 'manual' | 'auto' | 'no_retry';
  readonly max_attempts?: number;
  /** In s. */
  readonly interval?: number;
  readonly backoff?: number;
};

export type StepPlan = {
  readonly id: string;
  readonly type: 'worker' | 'http' | 'queue' | 'wait' | 'flow';
  readonly dependsOn?: readonly string[];
  /** Executed only where what lies there is so much at least. */
  readonly when?: { readonly path: string; readonly atLeast: number };
  readonly pivot?: true;
  readonly retry?: RetryPlan;
  readonly timeoutS?: number;
  /** Fields of its configuration that refer to something. Of a `worker` only. */
  readonly reads?: Readonly<Record<string, string>>;
  readonly undo?: {
    readonly retry?: RetryPlan;
    readonly timeoutS?: number;
    readonly reads?: Readonly<Record<string, string>>;
  };
  /** Of a wait: how long, at most; and whether it ends by a signal. */
  readonly waitS?: number;
  readonly signal?: true;
  /** Name of the flow that it starts a transaction of. */
  readonly child?: string;
};

export type FlowPlan = { readonly name: string; readonly steps: readonly StepPlan[]; readonly twoPersons?: true };

/** How a step, and its undo, go: the parameters of each. */
export type Deed = {
  readonly workMs: number;
  /** So many tries fail of each run; and every try of so many runs. */
  readonly fails: number;
  readonly failRuns: number;
  /** So many tries take a minute longer. */
  readonly slows: number;
  /** What it puts out. */
  readonly gives: number;
  readonly undoMs: number;
  readonly undoFails: number;
  readonly undoFailRuns: number;
  /** Characters of output beside that. */
  readonly prints: number;
};
export const DEED: Deed = {
  workMs: 200,
  fails: 0,
  failRuns: 0,
  slows: 0,
  gives: 5,
  undoMs: 100,
  undoFails: 0,
  undoFailRuns: 0,
  prints: 0,
};

export const taskOf = (step: string): string => `t_${step}`;

/** @param idOf of a flow that exists */
const configOf = ({ type, reads, waitS, signal, child }: StepPlan, idOf: (name: string) => string): JsonObject => {
  switch (type) {
    case 'worker':
      return { handler: 'send_email', ...reads };
    case 'http':
      return { url: 'https://pay.example.com/charge' };
    case 'queue':
      return { queue: 'demo' };
    case 'wait':
      return { ...(waitS === undefined ? {} : { seconds: waitS }), ...(signal === undefined ? {} : { signal }) };
    case 'flow':
      return { flow_id: idOf(child ?? '') };
  }
};

/** The definition, as API E takes it. */
export const definitionOf = ({ steps, twoPersons }: FlowPlan, idOf: (name: string) => string): string =>
  JSON.stringify({
    ...(twoPersons === undefined ? {} : { two_person_approval: true }),
    tasks: steps.map((step) => ({
      id: step.id,
      task_name: taskOf(step.id),
      type: step.type,
      depends_on: step.dependsOn ?? [],
      config: configOf(step, idOf),
      ...(step.retry === undefined ? {} : { retry: step.retry }),
      ...(step.timeoutS === undefined ? {} : { timeout: step.timeoutS }),
      ...(step.when === undefined ? {} : { when: { path: step.when.path, at_least: step.when.atLeast } }),
      ...(step.pivot === undefined ? {} : { pivot: true }),
      ...(step.undo === undefined
        ? {}
        : {
            compensate: {
              type: 'worker',
              config: { handler: 'send_email', undoes: step.id, ...step.undo.reads },
              ...(step.undo.retry === undefined ? {} : { retry: step.undo.retry }),
              ...(step.undo.timeoutS === undefined ? {} : { timeout: step.undo.timeoutS }),
            },
          }),
    })),
  });

/** Parameters by task name: {@link DEED} but for what is named. @param plans of the flows that its steps start */
export const paramsOf = (
  plan: FlowPlan,
  deeds: Readonly<Record<string, Partial<Deed> & { readonly [key: string]: Json }>> = {},
  plans: ReadonlyMap<string, FlowPlan> = new Map(),
): JsonObject =>
  Object.fromEntries(
    plan.steps.map(({ id, child }) => {
      const inner = plans.get(child ?? '');
      const deed = { ...DEED, ...deeds[id] };
      return [taskOf(id), inner === undefined ? deed : { ...paramsOf(inner, deeds, plans), ...deed }];
    }),
  );

const RETRIES: readonly [RetryPlan | undefined, ...(RetryPlan | undefined)[]] = [
  undefined,
  { strategy: 'manual', interval: 2 },
  { strategy: 'no_retry' },
  { strategy: 'auto', max_attempts: 1 },
  { strategy: 'auto', max_attempts: 3, interval: 2, backoff: 2 },
  { strategy: 'auto', max_attempts: 2, interval: 20 },
];

/** A flow of `size` steps, each behind some of those before it. */
export const drawFlow = (chance: () => number, name: string, size: number, child?: string): FlowPlan => {
  const steps: StepPlan[] = [];
  const above = new Map<string, readonly string[]>();
  const depth = 1 + Math.floor(chance() * 4);
  for (let index = 0; index < size; index += 1) {
    const id = `s${index}`;
    const near = steps.slice(-depth * 2);
    const dependsOn = near.filter(() => chance() < 0.9 / depth).map((one) => one.id);
    const ancestors = [...new Set(dependsOn.flatMap((one) => [one, ...(above.get(one) ?? [])]))];
    above.set(id, ancestors);
    const sources = ancestors.filter((one) =>
      ['worker', 'http'].includes(steps.find((step) => step.id === one)?.type ?? ''),
    );
    const source = sources[Math.floor(chance() * sources.length)];
    const type = pick(
      chance,
      'worker',
      'worker',
      'worker',
      'worker',
      'http',
      'queue',
      'wait',
      child === undefined ? 'worker' : 'flow',
    );
    const retry = pick(chance, ...RETRIES);
    steps.push({
      id,
      type,
      dependsOn,
      ...(retry === undefined ? {} : { retry }),
      ...(source !== undefined && chance() < 0.2
        ? { when: { path: `$.${source}.output.value`, atLeast: pick(chance, 3, 6) } }
        : {}),
      ...(chance() < 0.06 ? { pivot: true as const } : {}),
      ...(type === 'worker'
        ? {
            timeoutS: pick(chance, 2, 30, 300),
            reads: {
              whose: '$.instance_id',
              given: `$.params.${taskOf(id)}.gives`,
              ...(source !== undefined && chance() < 0.5 ? { from: `$.${source}.output.by` } : {}),
            },
          }
        : {}),
      ...(type === 'wait' ? pick<Partial<StepPlan>>(chance, { waitS: 3 }, { signal: true, timeoutS: 40 }) : {}),
      ...(type === 'flow' && child !== undefined ? { child, timeoutS: 600 } : {}),
      ...(chance() < 0.65
        ? {
            undo: {
              ...pick(
                chance,
                {},
                { retry: { strategy: 'auto' as const, max_attempts: 3, interval: 2 } },
                { retry: { strategy: 'no_retry' as const } },
              ),
            },
          }
        : {}),
    });
  }
  return { name, steps };
};

export const drawDeed = (chance: () => number): Deed => ({
  workMs: pick(chance, 50, 50, 300, 1_000, 4_000),
  fails: pick(chance, 0, 0, 0, 0, 0, 0, 0, 1, 9),
  failRuns: pick(chance, 0, 0, 0, 0, 0, 0, 1, 2),
  slows: pick(chance, 0, 0, 0, 0, 0, 0, 1),
  gives: pick(chance, 1, 5, 5, 9),
  undoMs: pick(chance, 50, 300),
  undoFails: pick(chance, 0, 0, 0, 1),
  undoFailRuns: pick(chance, 0, 0, 0, 0, 1, 9),
  prints: pick(chance, 0, 0, 0, 0, 0, 0, 0, 20_000),
});
