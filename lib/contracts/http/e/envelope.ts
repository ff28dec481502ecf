/** API E's envelope and its list. */
import * as z from 'zod';

/** `code` is 0 of every success. */
export const okOf = <D extends z.ZodType>(data: D) =>
  z.object({ code: z.literal(0), message: z.literal('success'), data });

const pagination = z.object({
  page: z.int().min(1),
  page_size: z.int().min(1),
  total: z.int().min(0).meta({ description: 'All that match; may lag by 5 s' }),
  partial: z
    .literal(true)
    .optional()
    .meta({ description: 'The filters matched so few of the 2,000 that were read that some may be missing' }),
});

const listOf = <T extends z.ZodType>(item: T) => z.object({ list: z.array(item), pagination });

/** An answer as an example shows it. */
export const exampleOf = (data: unknown) => ({ code: 0, message: 'success', data });

/** One page of a list, as the answer of an operation. */
export const pageOf = <T extends z.ZodType>(item: T, example: z.input<T>) => ({
  description: 'One page',
  schema: okOf(listOf(item)),
  examples: { page: exampleOf({ list: [example], pagination: { page: 1, page_size: 20, total: 1 } }) },
});
