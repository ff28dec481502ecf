/** Locks that clients take on names of theirs. None of our own work leans on them. */
import { createHash } from 'node:crypto';
import type { Lease, Ports } from '../ports/index.ts';

export type Leases = {
  /** @returns nothing when somebody else holds it */
  readonly acquire: (key: string, forMs: number) => Promise<Lease | undefined>;
  readonly release: (key: string, value: string) => Promise<'released' | 'not_held'>;
  /** From now on for so long. @returns nothing when the value does not hold it (any more) */
  readonly refresh: (key: string, value: string, forMs: number) => Promise<Lease | undefined>;
  readonly find: (key: string) => Promise<Lease | undefined>;
};

/** 128 bits, as API A's document writes them: 32 hexadecimal digits. */
const hexOf = (token: string): string => createHash('sha256').update(token).digest('hex').slice(0, 32);

export const createLeases = ({ leases, now, token }: Pick<Ports, 'leases' | 'now' | 'token'>): Leases => ({
  acquire: (key, forMs) => {
    const at = now();
    return leases.acquire(key, hexOf(token()), at + forMs, at);
  },
  release: (key, value) => leases.release(key, value, now()),
  refresh: (key, value, forMs) => {
    const at = now();
    return leases.refresh(key, value, at + forMs, at);
  },
  find: (key) => leases.find(key, now()),
});
