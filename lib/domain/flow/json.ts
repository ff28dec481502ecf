/**
 * Questions about values as JSON has them. A number that JavaScript cannot hold (an order's id of 19 digits) is kept as the
 * text that it was written in, by {@link ../exact-json.ts}: to these functions it is a number, not an object.
 */
import { rawNumberText } from '../exact-json.ts';
import type { Json, JsonObject } from './flow.ts';

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && rawNumberText(value) === undefined;

export const isJsonArray = (value: unknown): value is readonly Json[] => Array.isArray(value);

/** An own member: `constructor` and the like lead nowhere. */
export const memberOf = (value: unknown, key: string): Json | undefined =>
  isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;

/** A number, as near as JavaScript has it. */
export const numberOf = (value: unknown): number | undefined => {
  const text = rawNumberText(value);
  return text === undefined ? (typeof value === 'number' ? value : undefined) : Number(text);
};

/** Two numbers are one where they are the same text, or both exact and the same: neighbours beyond 2^53 are not. */
const isSameNumber = (a: Json, b: Json): boolean => {
  const [first, second] = [numberOf(a), numberOf(b)];
  return (
    JSON.stringify(a) === JSON.stringify(b) || (first === second && Math.abs(first ?? 0) <= Number.MAX_SAFE_INTEGER)
  );
};

/** The order of an object's members does not matter. */
export const isEqual = (a: Json, b: Json): boolean => {
  if (numberOf(a) !== undefined && numberOf(b) !== undefined) {
    return isSameNumber(a, b);
  }
  if (isJsonArray(a) && isJsonArray(b)) {
    return a.length === b.length && a.every((item, at) => isEqual(item, b[at] ?? null));
  }
  if (isJsonObject(a) && isJsonObject(b)) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key] ?? null, b[key] ?? null))
    );
  }
  return a === b;
};

/** As UTF-8. */
export const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
