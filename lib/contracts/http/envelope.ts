/** The envelope of the groups under `/api/…`, and the list that API C puts into it. */
import * as z from 'zod';

/** @param message fixed by the API's document */
const head = <const C extends 200 | 201, const M extends string>(code: C, message: M) => ({
  success: z.literal(true),
  /** The HTTP status. */
  code: z.literal(code),
  message: z.literal(message),
  timestamp: z.string().meta({ format: 'date-time', description: 'When it was answered' }),
});

/** An answer without data. */
export const emptyEnvelope = <const C extends 200 | 201, const M extends string>(code: C, message: M) =>
  z.object(head(code, message));

export const envelope = <const C extends 200 | 201, const M extends string, D extends z.ZodType>(
  code: C,
  message: M,
  data: D,
) => z.object({ ...head(code, message), data });

/** API C's list. */
export const listOf = <T extends z.ZodType>(item: T) => ({
  list: z.array(item),
  total: z.int().min(0).meta({ description: 'All there are' }),
  page: z.int().min(1),
  page_size: z.int().min(1),
});

const EXAMPLE_INSTANT = '2030-01-01T00:00:00Z';

/** An envelope as an example shows it. */
export const exampleOf = (code: 200 | 201, message: string, data?: unknown) => ({
  success: true,
  code,
  message,
  ...(data === undefined ? {} : { data }),
  timestamp: EXAMPLE_INSTANT,
});
