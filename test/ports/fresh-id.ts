import { RUN_SHARDS } from '../../lib/domain/ids.ts';

const BASE = 4_000_000_000_000_000;
let count = 0;

/** An id that no test has used, larger than all before it. @param shard where it lies; by default any */
export const freshId = (shard?: number): string => {
  count += 1;
  return String(BASE + count * RUN_SHARDS + (shard ?? count % RUN_SHARDS));
};
