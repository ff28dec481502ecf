import { runOrder } from '../../domain/ids.ts';

/** Pages of one sorted source: items whose id is below `before`, the newest first. An empty page is its end. */
export type NewestPages<T> = (before: string | undefined, limit: number) => Promise<readonly T[]>;

type Cursor<T> = {
  readonly pages: NewestPages<T>;
  buffer: readonly T[];
  at: number;
  /** Of the item at the cursor; absent at the end. */
  order: string | undefined;
};

/**
 * Merges sorted sources into one, newest id first, reading each only as far as it is consumed.
 * @param pageSize what each source is asked for at a time
 */
export async function* mergeNewest<T>(
  sources: readonly NewestPages<T>[],
  idOf: (item: T) => string,
  before: string | undefined,
  pageSize: number,
): AsyncGenerator<T> {
  const place = (cursor: Cursor<T>, at: number): void => {
    const item = cursor.buffer[at];
    cursor.at = at;
    cursor.order = item === undefined ? undefined : runOrder(idOf(item));
  };
  const fill = async (cursor: Cursor<T>): Promise<void> => {
    const last = cursor.buffer.at(-1);
    cursor.buffer = await cursor.pages(last === undefined ? before : idOf(last), pageSize);
    place(cursor, 0);
  };
  const cursors: Cursor<T>[] = sources.map((pages) => ({ pages, buffer: [], at: 0, order: undefined }));
  await Promise.all(cursors.map(fill));
  for (;;) {
    let best: Cursor<T> | undefined;
    for (const cursor of cursors) {
      if (cursor.order !== undefined && (best?.order === undefined || cursor.order > best.order)) {
        best = cursor;
      }
    }
    const item = best?.buffer[best.at];
    if (best === undefined || item === undefined) {
      return;
    }
    yield item;
    place(best, best.at + 1);
    if (best.at === best.buffer.length) {
      await fill(best);
    }
  }
}
