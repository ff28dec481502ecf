/** Checks what a definition's shape alone does not tell: that it can be executed, and undone. */
import { configProblems } from './config.ts';
import type { Condition, FlowDefinition, FlowStep, Json, Work } from './flow.ts';
import { ancestorsOf, cyclesOf, type FlowNode } from './graph.ts';
import { parsePath, pathsIn, RESERVED_ROOTS, stepOfPath } from './paths.ts';
import { longestTimeoutMs } from './timeouts.ts';

export const MAX_STEPS = 100;
export const MAX_STEP_ID_CHARS = 50;
/** A cycle is shown with so many of its steps at the most. */
const SHOWN_OF_CYCLE = 12;

/** Every problem at once, each naming its place. */
export type Findings = { readonly problems: readonly string[]; readonly warnings: readonly string[] };
/** What was read of a definition: itself, where it is well-formed. With a problem it is not to be taken, but what is stored goes on. */
export type ReadDefinition = Findings & { readonly definition?: FlowDefinition };

/** How a problem names a step. */
export const atStep = (step: string, problem: string): string => `task "${step}": ${problem}`;

/** Rows hold steps by id: a name that every object has (`constructor`) would be found where there is none. */
const isReserved = (id: string): boolean => RESERVED_ROOTS.some((word) => word === id) || id in {};

const showCycle = (cycle: readonly string[]): string =>
  cycle.length <= SHOWN_OF_CYCLE
    ? cycle.join(' → ')
    : `${cycle.slice(0, SHOWN_OF_CYCLE).join(' → ')} → … → ${cycle.at(-1)} (${cycle.length - 1} tasks)`;

/** Names and dependencies: of all steps that have an id, also of those that have problems of their own. */
export const checkGraph = (nodes: readonly FlowNode[]): readonly string[] => {
  const ids = new Set<string>();
  const twice = new Set<string>();
  for (const { id } of nodes) {
    (ids.has(id) ? twice : ids).add(id);
  }
  return [
    ...[...twice].map((id) => atStep(id, 'the id is used twice; ids must be unique in the flow')),
    ...[...ids].filter(isReserved).map((id) => atStep(id, 'the id is reserved; choose another')),
    ...nodes.flatMap(({ id, dependsOn }) =>
      [...new Set(dependsOn)]
        .filter((other) => !ids.has(other))
        .map((other) => atStep(id, `depends_on names "${other}", and there is no such task`)),
    ),
    ...cyclesOf(nodes).map((cycle) =>
      cycle.length === 2
        ? atStep(cycle[0] ?? '', 'depends_on names the task itself')
        : `depends_on goes in a circle: ${showCycle(cycle)}; none of these tasks could ever begin`,
    ),
  ];
};

/** @param known steps whose outputs are there by then */
const referenceProblems = (value: Json | Condition, place: string, known: ReadonlySet<string>): readonly string[] =>
  [...new Set(pathsIn(value))].flatMap((text) => {
    const path = parsePath(text);
    const [root, next] = path ?? [];
    if (path === undefined) {
      return [`${place}: "${text}" is no reference; write "$${text}" where it is meant as text`];
    }
    const step = stepOfPath(path);
    if (step === undefined) {
      return root === 'instance_id' && next !== undefined ? [`${place}: "${text}": $.instance_id is a text`] : [];
    }
    if (!known.has(step)) {
      return [`${place}: "${text}" refers to "${step}", which is no task that comes before: name it in depends_on`];
    }
    return next === 'output' ? [] : [`${place}: "${text}" must go on with .output after the task`];
  });

/** References are whole values; one inside a text was meant as one, and stays as it is. */
const looksLikeReference = (value: Json): boolean =>
  typeof value === 'string'
    ? /^[^$].*\$\.([\w-]+\.output|params)\b/s.test(value)
    : typeof value === 'object' && value !== null && Object.values(value).some(looksLikeReference);

const workProblems = (work: Work, taskName: string, known: ReadonlySet<string>): readonly string[] => {
  const { type, config, timeoutMs } = work;
  const longest = longestTimeoutMs(work);
  return [
    ...configProblems({ type, config, taskName }, true),
    ...referenceProblems(config, 'config', known),
    ...(timeoutMs > longest ? [`timeout must be at most ${longest / 1_000} s for a step of type ${type}`] : []),
  ];
};

