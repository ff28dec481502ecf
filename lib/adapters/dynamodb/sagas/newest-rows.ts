import type { Table } from '../client.ts';
import type { Item } from '../conditional.ts';
import type { Key } from '../keys.ts';
import { queryRows, readRows } from '../read.ts';
import { idOfSortKey } from './keys.ts';
import { newestRowsParams, type RowIndex } from './saga-params.ts';

type Query<T> = {
  readonly pk: string;
  /** Only ids smaller than this one. */
  readonly before?: string | undefined;
  readonly limit: number;
  readonly index: RowIndex | undefined;
  readonly decode: (item: Item) => T | undefined;
  /** Whether a row is what is asked for: an index may lag. */
  readonly belongs: (row: T) => boolean;
};

/** Rows of one shard, newest first. Of an index the keys alone are read there. */
export const readNewest = async <T>(
  table: Table,
  { pk, before, limit, index, decode, belongs }: Query<T>,
): Promise<readonly T[]> => {
  const rows: T[] = [];
  for (let from = before; rows.length < limit; ) {
    const wanted = limit - rows.length;
    const found = await queryRows(table, newestRowsParams(pk, from, index), wanted, 'eventual');
    const keys = found.map((item): Key => ({ pk: String(item.pk), sk: String(item.sk) }));
    const items = index === undefined ? found : await readRows(table, keys);
    rows.push(
      ...items
        .toSorted((a, b) => (String(a.sk) < String(b.sk) ? 1 : -1))
        .flatMap((item) => decode(item) ?? [])
        .filter(belongs),
    );
    const last = found.at(-1);
    // A page may hold nothing but void marks, or rows that have left the index.
    if (last === undefined || found.length < wanted) {
      break;
    }
    from = idOfSortKey(last.sk);
  }
  return rows;
};
