/** Puts the values in that a step's configuration refers to. */
import type { Json, JsonObject } from './flow.ts';
import { isJsonObject } from './json.ts';
import { meaningOf, type Roots } from './paths.ts';

/** @returns the configuration, or what in it leads nowhere */
export const render = (
  config: JsonObject,
  roots: Roots,
): { readonly config: JsonObject } | { readonly problem: string } => {
  const missing: string[] = [];

  const rendered = (value: Json): Json => {
    if (typeof value === 'string') {
      const found = meaningOf(value, roots);
      if (found === undefined) {
        missing.push(value);
      }
      return found ?? null;
    }
    if (Array.isArray(value)) {
      return value.map(rendered);
    }
    return isJsonObject(value) ? renderedObject(value) : value;
  };
  const renderedObject = (object: JsonObject): JsonObject =>
    Object.fromEntries(Object.entries(object).map(([key, value]) => [key, rendered(value)]));

  const whole = renderedObject(config);
  return missing.length === 0
    ? { config: whole }
    : { problem: `The configuration refers to what is not there: ${missing.join(', ')}` };
};