const undoProblems = (step: FlowStep, known: ReadonlySet<string>): readonly string[] => {
  const { compensate: undo, taskName } = step;
  if (undo === undefined) {
    return [];
  }
  return [
    ...(undo.type === 'wait' ? ['type must be another than wait, which undoes nothing'] : []),
    ...(undo.type === 'worker' && undo.config.handler === undefined
      ? ['config.handler is required: with that of the task it would be executed once more']
      : []),
    ...workProblems(undo, taskName, new Set([...known, step.id])),
  ].map((problem) => `compensate: ${problem}`);
};

const stepProblems = (step: FlowStep, known: ReadonlySet<string>): readonly string[] =>
  [
    ...workProblems(step, step.taskName, known),
    ...(step.when === undefined ? [] : referenceProblems(step.when, 'when', known)),
    ...undoProblems(step, known),
  ].map((problem) => atStep(step.id, problem));

/** @param before the pivots that must have succeeded before it begins. @param after those that come later */
const pivotWarnings = (step: FlowStep, before: readonly string[], after: readonly string[]): readonly string[] => {
  const hasUndo = step.compensate !== undefined;
  return [
    ...(after.length > 0 && !hasUndo && !step.pivot && step.type !== 'wait'
      ? [
          `has no compensate and comes before the pivot "${after[0]}": what it did stays when the transaction turns back`,
        ]
      : []),
    ...(step.pivot && hasUndo ? ['is a pivot: its compensate is never executed'] : []),
    ...(before.length > 0 && !step.pivot && hasUndo
      ? [`comes after the pivot "${before[0]}": its compensate is never executed`]
      : []),
    ...(before.length > 0 && step.retry.strategy === 'no_retry'
      ? [
          `comes after the pivot "${before[0]}" and is never retried: when it fails, a person has to skip it or mark it done`,
        ]
      : []),
  ];
};

/** Parts of what the task itself returned, in its undo. Such a reference leads nowhere where it returned nothing. */
const ownParts = ({ id, compensate }: FlowStep): readonly string[] =>
  [...new Set(pathsIn(compensate?.config ?? {}))].filter((text) => {
    const path = parsePath(text) ?? [];
    return stepOfPath(path) === id && path.length > 2;
  });

const stepWarnings = (step: FlowStep): readonly string[] => [
  ...ownParts(step).map(
    (text) =>
      `compensate refers to "${text}": after a time-out, or with its worker lost, the task has no output, and its compensate can never begin; give both of them something that is known before ($.instance_id, $.params)`,
  ),
  ...(step.type === 'flow' && step.retry.strategy === 'auto'
    ? [
        'is of type flow, which is never tried again by itself: auto undoes the flow at its first failure, as no_retry does',
      ]
    : []),
  ...(step.retry.strategy === 'no_retry' && step.retry.maxAttempts > 1
    ? ['max_attempts has no effect with the strategy no_retry']
    : []),
  ...(looksLikeReference(step.config) || (step.compensate !== undefined && looksLikeReference(step.compensate.config))
    ? ['a reference within a text stays text: it must be the whole value']
    : []),
];

/** @param nodes all steps that have an id, also those that are not among `steps` because of their own problems */
export const checkSteps = (steps: readonly FlowStep[], nodes: readonly FlowNode[]): Findings => {
  const ancestors = ancestorsOf(nodes);
  const above = (id: string): ReadonlySet<string> => ancestors.get(id) ?? new Set();
  const pivots = steps.filter(({ pivot }) => pivot).map(({ id }) => id);
  return {
    problems: steps.flatMap((step) => stepProblems(step, above(step.id))),
    warnings: steps.flatMap((step) => {
      const before = pivots.filter((pivot) => above(step.id).has(pivot));
      const after = pivots.filter((pivot) => above(pivot).has(step.id));
      return [...pivotWarnings(step, before, after), ...stepWarnings(step)].map((warning) => atStep(step.id, warning));
    }),
  };
};
