/** Flows for tests: written by hand, and generated. */
import * as fc from 'fast-check';
import type {
  Condition,
  Flow,
  FlowStep,
  JsonObject,
  RetryPolicy,
  RetryStrategy,
  Work,
} from '../../../lib/domain/flow/flow.ts';

const policy = (strategy: RetryStrategy): RetryPolicy => ({ strategy, maxAttempts: 3, intervalMs: 60_000, backoff: 1 });

export const work = (strategy: RetryStrategy = 'manual', config: JsonObject = {}): Work => ({
  type: 'worker',
  config,
  retry: policy(strategy),
  timeoutMs: 30_000,
});

/** An undo, as definitions have it where they say nothing else. */
export const undo = (config: JsonObject = {}): Work => work('auto', config);

export const step = (id: string, dependsOn: readonly string[] = [], more: Partial<FlowStep> = {}): FlowStep => ({
  ...work(),
  id,
  taskName: id,
  description: `Step ${id}`,
  dependsOn,
  pivot: false,
  ...more,
});

export const flowOf = (steps: readonly FlowStep[]): Flow => ({
  id: '7',
  version: 1,
  name: 'test',
  twoPersons: false,
  steps,
});

type Shape = {
  readonly dependsOn: readonly number[];
  readonly strategy: RetryStrategy;
  readonly undo: 'none' | 'plain' | 'refers' | 'refers_nowhere' | 'no_retry';
  readonly pivot: boolean;
  readonly when: 'none' | 'output' | 'never' | 'param';
  readonly config: 'plain' | 'refers' | 'refers_nowhere';
  readonly type: 'worker' | 'flow' | 'wait';
};

const shapes: fc.Arbitrary<Shape> = fc.record({
  dependsOn: fc.array(fc.nat(40), { maxLength: 3 }),
  strategy: fc.constantFrom('manual', 'auto', 'no_retry'),
  undo: fc.oneof(
    { weight: 3, arbitrary: fc.constant('none' as const) },
    { weight: 8, arbitrary: fc.constantFrom('plain' as const, 'refers' as const, 'no_retry' as const) },
    { weight: 1, arbitrary: fc.constant('refers_nowhere' as const) },
  ),
  pivot: fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  when: fc.oneof(
    { weight: 12, arbitrary: fc.constant('none' as const) },
    { weight: 3, arbitrary: fc.constantFrom('output' as const, 'never' as const, 'param' as const) },
  ),
  config: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom('plain' as const, 'refers' as const) },
    { weight: 1, arbitrary: fc.constant('refers_nowhere' as const) },
  ),
  type: fc.oneof(
    { weight: 8, arbitrary: fc.constant('worker' as const) },
    { weight: 1, arbitrary: fc.constantFrom('flow' as const, 'wait' as const) },
  ),
});

const conditionOf = (when: Shape['when'], dependency: string | undefined): Condition | undefined => {
  const path =
    when === 'param' ? '$.params.settings.on' : when === 'never' ? '$.params.nothing' : `$.${dependency}.output.n`;
  if (when === 'none' || (when === 'output' && dependency === undefined)) {
    return undefined;
  }
  return when === 'output' ? { path, op: 'at_least', value: 1 } : { path, op: 'exists', value: true };
};

const typed = (type: Shape['type'], config: JsonObject): Pick<Work, 'type' | 'config'> => {
  const own = type === 'flow' ? { flow_id: '9' } : type === 'wait' ? { signal: true } : {};
  return { type, config: { ...config, ...own } };
};

const toStep = (shape: Shape, at: number): FlowStep => {
  const id = `s${at}`;
  const dependsOn = [...new Set(at === 0 ? [] : shape.dependsOn.map((each) => `s${each % at}`))];
  const [dependency] = dependsOn;
  const when = conditionOf(shape.when, dependency);
  const refers = {
    plain: {},
    refers: { got: `$.${dependency ?? id}.output` },
    refers_nowhere: { got: `$.${id}.output.none.such` },
  };
  const config = dependency === undefined && shape.config === 'refers' ? {} : refers[shape.config];
  const undos = {
    plain: undo(),
    refers: undo({ got: `$.${id}.output` }),
    refers_nowhere: undo({ got: `$.${id}.output.none.such` }),
    no_retry: work('no_retry'),
  };
  return step(id, dependsOn, {
    ...work(shape.strategy),
    ...typed(shape.type, config),
    pivot: shape.pivot,
    ...(when === undefined ? {} : { when }),
    ...(shape.undo === 'none' || shape.pivot ? {} : { compensate: undos[shape.undo] }),
  });
};

/** Up to 30 steps, each depending on up to three before it. */
export const flows: fc.Arbitrary<Flow> = fc
  .oneof(
    { weight: 4, arbitrary: fc.array(shapes, { maxLength: 7, size: 'max' }) },
    { weight: 1, arbitrary: fc.array(shapes, { minLength: 8, maxLength: 30, size: 'max' }) },
  )
  .map((made) => flowOf(made.map(toStep)));
