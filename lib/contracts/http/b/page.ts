/** API B's list, in the envelope that B and C share. */
import * as z from 'zod';

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    total: z.int().min(0).meta({ description: 'All that match; may lag by 5 s' }),
    page: z.int().min(1),
    page_size: z.int().min(1),
    total_pages: z.int().min(0),
    next_cursor: z.string().optional().meta({ description: 'Where the next page begins; absent on the last' }),
    partial: z.literal(true).optional().meta({
      description: 'The filters matched too few of the 2,000 read for a full page; go on with next_cursor',
    }),
  });

export const pageExample = (item: unknown) => ({ items: [item], total: 1, page: 1, page_size: 20, total_pages: 1 });
