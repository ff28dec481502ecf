/** Decides whether a step is executed at all. */
import type { Condition, Json } from './flow.ts';
import { isEqual, isJsonArray, numberOf } from './json.ts';
import { meaningOf, type Roots, resolve } from './paths.ts';

type Comparison = Extract<Condition, { path: string }>;

/** −1, 0 or 1 for two numbers or two texts; nothing where there is no order. */
const order = (a: Json, b: Json): number | undefined => {
  if (isEqual(a, b)) {
    return numberOf(a) === undefined && typeof a !== 'string' ? undefined : 0;
  }
  const [first, second] = typeof a === 'string' && typeof b === 'string' ? [a, b] : [numberOf(a), numberOf(b)];
  return first === undefined || second === undefined ? undefined : first < second ? -1 : Number(first > second);
};

const compares = (op: Comparison['op'], a: Json, b: Json): boolean => {
  switch (op) {
    case 'equals':
      return isEqual(a, b);
    case 'not_equals':
      return !isEqual(a, b);
    case 'greater':
      return order(a, b) === 1;
    case 'at_least':
      return (order(a, b) ?? -1) >= 0;
    case 'less':
      return order(a, b) === -1;
    case 'at_most':
      return (order(a, b) ?? 1) <= 0;
    case 'in':
      return isJsonArray(b) && b.some((item) => isEqual(a, item));
    case 'exists':
      return (a !== null) === b;
  }
};

/** What is compared with: references in it, or among its items, stand for their values. */
const meaningOfAll = (value: Json, roots: Roots): Json => {
  if (isJsonArray(value)) {
    return value.map((item) => meaningOfAll(item, roots));
  }
  return typeof value === 'string' ? (meaningOf(value, roots) ?? null) : value;
};

/** A path that leads nowhere has the value `null`. What has no order (a number and a text) is neither greater nor less. */
export const holds = (condition: Condition, roots: Roots): boolean => {
  if ('all' in condition) {
    return condition.all.every((each) => holds(each, roots));
  }
  if ('any' in condition) {
    return condition.any.some((each) => holds(each, roots));
  }
  if ('not' in condition) {
    return !holds(condition.not, roots);
  }
  return compares(condition.op, resolve(condition.path, roots) ?? null, meaningOfAll(condition.value, roots));
};
