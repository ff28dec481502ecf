import type { NeedsStore } from '../../../application/ports/index.ts';
import type { WorkerNeeds } from '../../../domain/fleet/needs.ts';

type Noted = { readonly needs: WorkerNeeds; readonly expiresAt: number };

export const createMemoryNeedsStore = (): NeedsStore => {
  const pools = new Map<string, Map<string, Noted>>();
  return {
    note: async (pool, queue, needs, expiresAt) => {
      const queues = pools.get(pool) ?? new Map<string, Noted>();
      pools.set(pool, queues);
      const before = queues.get(queue);
      if (before === undefined || before.expiresAt < expiresAt) {
        queues.set(queue, { needs, expiresAt });
      }
    },
    list: async (pool, now) =>
      new Map(
        [...(pools.get(pool) ?? [])].flatMap(([queue, { needs, expiresAt }]) =>
          expiresAt > now ? [[queue, needs] as const] : [],
        ),
      ),
  };
};
