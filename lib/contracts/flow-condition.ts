/** A condition as people write it: `{"path": "$.deduct.output.ok", "equals": true}`, and `all`, `any`, `not` of such. */
import type { Condition, Json } from '../domain/flow/flow.ts';
import { isJsonArray, isJsonObject } from '../domain/flow/json.ts';
import { isReference } from '../domain/flow/paths.ts';

type Comparison = Extract<Condition, { path: string }>;

const COMPARISONS = [
  'equals',
  'not_equals',
  'greater',
  'at_least',
  'less',
  'at_most',
  'in',
  'exists',
] as const satisfies readonly Comparison['op'][];

const FORM = `must be {"path": "$.…", <one of ${COMPARISONS.join(', ')}>: value}, {"all": […]}, {"any": […]} or {"not": {…}}`;

type Read = { readonly condition: Condition } | { readonly problems: readonly string[] };

const refuse = (place: string, what: string): Read => ({ problems: [`${place} ${what}`] });

const readList = (list: Json, place: string, wrap: (items: readonly Condition[]) => Condition): Read => {
  if (!isJsonArray(list) || list.length === 0) {
    return refuse(place, 'must be a list of conditions that is not empty');
  }
  const read = list.map((item, at) => readCondition(item, `${place}[${at}]`));
  const problems = read.flatMap((item) => ('problems' in item ? item.problems : []));
  return problems.length > 0
    ? { problems }
    : { condition: wrap(read.flatMap((item) => ('condition' in item ? [item.condition] : []))) };
};

const readComparison = (path: Json, op: Comparison['op'], value: Json, place: string): Read => {
  if (typeof path !== 'string' || !isReference(path)) {
    return refuse(`${place}.path`, 'must be a reference such as $.deduct.output.ok');
  }
  if (op === 'exists' && typeof value !== 'boolean') {
    return refuse(`${place}.exists`, 'must be true or false');
  }
  if (op === 'in' && !isJsonArray(value) && !(typeof value === 'string' && isReference(value))) {
    return refuse(`${place}.in`, 'must be a list of values');
  }
  return { condition: { path, op, value } };
};

/** @param place where it stands, for problems. Nesting is bounded by that of the definition */
export const readCondition = (value: Json, place: string): Read => {
  if (!isJsonObject(value)) {
    return refuse(place, FORM);
  }
  const { all, any, not, path } = value;
  const keys = Object.keys(value);
  if (keys.length === 1) {
    if (all !== undefined) {
      return readList(all, `${place}.all`, (items) => ({ all: items }));
    }
    if (any !== undefined) {
      return readList(any, `${place}.any`, (items) => ({ any: items }));
    }
    if (not !== undefined) {
      const inner = readCondition(not, `${place}.not`);
      return 'problems' in inner ? inner : { condition: { not: inner.condition } };
    }
  }
  const op = COMPARISONS.find((word) => keys.includes(word));
  const compared = op === undefined ? undefined : value[op];
  return keys.length === 2 && path !== undefined && op !== undefined && compared !== undefined
    ? readComparison(path, op, compared, place)
    : refuse(place, FORM);
};
