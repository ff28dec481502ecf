import { runShard } from '../../../domain/ids.ts';
import { createSortedList, type SortedList } from '../sorted-list.ts';

type Row = { readonly flow: string };

/**
 * Rows under plain ids with what their indexes show of them: each shard in order of creation, and there those of one flow,
 * and those that are marked.
 * @param isMarked whether the row is in the sparse index of status
 */
export const createShardedRows = <T extends Row>(idOf: (row: T) => string, isMarked: (row: T) => boolean) => {
  const rows = new Map<string, T>();
  const lists = new Map<string, SortedList<string>>();

  const list = (...key: readonly unknown[]): SortedList<string> => {
    const name = JSON.stringify(key);
    const found = lists.get(name) ?? createSortedList((a: string, b: string) => Number(a) - Number(b));
    lists.set(name, found);
    return found;
  };

  return {
    get: (id: string): T | undefined => rows.get(id),
    put: (row: T): void => {
      const id = idOf(row);
      const shard = runShard(id);
      rows.set(id, row);
      list('all', shard).add(id);
      list('flow', row.flow, shard).add(id);
      list('marked', shard)[isMarked(row) ? 'add' : 'remove'](id);
    },
    newest: (query: {
      readonly shard: number;
      readonly before?: string;
      readonly limit: number;
      readonly flow?: string;
      readonly marked?: boolean | undefined;
    }): readonly T[] => {
      const { shard, before, limit, flow, marked } = query;
      const found = flow === undefined ? list(marked ? 'marked' : 'all', shard) : list('flow', flow, shard);
      return found.below(before, limit).flatMap((id) => rows.get(id) ?? []);
    },
  };
};
