/** The definition of a flow as people write it: JSON, read with every problem at once. */
import * as z from 'zod';
import { nestsDeeperThan, parseExactJson } from '../domain/exact-json.ts';
import {
  atStep,
  checkGraph,
  checkSteps,
  MAX_STEP_ID_CHARS,
  MAX_STEPS,
  type ReadDefinition,
} from '../domain/flow/check-flow.ts';
import {
  type FlowStep,
  type Json,
  type JsonObject,
  RETRY_STRATEGIES,
  type RetryPolicy,
  STEP_TYPES,
  type StepType,
  type Work,
} from '../domain/flow/flow.ts';
import type { FlowNode } from '../domain/flow/graph.ts';
import { bytesOf, isJsonArray, isJsonObject, memberOf, numberOf } from '../domain/flow/json.ts';
import { defaultTimeoutMs } from '../domain/flow/timeouts.ts';
import { readCondition } from './flow-condition.ts';
import { optional } from './http/fields.ts';
import { MAX_TRIES } from './limits.ts';

/** One item of the definitions table holds it, beside what else the row has (400 KB). */
const MAX_DEFINITION_BYTES = 128 * 1024;
/** Recursive readers of conditions and configurations are held to it. */
const MAX_DEPTH = 32;
/** Further ones would not be read by anybody. */
const MAX_PROBLEMS = 100;
const MAX_DEPENDENCIES = MAX_STEPS;
const MAX_TASK_NAME_CHARS = 100;
const MAX_DESCRIPTION_CHARS = 1_000;
const MAX_INTERVAL_S = 86_400;
const MAX_BACKOFF = 10;
/** A bound that keeps products of it exact; what a step may take is checked by type. */
const MAX_TIMEOUT_S = 10 ** 9;

const DEFAULT_ATTEMPTS = 3;
const DEFAULT_INTERVAL_S = 60;

/** Half a surrogate pair has no UTF-8 form: what is stored would be another text. */
const text = (most: number) => {
  const error = `must be a text of 1 to ${most} characters`;
  return z
    .string({ error })
    .refine((value) => value !== '' && [...value].length <= most, { error })
    .refine((value) => value.isWellFormed() && !value.includes('\0'), {
      error: 'must not hold NUL or half a character',
    });
};
const number = (least: number, most: number, unit = '') => {
  const error = `must be a number from ${least} to ${most}${unit}`;
  return z.preprocess(
    (value) => numberOf(value) ?? value,
    z.number({ error }).min(least, { error }).max(most, { error }),
  );
};
const wholeNumber = (least: number, most: number) => {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.preprocess((value) => numberOf(value) ?? value, z.int({ error }).min(least, { error }).max(most, { error }));
};
const word = <const W extends readonly [string, ...string[]]>(words: W) =>
  z.enum(words, { error: `must be one of ${words.join(', ')}` });
const flag = z.boolean({ error: 'must be true or false' });
const id = z.string({ error: 'is required' }).regex(new RegExp(`^[A-Za-z0-9_-]{1,${MAX_STEP_ID_CHARS}}$`), {
  error: `must be 1 to ${MAX_STEP_ID_CHARS} letters, digits, "_" and "-"`,
});
const config = z.custom<JsonObject>(isJsonObject, { error: 'must be an object' });

const retry = z.strictObject(
  {
    strategy: optional(word(RETRY_STRATEGIES)),
    max_attempts: optional(wholeNumber(1, MAX_TRIES)),
    interval: optional(number(0, MAX_INTERVAL_S, ' (seconds)')),
    backoff: optional(number(1, MAX_BACKOFF)),
  },
  { error: shapeError },
);

const work = {
  type: optional(word(STEP_TYPES)),
  config: optional(config),
  retry: optional(retry),
  timeout: optional(number(0.1, MAX_TIMEOUT_S, ' (seconds)')),
};

const condition = z.custom<Json>().transform((value, context) => {
  const read = readCondition(value, 'when');
  if ('condition' in read) {
    return read.condition;
  }
  for (const message of read.problems) {
    context.addIssue({ code: 'custom', message });
  }
  return z.NEVER;
});

const task = z.strictObject(
  {
    id,
    task_name: optional(text(MAX_TASK_NAME_CHARS)),
    description: z
      .string({ error: 'must be a text' })
      .max(MAX_DESCRIPTION_CHARS, { error: `must have at most ${MAX_DESCRIPTION_CHARS} characters` })
      .refine((value) => value.isWellFormed() && !value.includes('\0'), {
        error: 'must not hold NUL or half a character',
      })
      .nullish(),
    depends_on: optional(
      z
        .array(z.string({ error: 'must be the id of a task' }), { error: 'must be a list of ids of tasks' })
        .max(MAX_DEPENDENCIES, { error: `may name at most ${MAX_DEPENDENCIES} tasks` }),
    ),
    ...work,
    when: optional(condition),
    compensate: optional(z.strictObject(work, { error: shapeError })),
    pivot: optional(flag),
  },
  { error: shapeError },
);

const definition = z.strictObject(
  {
    name: z.unknown().optional(),
    description: z.unknown().optional(),
    flow_type: z.unknown().optional(),
    version: z.unknown().optional(),
    tasks: z.array(z.unknown(), { error: 'is required: a list of tasks' }),
    two_person_approval: optional(flag),
  },
  { error: shapeError },
);

function shapeError(issue: { readonly code?: string; readonly keys?: readonly string[] }): string {
  return issue.code === 'unrecognized_keys'
    ? `has ${(issue.keys ?? []).map((key) => JSON.stringify(key)).join(', ')}, which there is not`
    : 'must be an object';
}

type RetryInput = z.output<typeof retry>;

