import { RUN_SHARDS } from '../../domain/ids.ts';
import { mergeNewest } from '../runs/merge-newest.ts';
import type { Page } from './api.ts';

/** Rows that one request reads in search of matches. A dense majority that does not match must not cost without end. */
const MOST_EXAMINED = 2_000;
/** Rows that a shard is asked for at a time, at the most. */
const MOST_PER_SHARD = 100;
/** A row is created soon after its number was drawn: rows in order of their numbers are in order of creation but for this. */
const OUT_OF_ORDER_MS = 60_000;

export type NewestQuery<T> = {
  /** One of the 16 shards: items below `before`, the newest first. */
  readonly newest: (query: {
    readonly shard: number;
    readonly before?: string;
    readonly limit: number;
  }) => Promise<readonly T[]>;
  readonly idOf: (row: T) => string;
  readonly createdAt: (row: T) => number;
  readonly matches: (row: T) => boolean;
  /** Nothing older is looked for. Epoch ms. */
  readonly since?: number;
  readonly offset: number;
  readonly limit: number;
  /** What a counter says that matches; absent: those that match are counted while reading. */
  readonly counted?: number;
};

/** A page of rows that lie in 16 shards, newest first. */
export const readPage = async <T>(query: NewestQuery<T>): Promise<Page<T>> => {
  const { newest, idOf, createdAt, matches, since, offset, limit, counted } = query;
  const end = offset + limit;
  const perShard = Math.min(MOST_PER_SHARD, Math.ceil((end + 1) / RUN_SHARDS) + 2);
  const shards = Array.from({ length: RUN_SHARDS }, (_, shard) => shard);
  const merged = mergeNewest<T>(
    shards.map(
      (shard) => (before, many) => newest({ shard, limit: many, ...(before === undefined ? {} : { before }) }),
    ),
    idOf,
    undefined,
    perShard,
  );
  const rows: T[] = [];
  let [matched, examined] = [0, 0];
  const page = (whole: boolean, partial: boolean): Page<T> => ({
    rows,
    total: whole ? matched : Math.max(matched, counted ?? 0),
    partial,
  });
  for await (const row of merged) {
    if (since !== undefined && createdAt(row) < since - OUT_OF_ORDER_MS) {
      return page(true, false);
    }
    examined += 1;
    if (matches(row) && (since === undefined || createdAt(row) >= since)) {
      matched += 1;
      if (matched > offset && matched <= end) {
        rows.push(row);
      }
      if (matched > end && counted !== undefined) {
        return page(false, false);
      }
    }
    if (examined - Math.min(matched, end) >= MOST_EXAMINED) {
      return page(false, true);
    }
  }
  return page(true, false);
};
