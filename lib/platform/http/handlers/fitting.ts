/**
 * Lambda answers at most 6 MB (6,291,556 bytes), our body being a string inside its JSON: every quote and backslash gains a byte,
 * so half of that is always safe. A page of 100 tasks with 256 KB of payload each would be 25 MB.
 */
const MAX_ANSWER_BYTES = 3 * 1024 * 1024;

/** How many of these fit an answer; one always does. */
const countThatFits = (items: readonly unknown[]): number => {
  let bytes = 0;
  for (const [index, item] of items.entries()) {
    bytes += Buffer.byteLength(JSON.stringify(item));
    if (bytes > MAX_ANSWER_BYTES) {
      return Math.max(1, index);
    }
  }
  return items.length;
};

type Page = { readonly kind: 'page'; readonly partial: boolean };
type Refused = { readonly kind: 'bad_cursor' };

/** A page no larger than an answer may be. Cut, it is read again: only the engine can make the cursor that goes on there. */
export const fitting = async <P extends Page, T>(
  limit: number,
  read: (limit: number) => Promise<P | Refused>,
  show: (page: P) => readonly T[] | Promise<readonly T[]>,
): Promise<Refused | { readonly kind: 'page'; readonly of: P; readonly items: readonly T[] }> => {
  const page = await read(limit);
  if (page.kind === 'bad_cursor') {
    return page;
  }
  const items = await show(page);
  const fits = countThatFits(items);
  if (fits === items.length) {
    return { kind: 'page', of: page, items };
  }
  const cut = await read(fits);
  return cut.kind === 'bad_cursor'
    ? cut
    : { kind: 'page', of: { ...cut, partial: true }, items: (await show(cut)).slice(0, fits) };
};
