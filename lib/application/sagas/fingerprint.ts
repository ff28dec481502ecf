import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../../domain/flow/flow.ts';
import { isJsonObject } from '../../domain/flow/json.ts';

/** The same whatever the order of members: two texts of one value are one value. */
const ordered = (value: Json): Json => {
  if (Array.isArray(value)) {
    return value.map(ordered);
  }
  if (!isJsonObject(value)) {
    return value;
  }
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, ordered(member)]));
};

/** What a repeated start is compared with. */
export const fingerprintOf = (flow: string, params: JsonObject): string =>
  createHash('sha256')
    .update(JSON.stringify([flow, ordered(params)]))
    .digest('base64url');