const toRetry = (input: RetryInput | undefined, otherwise: RetryPolicy['strategy']): RetryPolicy => {
  const strategy = input?.strategy ?? otherwise;
  return {
    strategy,
    maxAttempts: input?.max_attempts ?? (strategy === 'no_retry' ? 1 : DEFAULT_ATTEMPTS),
    intervalMs: Math.round((input?.interval ?? DEFAULT_INTERVAL_S) * 1_000),
    backoff: input?.backoff ?? 1,
  };
};

type WorkInput = Pick<z.output<typeof task>, 'type' | 'config' | 'retry' | 'timeout'>;

const toWork = (input: WorkInput, type: StepType, strategy: RetryPolicy['strategy']): Work => {
  const executed = { type: input.type ?? type, config: input.config ?? {} };
  return {
    ...executed,
    retry: toRetry(input.retry, strategy),
    timeoutMs: input.timeout === undefined ? defaultTimeoutMs(executed) : Math.round(input.timeout * 1_000),
  };
};

const toStep = (input: z.output<typeof task>): FlowStep => {
  const { compensate, when } = input;
  const done = toWork(input, 'worker', 'manual');
  const taskName = input.task_name ?? input.id;
  return {
    id: input.id,
    taskName,
    description: input.description || taskName,
    dependsOn: [...new Set(input.depends_on)],
    ...done,
    ...(when === undefined ? {} : { when }),
    // An undo that nobody looks after is tried again by itself: what it undoes is half done until then.
    ...(compensate === undefined ? {} : { compensate: toWork(compensate, done.type, 'auto') }),
    pivot: input.pivot ?? false,
  };
};

const showPath = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');

const showIssue = ({ path, message }: z.core.$ZodIssue): string => {
  // A condition names its own place, which is within the member.
  const place = message.startsWith('when') ? '' : showPath(path);
  return place === '' ? message : `${place} ${message}`;
};

/** What takes part in the graph, however wrong the rest of it is. */
const nodeOf = (raw: Json): readonly FlowNode[] => {
  const [name, dependencies] = [memberOf(raw, 'id'), memberOf(raw, 'depends_on')];
  const dependsOn = isJsonArray(dependencies) ? dependencies.slice(0, MAX_DEPENDENCIES) : [];
  return typeof name === 'string' && id.safeParse(name).success
    ? [{ id: name, dependsOn: dependsOn.filter((other) => typeof other === 'string') }]
    : [];
};

const readTask = (raw: Json, at: number): { readonly step?: FlowStep; readonly problems: readonly string[] } => {
  const found = task.safeParse(raw);
  if (found.success) {
    return { step: toStep(found.data), problems: [] };
  }
  const [node] = nodeOf(raw);
  const problems = found.error.issues.map(showIssue);
  return { problems: problems.map((problem) => (node ? atStep(node.id, problem) : `tasks[${at}]: ${problem}`)) };
};

const refused = (...problems: readonly string[]): ReadDefinition => ({
  problems:
    problems.length > MAX_PROBLEMS
      ? [...problems.slice(0, MAX_PROBLEMS), `… and ${problems.length - MAX_PROBLEMS} more`]
      : problems,
  warnings: [],
});

const readParsed = (parsed: unknown): ReadDefinition => {
  const shape = definition.safeParse(parsed);
  const raw = memberOf(parsed, 'tasks');
  const tasks = isJsonArray(raw) ? raw : [];
  const readTasks = tasks.slice(0, MAX_STEPS).map(readTask);
  const steps = readTasks.flatMap(({ step }) => step ?? []);
  const shapeProblems = [
    ...(shape.success ? [] : shape.error.issues.map((issue) => `definition: ${showIssue(issue)}`)),
    ...readTasks.flatMap(({ problems }) => problems),
  ];
  if (tasks.length > MAX_STEPS) {
    return refused(
      `a flow may have ${MAX_STEPS} tasks at the most, and this one has ${tasks.length}`,
      ...shapeProblems,
    );
  }
  const nodes = tasks.flatMap(nodeOf);
  const found = checkSteps(steps, nodes);
  const problems = [...shapeProblems, ...checkGraph(nodes), ...found.problems];
  const given = problems.length > 0 ? refused(...problems) : { problems, warnings: found.warnings };
  return shape.success && shapeProblems.length === 0
    ? { ...given, definition: { steps, twoPersons: shape.data.two_person_approval ?? false } }
    : given;
};

/** @returns a definition as soon as it is well-formed, whatever else is found wrong with it */
const read = (given: unknown): ReadDefinition => {
  const json = typeof given === 'string' ? given : JSON.stringify(given ?? null);
  const bytes = bytesOf(json);
  if (bytes > MAX_DEFINITION_BYTES) {
    return refused(`a definition may have ${MAX_DEFINITION_BYTES} bytes at the most, and this one has ${bytes}`);
  }
  if (nestsDeeperThan(json, MAX_DEPTH)) {
    return refused(`a definition may nest ${MAX_DEPTH} levels deep at the most`);
  }
  if (!json.isWellFormed()) {
    return refused('the definition must not hold half a character (a lone surrogate)');
  }
  try {
    return readParsed(parseExactJson(json));
  } catch (error) {
    if (error instanceof SyntaxError) {
      return refused(`the definition is no JSON: ${error.message}`);
    }
    throw error;
  }
};

/** @param given JSON text, or what it says */
export const readDefinition = (given: unknown): ReadDefinition => {
  const { problems, warnings, definition: found } = read(given);
  return { problems, warnings, ...(problems.length > 0 || found === undefined ? {} : { definition: found }) };
};

/** One that was stored. What is looked for only since then must not stop the transactions that were started with it. */
export const readStoredDefinition = (json: string): Pick<ReadDefinition, 'definition' | 'problems'> => read(json);
