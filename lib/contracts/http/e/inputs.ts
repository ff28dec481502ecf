/** What API E's operations take in common. Its refusals are in English, as its document's messages are. */
import * as z from 'zod';
import { formatInstant, parseInstant } from '../../../domain/instant.ts';

export const MALFORMED_BODY = 'invalid request body: send a JSON object';
export const FAULT = 'internal server error';

/** A body: any JSON object, of which unknown fields are ignored. */
export const bodyOf = <const S extends z.ZodRawShape>(fields: S) => z.object(fields, MALFORMED_BODY);

/** `null` is as good as absent. */
export const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

const lengthOf = (text: string): number => [...text].length;

/**
 * Text of at most so many characters (code points). Half a surrogate pair has no UTF-8 form: what is stored would be another
 * text than the one that was sent.
 */
export const text = (field: string, most: number) =>
  z
    .string({
      error: ({ input }: { readonly input?: unknown }) =>
        input === undefined || input === null ? `${field} is required` : `${field} must be a string`,
    })
    .refine((value) => lengthOf(value) <= most, `${field} must have at most ${most} characters`)
    .refine(
      (value) => value.isWellFormed() && !value.includes('\0'),
      `${field} must be well-formed Unicode text without NUL characters`,
    )
    .meta({ maxLength: most });

/** Text that must be there and not be empty. */
export const someText = (field: string, most: number) =>
  text(field, most)
    .refine((value) => value !== '', `${field} is required`)
    .meta({ minLength: 1, maxLength: most });

export const flag = (field: string) => z.boolean(`${field} must be true or false`);

/** An empty parameter counts as absent. */
export const filter = z
  .string()
  .transform((value) => (value === '' ? undefined : value))
  .optional();

export const flagFilter = (field: string) =>
  filter
    .transform((value, context) => {
      if (value !== undefined && !['true', '1', 'false', '0'].includes(value)) {
        context.addIssue({ code: 'custom', message: `${field} must be true or false` });
      }
      return value === undefined ? undefined : value === 'true' || value === '1';
    })
    .meta({ type: 'boolean' });

const readInstant = (field: string, value: string, context: z.core.$RefinementCtx): number => {
  const epochMs = parseInstant(value);
  if (epochMs === undefined) {
    context.addIssue({
      code: 'custom',
      message: `${field} must be an RFC 3339 instant with a time zone, such as ${formatInstant(Date.UTC(2030, 0, 1))}`,
    });
    return z.NEVER;
  }
  return epochMs;
};

/** RFC 3339 on the wire, epoch ms inside. */
export const instant = (field: string) =>
  text(field, 64)
    .transform((value, context) => readInstant(field, value, context))
    .meta({ format: 'date-time' });

export const instantFilter = (field: string) =>
  filter
    .transform((value, context) =>
      // A plus sign that was not encoded arrives as a space.
      value === undefined ? undefined : readInstant(field, value.replace(/ (?=\d\d:\d\d$)/, '+'), context),
    )
    .meta({ format: 'date-time' });

/** A whole number of a query, or nothing. */
export const numberFilter = (field: string, least: number, most: number) =>
  filter
    .refine(
      (value) => value === undefined || (/^\d{1,15}$/.test(value) && Number(value) >= least && Number(value) <= most),
      `${field} must be a whole number from ${least} to ${most}`,
    )
    .transform((value) => (value === undefined ? undefined : Number(value)))
    .meta({ type: 'integer', minimum: least, maximum: most });

const DEFAULT_PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;
/** A page by its number reads all that it skips. */
const MAX_OFFSET = 10_000;

const count = (field: string, otherwise: number, most: number) =>
  z
    .string()
    .transform((value) => (value === '' ? otherwise : Number(/^\d{1,15}$/.test(value) ? value : Number.NaN)))
    .refine((value) => value >= 1, `${field} must be a whole number from 1`)
    .transform((value) => Math.min(value, most))
    .default(otherwise);

export const pageParameters = {
  page: count('page', 1, Number.MAX_SAFE_INTEGER).meta({ type: 'integer', minimum: 1, default: 1 }),
  page_size: count('page_size', DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE).meta({
    type: 'integer',
    minimum: 1,
    maximum: MAX_PAGE_SIZE,
    default: DEFAULT_PAGE_SIZE,
    description: 'More is cut to the maximum',
  }),
};

type Paging = { readonly page: number; readonly page_size: number };

export const isWithinReach = ({ page, page_size }: Paging): boolean => (page - 1) * page_size <= MAX_OFFSET;
export const OUT_OF_REACH = `page lies too far: at most ${MAX_OFFSET} can be skipped; narrow the list with its filters`;

/** Statistics reach back so far: a week of hours. */
export const hoursQuery = z.object({
  hours: numberFilter('hours', 1, 168).meta({
    description: 'Only what began in the last so many hours; absent: all',
  }),
});

/** What cannot be an id is nobody's: it is answered as one that is not there. */
export const flowIdParams = z.object({ id: z.string().meta({ description: 'Id of a flow' }) });
export const instanceParams = z.object({
  id: z.string().meta({ description: 'instance_id; of a sub-transaction the id of the run that started it' }),
});
export const exceptionIdParams = z.object({
  id: z.string().meta({ type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
});
