/** The forms in which errors are told. Which one applies follows from the path, so that an unknown path has one too. */
import * as z from 'zod';

/** API D: the text alone. */
const plainError = z
  .object({ error: z.string().meta({ description: 'What happened and what to change' }) })
  .meta({ id: 'Error' });
/** The envelope of the other groups, with the HTTP status as its code. */
const envelopeError = z.object({ code: z.int(), message: z.string() }).meta({ id: 'EnvelopeError' });

type ErrorForm = { readonly schema: z.ZodObject; readonly body: (status: number, message: string) => object };

const PLAIN: ErrorForm = { schema: plainError, body: (_status, error) => ({ error }) };
const ENVELOPE: ErrorForm = { schema: envelopeError, body: (code, message) => ({ code, message }) };

const FORM_BY_PREFIX: readonly (readonly [prefix: string, form: ErrorForm])[] = [['/health', ENVELOPE]];

export const errorFormOf = (path: string): ErrorForm =>
  FORM_BY_PREFIX.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))?.[1] ?? PLAIN;
