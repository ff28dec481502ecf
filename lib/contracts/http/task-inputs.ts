/** What API D takes. The messages are its document's, word for word, where that has one. */
import * as z from 'zod';
import { isPlainId } from '../../domain/ids.ts';
import { parseInstant } from '../../domain/instant.ts';
import { DEFAULT_MAX_TRIES, MAX_TRIES } from '../limits.ts';
import { MAX_TASK_TYPE_LENGTH, TASK_STATUSES } from './task.ts';

export const MALFORMED_BODY = 'Invalid request body';

const EXECUTE_AT_FORM =
  'execute_at must be an RFC 3339 instant with a time zone and seconds from 00 to 59, such as 2030-11-10T15:00:00Z or 2030-11-10T18:00:00.250+03:00';
const MAX_ATTEMPTS_FORM = `max_attempts must be a whole number from 1 to ${MAX_TRIES} (absent or 0 means ${DEFAULT_MAX_TRIES})`;

/** Absent and `null` are "required"; any other wrong type makes the body malformed. */
const required = (field: string) => ({
  error: ({ input }: { readonly input?: unknown }) =>
    input === undefined || input === null ? `${field} is required` : MALFORMED_BODY,
});

const executeAt = z
  .string(required('execute_at'))
  .transform((text, context) => {
    if (text === '') {
      context.addIssue({ code: 'custom', message: 'execute_at is required' });
      return z.NEVER;
    }
    const epochMs = parseInstant(text);
    if (epochMs === undefined) {
      context.addIssue({ code: 'custom', message: EXECUTE_AT_FORM });
      return z.NEVER;
    }
    return epochMs;
  })
  .meta({ format: 'date-time', description: 'RFC 3339 with a time zone, in the future, at most 10 years ahead' });

const taskType = z
  .string(required('task_type'))
  .min(1, 'task_type is required')
  .refine(
    (text) => [...text].length <= MAX_TASK_TYPE_LENGTH,
    `task_type must have at most ${MAX_TASK_TYPE_LENGTH} characters`,
  )
  // Half a surrogate pair has no UTF-8 form: the store would keep another name than the one that was sent.
  .refine((text) => text.isWellFormed(), 'task_type must be well-formed Unicode text')
  .meta({
    maxLength: MAX_TASK_TYPE_LENGTH,
    description: 'Name of the handler: one that a worker registered, or shell, http, http_callback, python',
  });

const maxAttempts = z
  .number(MALFORMED_BODY)
  .refine((count) => Number.isInteger(count) && count >= 0 && count <= MAX_TRIES, MAX_ATTEMPTS_FORM)
  .nullish()
  .transform((count) => count || DEFAULT_MAX_TRIES)
  .meta({
    type: 'integer',
    minimum: 0,
    maximum: MAX_TRIES,
    default: DEFAULT_MAX_TRIES,
    description: 'Attempts in all, the first included; 0 means the default',
  });

export const createTaskBody = z
  .object(
    {
      execute_at: executeAt,
      task_type: taskType,
      payload: z
        .unknown()
        .refine((value) => value !== undefined, 'payload is required')
        .meta({ description: 'Any JSON, null included' }),
      max_attempts: maxAttempts,
    },
    MALFORMED_BODY,
  )
  .meta({ id: 'CreateTask' });

export const createTaskHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x20-\x7e]{1,255}$/, 'Idempotency-Key must be 1 to 255 printable ASCII characters')
    .optional()
    .meta({ description: 'Repeating a create under its key within 24 h answers with the same task' }),
});

export const taskIdParams = z.object({
  id: z
    .string()
    .refine(isPlainId, 'Invalid task ID')
    .meta({ type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
});

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 100;
/** A page by offset reads all that it skips; beyond this only a cursor keeps the cost of a page constant. */
export const MAX_OFFSET = 10_000;

/** An empty parameter counts as absent, as in the system that the API comes from. */
const digits = (parameter: string) =>
  z
    .string()
    .refine((text) => /^\d*$/.test(text), `Invalid ${parameter} parameter`)
    .transform(Number);

const filter = z
  .string()
  .transform((text) => (text === '' ? undefined : text))
  .optional();

export const listTasksQuery = z.object({
  status: filter.meta({ enum: [...TASK_STATUSES], description: 'An unknown status matches nothing' }),
  task_type: filter.meta({ description: 'The exact task type' }),
  limit: digits('limit')
    .transform((count) => Math.min(count || DEFAULT_LIMIT, MAX_LIMIT))
    .default(DEFAULT_LIMIT)
    .meta({
      type: 'integer',
      minimum: 0,
      maximum: MAX_LIMIT,
      default: DEFAULT_LIMIT,
      description: 'Page size; more is cut to the maximum',
    }),
  offset: digits('offset')
    .refine(
      (count) => count <= MAX_OFFSET,
      `Invalid offset parameter: at most ${MAX_OFFSET}; beyond that pass cursor, the next_cursor of the page before`,
    )
    .default(0)
    .meta({ type: 'integer', minimum: 0, maximum: MAX_OFFSET, default: 0 }),
  cursor: filter.meta({ description: 'next_cursor of the page before; goes before offset' }),
});
