/** JSON that a caller gives to a transaction: what is stored is what was sent, or it is refused. */
import * as z from 'zod';
import type { Json, JsonObject } from '../../../domain/flow/flow.ts';

/** Source text access: Node 22 and later. */
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;
const { parse } = JSON as typeof JSON & { readonly parse: (text: string, reviver: Reviver) => unknown };

/** A whole number beyond 53 bits would come out of a transaction as another number than went in. */
const isExact = (value: number, source: string): boolean =>
  Number.isFinite(value) && (!/^-?\d+$/.test(source) || Number.isSafeInteger(value));

/**
 * The body's reader keeps numbers in the text that they were sent in; conditions and references need values.
 * @returns the value, or the first number that JavaScript cannot keep
 */
const plainOf = (sent: unknown): { readonly value: Json } | { readonly inexact: string } => {
  let inexact: string | undefined;
  const look: Reviver = (_key, part, { source }) => {
    if (typeof part === 'number' && source !== undefined && !isExact(part, source)) {
      inexact ??= source;
    }
    return part;
  };
  const value = parse(JSON.stringify(sent), look) as Json;
  return inexact === undefined ? { value } : { inexact };
};

const tooExact = (field: string, number: string): string =>
  `${field} has the number ${number.slice(0, 40)}, which cannot be kept exactly: send it as a string`;

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Any JSON. Absent: `null`. */
export const json = (field: string) =>
  z
    .unknown()
    .optional()
    .transform((sent, context): Json => {
      const plain = plainOf(sent ?? null);
      if ('inexact' in plain) {
        context.addIssue({ code: 'custom', message: tooExact(field, plain.inexact) });
        return z.NEVER;
      }
      return plain.value;
    });

/** A JSON object, or nothing; `null` is as good as absent. */
export const jsonObject = (field: string) =>
  z
    .unknown()
    .optional()
    .transform((sent, context): JsonObject | undefined => {
      if (sent === undefined || sent === null) {
        return undefined;
      }
      const plain = plainOf(sent);
      if ('inexact' in plain) {
        context.addIssue({ code: 'custom', message: tooExact(field, plain.inexact) });
        return z.NEVER;
      }
      if (!isObject(plain.value)) {
        context.addIssue({ code: 'custom', message: `${field} must be an object` });
        return z.NEVER;
      }
      return plain.value;
    })
    .meta({ type: 'object' });

/** The definition of a flow, as JSON text: sent as text, or as the object that the text would describe. */
export const definition = z
  .unknown()
  .transform((sent, context): string | undefined => {
    if (sent === undefined || sent === null || typeof sent === 'string') {
      return sent ?? undefined;
    }
    const text = JSON.stringify(sent);
    if (!text.startsWith('{')) {
      context.addIssue({ code: 'custom', message: 'definition must be a JSON string or an object' });
      return z.NEVER;
    }
    return text;
  })
  .meta({ anyOf: [{ type: 'string' }, { type: 'object' }], description: 'JSON text, or the object itself' });
