/** API A's envelope and its list. */
import * as z from 'zod';

/** `code` is 0 whatever the HTTP status. */
export const okOf = <D extends z.ZodType>(data: D) => z.object({ code: z.literal(0), message: z.literal('ok'), data });

const paging = {
  page: z.int().min(1),
  page_size: z.int().min(1),
  count: z.int().min(0).meta({ description: 'All that match; may lag by 5 s' }),
  next_cursor: z.string().optional().meta({ description: 'Where the next page begins; absent on the last' }),
  partial: z
    .literal(true)
    .optional()
    .meta({ description: 'The filters matched so few of the 2,000 that were read that the page is not full' }),
};

export const pageOf = <T extends z.ZodType>(item: T) => z.object({ ...paging, results: z.array(item) });

/** Categories alone have their list under another name. */
export const itemsOf = <T extends z.ZodType>(item: T) =>
  z.object({ page: paging.page, page_size: paging.page_size, count: paging.count, items: z.array(item) });

/** What a deletion answers. */
export const messageOf = <const M extends string>(message: M) => z.object({ message: z.literal(message) });

/** What setting a task's status or output answers. */
export const successOf = <const M extends string>(message: M) =>
  z.object({ success: z.literal(true), message: z.literal(message) });

/** An answer as an example shows it. */
export const exampleOf = (data: unknown) => ({ code: 0, message: 'ok', data });

export const pageExample = (item: unknown) => exampleOf({ page: 1, page_size: 10, count: 1, results: [item] });
