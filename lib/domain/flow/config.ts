/** What each type of step needs to know: the fields of its configuration. */
import { FUNCTION_HANDLERS, FUNCTION_POOL } from '../fleet/function-pool.ts';
import { isPlainId } from '../ids.ts';
import { parseInstant } from '../instant.ts';
import type { Json, JsonObject, StepType } from './flow.ts';
import { isJsonObject, numberOf } from './json.ts';
import { isReference } from './paths.ts';

/** A wait for longer is a mistake in the unit or the century. */
export const MAX_WAIT_MS = 366 * 86_400_000;
/** Longer URLs are cut or refused on their way by many a server and proxy. */
const MAX_URL_CHARS = 8_192;

const HTTP_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

type Field = {
  readonly required?: true;
  readonly is: (value: Json) => boolean;
  /** What it has to be, after "must be". */
  readonly kind: string;
  /** Has to be known when the flow is defined. */
  readonly literal?: true;
};

const matches =
  (pattern: RegExp) =>
  (value: Json): boolean =>
    typeof value === 'string' && pattern.test(value);

const isHttpUrl = (value: Json): boolean =>
  typeof value === 'string' && value.length <= MAX_URL_CHARS && /^https?:\/\/[^/]/i.test(value) && URL.canParse(value);

/** A header's name is a token (RFC 9110 §5.6.2); a line break in its value would begin another. */
const isHeader = ([name, value]: [string, Json]): boolean =>
  /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(headerText(value) ?? '\n');

/** An order's number may well be sent in one. */
export const headerText = (value: Json): string | undefined => {
  if (typeof value === 'string') {
    return value;
  }
  return numberOf(value) === undefined && typeof value !== 'boolean' ? undefined : JSON.stringify(value);
};

const text = { is: matches(/^[^\0]{1,1000}$/su), kind: 'a text of 1 to 1,000 characters' };
const anything = { is: () => true, kind: 'any value' };
const object = { is: isJsonObject, kind: 'an object' };
/** As a worker names its pool (lib/contracts/frames.ts). */
const pool = {
  is: matches(/^[A-Za-z0-9._-]{1,64}$/),
  kind: 'a name of 1 to 64 letters, digits, ".", "_" and "-"',
  literal: true,
} as const;
/** As a worker names what it executes (lib/contracts/frames.ts). */
const handler = { is: matches(/^\P{C}{1,50}$/u), kind: 'a name of 1 to 50 characters', literal: true } as const;

const FIELDS: Readonly<Record<StepType, Readonly<Record<string, Field>>>> = {
  http: {
    url: { required: true, is: isHttpUrl, kind: 'an http or https address' },
    method: {
      is: (value) => typeof value === 'string' && HTTP_METHODS.some((word) => word === value.toUpperCase()),
      kind: `one of ${HTTP_METHODS.join(', ')}`,
    },
    headers: {
      is: (value) => isJsonObject(value) && Object.entries(value).every(isHeader),
      kind: 'an object of header names and their texts',
    },
    body: anything,
    pool,
  },
  rpc: {
    service: {
      required: true,
      is: matches(/^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?$/),
      kind: 'a host name, with a port where it is not 80',
    },
    method: { required: true, ...text },
    params: object,
    pool,
  },
  queue: {
    queue: {
      required: true,
      is: matches(/^[A-Za-z0-9_-]{1,80}$/),
      kind: 'the name of an allowed queue: 1 to 80 letters, digits, "_" and "-"',
    },
    body: object,
  },
  worker: { handler, pool },
  flow: {
    flow_id: {
      required: true,
      is: (value) => typeof value === 'string' && isPlainId(value),
      kind: 'the id of a flow, as text',
    },
    params: object,
  },
  wait: {
    until: {
      is: (value) => typeof value === 'string' && parseInstant(value) !== undefined,
      kind: 'an RFC 3339 instant with its time zone',
    },
    seconds: {
      is: (value) => {
        const seconds = numberOf(value) ?? -1;
        return seconds >= 0 && seconds * 1_000 <= MAX_WAIT_MS;
      },
      kind: `a number from 0 to ${MAX_WAIT_MS / 1_000}`,
    },
    signal: { is: (value) => typeof value === 'boolean', kind: 'true or false', literal: true },
  },
};

/** A reference in it: what it is will be known when the step begins. */
const isOpen = (value: Json): boolean =>
  typeof value === 'string' ? isReference(value) : isJsonObject(value) && Object.values(value).some(isOpen);

const problemOf = (name: string, field: Field, value: Json | undefined, mayRefer: boolean): readonly string[] => {
  if (value === undefined) {
    return field.required === undefined ? [] : [`config.${name} is required: ${field.kind}`];
  }
  if (mayRefer && field.literal === undefined && isOpen(value)) {
    return [];
  }
  return field.is(value) ? [] : [`config.${name} must be ${field.kind}`];
};

const problemsOfWait = ({ until, seconds, signal }: JsonObject): readonly string[] => [
  ...(until !== undefined && seconds !== undefined ? ['config names both until and seconds: choose one'] : []),
  ...(until === undefined && seconds === undefined && signal !== true
    ? ['config needs until, seconds or "signal": true: it would wait for nothing']
    : []),
];

const problemsOfWorker = (config: JsonObject, taskName: string): readonly string[] => {
  const name = config.handler ?? taskName;
  if (config.pool === FUNCTION_POOL && !FUNCTION_HANDLERS.some((known) => known === name)) {
    return [
      `config.pool: "${FUNCTION_POOL}" executes only ${FUNCTION_HANDLERS.join(', ')}; choose a pool that has workers`,
    ];
  }
  return handler.is(name)
    ? []
    : [`config.handler is required, because task_name is no handler's name: ${handler.kind}`];
};

/**
 * @param mayRefer the values of references are not known yet
 */
export const configProblems = (
  { type, config, taskName }: { readonly type: StepType; readonly config: JsonObject; readonly taskName: string },
  mayRefer: boolean,
): readonly string[] => {
  const fields = FIELDS[type];
  const unknown = type === 'worker' ? [] : Object.keys(config).filter((name) => !Object.hasOwn(fields, name));
  return [
    ...Object.entries(fields).flatMap(([name, field]) => problemOf(name, field, config[name], mayRefer)),
    ...unknown.map(
      (name) =>
        `config.${name}: there is no such setting; a step of type ${type} has ${Object.keys(fields).join(', ')}`,
    ),
    ...(type === 'wait' ? problemsOfWait(config) : []),
    ...(type === 'worker' ? problemsOfWorker(config, taskName) : []),
  ];
};
