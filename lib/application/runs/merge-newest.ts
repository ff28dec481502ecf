/** Pages of one sorted source: items whose id is below `before`, largest id first. An empty page is its end. */
export type NewestPages<T> = (before: string | undefined, limit: number) => Promise<readonly T[]>;

/** Ids are decimal numbers without leading zeros: the longer one is the larger. */
export const compareIds = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

type Cursor<T> = { readonly pages: NewestPages<T>; buffer: readonly T[]; at: number };

/**
 * Merges sorted sources into one, largest id first, reading each only as far as it is consumed.
 * @param pageSize what each source is asked for at a time
 */
export async function* mergeNewest<T>(
  sources: readonly NewestPages<T>[],
  idOf: (item: T) => string,
  before: string | undefined,
  pageSize: number,
): AsyncGenerator<T> {
  const fill = async (cursor: Cursor<T>): Promise<void> => {
    const last = cursor.buffer.at(-1);
    cursor.buffer = await cursor.pages(last === undefined ? before : idOf(last), pageSize);
    cursor.at = 0;
  };
  const cursors: Cursor<T>[] = sources.map((pages) => ({ pages, buffer: [], at: 0 }));
  await Promise.all(cursors.map(fill));
  for (;;) {
    let best: { readonly cursor: Cursor<T>; readonly item: T } | undefined;
    for (const cursor of cursors) {
      const item = cursor.buffer[cursor.at];
      if (item !== undefined && (best === undefined || compareIds(idOf(item), idOf(best.item)) > 0)) {
        best = { cursor, item };
      }
    }
    if (best === undefined) {
      return;
    }
    yield best.item;
    best.cursor.at += 1;
    if (best.cursor.at === best.cursor.buffer.length) {
      await fill(best.cursor);
    }
  }
}
