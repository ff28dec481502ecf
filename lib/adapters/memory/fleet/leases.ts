import type { Lease, LeaseStore } from '../../../application/ports/index.ts';

export const createMemoryLeaseStore = (): LeaseStore => {
  /** Also those that are over: their fences must not come again. */
  const leases = new Map<string, Lease>();
  const held = (key: string, now: number): Lease | undefined => {
    const lease = leases.get(key);
    return lease !== undefined && lease.expiresAt > now ? lease : undefined;
  };
  return {
    acquire: async (key, value, expiresAt, now) => {
      if (held(key, now) !== undefined) {
        return undefined;
      }
      const lease = { value, fence: (leases.get(key)?.fence ?? now - 1) + 1, expiresAt };
      leases.set(key, lease);
      return lease;
    },
    release: async (key, value, now) => {
      const lease = held(key, now);
      if (lease?.value !== value) {
        return 'not_held';
      }
      leases.set(key, { ...lease, expiresAt: now });
      return 'released';
    },
    refresh: async (key, value, expiresAt, now) => {
      const lease = held(key, now);
      if (lease?.value !== value) {
        return undefined;
      }
      const longer = { ...lease, expiresAt };
      leases.set(key, longer);
      return longer;
    },
    find: async (key, now) => held(key, now),
  };
};
