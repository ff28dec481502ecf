import type { Backfill, BackfillStore } from '../../../application/ports/index.ts';

const MAX_LISTED = 100;

const keyOf = (job: string, id: string): string => JSON.stringify([job, id]);

export const createMemoryBackfillStore = (
  onChange: (before: Backfill | undefined, after: Backfill) => void,
): BackfillStore => {
  const rows = new Map<string, Backfill>();
  return {
    create: async (backfill) => {
      const key = keyOf(backfill.job, backfill.id);
      if (rows.has(key)) {
        return false;
      }
      rows.set(key, backfill);
      onChange(undefined, backfill);
      return true;
    },
    get: async (job, id) => rows.get(keyOf(job, id)),
    write: async (before, after) => {
      const key = keyOf(before.job, before.id);
      const row = rows.get(key);
      if (row?.version !== before.version) {
        return false;
      }
      rows.set(key, after);
      onChange(row, after);
      return true;
    },
    list: async (job) =>
      [...rows.values()]
        .filter((backfill) => backfill.job === job)
        .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
        .slice(0, MAX_LISTED),
  };
};
