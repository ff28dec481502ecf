/**
 * References: strings `$.…` in a definition stand for a value that is known only when the step begins.
 *
 * | reference                | its value                                              |
 * | ------------------------ | ------------------------------------------------------ |
 * | `$.<step>.output`        | what the step returned                                 |
 * | `$.params`               | the parameters of the transaction, by task name        |
 * | `$.instance_id`          | the caller's id of the transaction                     |
 *
 * followed by any number of `.name`, `['name']` and `[0]`: a subset of JSONPath (RFC 9535) that names one place. A string is
 * a reference as a whole or not at all. `$$.…` is the text `$.…`. What a reference stands for is data: it is not read again.
 */
import type { Condition, Json, JsonObject } from './flow.ts';
import { isJsonArray, isJsonObject, memberOf } from './json.ts';

/** What references lead into. */
export type Roots = {
  /** The caller's own id. */
  readonly instance: string;
  /** By task name. */
  readonly params: JsonObject;
  /** By step id. A step that is not named has no output. */
  readonly outputs: Readonly<Record<string, Json>>;
};

/** Words that begin a reference and are no step. */
export const RESERVED_ROOTS = ['params', 'instance_id'] as const;

export type Path = readonly (string | number)[];

const SEGMENT = /\.([\p{L}\p{N}_-]+)|\[(\d{1,9})\]|\['((?:[^'\\]|\\['\\])*)'\]/uy;

export const isReference = (text: string): boolean => text.startsWith('$.');
const isEscaped = (text: string): boolean => text.startsWith('$$.');

/** The segments after `$`, or nothing where the text is no path. */
export const parsePath = (text: string): Path | undefined => {
  if (!isReference(text)) {
    return undefined;
  }
  const segments: (string | number)[] = [];
  let at = 1;
  while (at < text.length) {
    SEGMENT.lastIndex = at;
    const match = SEGMENT.exec(text);
    if (match === null) {
      return undefined;
    }
    const [whole, name, index, quoted] = match;
    segments.push(index === undefined ? (name ?? (quoted ?? '').replace(/\\(.)/g, '$1')) : Number(index));
    at += whole.length;
  }
  return segments;
};

const stepInto = (value: Json | undefined, segment: string | number): Json | undefined =>
  typeof segment === 'string' ? memberOf(value, segment) : isJsonArray(value) ? value[segment] : undefined;

/** What a path leads to; nothing where it leads nowhere. */
export const resolve = (path: string, { instance, params, outputs }: Roots): Json | undefined => {
  const [root, next, ...rest] = parsePath(path) ?? [];
  if (root === 'instance_id') {
    return next === undefined ? instance : undefined;
  }
  if (root === 'params') {
    return [...(next === undefined ? [] : [next]), ...rest].reduce<Json | undefined>(stepInto, params);
  }
  if (typeof root !== 'string' || next !== 'output') {
    return undefined;
  }
  return rest.reduce<Json | undefined>(stepInto, memberOf(outputs, root));
};

/** A string of a definition with its meaning: what it refers to, or the text that it is. Nothing: it leads nowhere. */
export const meaningOf = (text: string, roots: Roots): Json | undefined =>
  isReference(text) ? resolve(text, roots) : isEscaped(text) ? text.slice(1) : text;

/** All references in a value, as they are written. In a condition: its paths, and what they are compared with. */
export const pathsIn = (value: Json | Condition): readonly string[] => {
  if (typeof value === 'string') {
    return isReference(value) ? [value] : [];
  }
  if (isJsonArray(value)) {
    return value.flatMap(pathsIn);
  }
  return isJsonObject(value) ? Object.values(value).flatMap(pathsIn) : [];
};

/** The step whose output a path leads into; none for the parameters and the id. */
export const stepOfPath = (path: Path): string | undefined => {
  const [root] = path;
  return typeof root !== 'string' || RESERVED_ROOTS.some((word) => word === root) ? undefined : root;
};

/** The ids of the steps whose outputs a value refers to, each once. */
export const referencesOf = (value: Json | Condition): string[] => [
  ...new Set(pathsIn(value).flatMap((path) => stepOfPath(parsePath(path) ?? []) ?? [])),
];
