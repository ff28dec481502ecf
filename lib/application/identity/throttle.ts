import type { ThrottleStore } from '../ports/identity.ts';

/** What a request counts for that leaves an entry in the audit log: so one principal cannot crowd the others out of it. */
export const RECORDED_TOKENS = 10;
/** How long leased tokens are good for. Longer would let a principal save them up beyond its burst; shorter costs writes. */
const LEASE_MS = 1_000;
/** Tokens in a lease at most: at 100 requests/s, two writes a second. */
const MAX_LEASE = 50;
/** One instance holds no more than this part of the burst, or a few instances could lock up all of it. */
const BURST_PART = 10;
/** A bucket that was found empty is not asked again for so long, so that a flood of requests is no flood of writes. */
const HOLD_OFF_MS = 100;
/** Principals remembered by one instance, the longest unused forgotten first (what is left of its lease is lost). */
const MAX_PRINCIPALS = 1_000;

/** @param tokens what the request counts for, where that is more than one */
export type Throttle = (
  key: string,
  tokens?: number,
) => Promise<{ readonly kind: 'taken' } | { readonly kind: 'refused'; readonly retryAt: number }>;

type Lease = {
  /** Tokens it began with; 0: there was none yet. */
  size: number;
  left: number;
  takenAt: number;
  /** Until when requests without a lease are refused unasked. */
  refusedUntil: number;
  asking: Promise<void> | undefined;
};

const holds = (lease: Lease, tokens: number, at: number): boolean =>
  lease.left >= tokens && at < lease.takenAt + LEASE_MS;

/** As many as were used in the last second, at most twice the last lease: what is leased and not used is lost. */
const nextSize = ({ size, left, takenAt }: Lease, max: number, at: number): number => {
  const passed = Math.max(at - takenAt, 1);
  const used = left > 0 ? size - left : (size * LEASE_MS) / passed;
  return passed >= 2 * LEASE_MS ? 1 : Math.max(1, Math.min(Math.floor(used), 2 * size, max));
};

/**
 * A token bucket for each principal: `ratePerSecond` over time and `burst` at once, over all instances. An instance leases
 * tokens ahead (1, 2, 4 … as they are used up) and hands them out from memory.
 *
 * Every token comes from the shared bucket before it is used, so never more than `burst + ratePerSecond · t` are admitted in
 * `t` seconds from a full bucket. A principal with tokens left is refused only where other instances hold them.
 */
export const createThrottle = ({
  store,
  ratePerSecond,
  burst,
  now,
}: {
  readonly store: ThrottleStore;
  readonly ratePerSecond: number;
  readonly burst: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}): Throttle => {
  const intervalMs = 1_000 / ratePerSecond;
  const max = Math.max(1, Math.min(MAX_LEASE, Math.floor(burst / BURST_PART)));
  const leases = new Map<string, Lease>();

  const leaseOf = (key: string): Lease => {
    const lease = leases.get(key) ?? {
      size: 0,
      left: 0,
      takenAt: Number.NEGATIVE_INFINITY,
      refusedUntil: Number.NEGATIVE_INFINITY,
      asking: undefined,
    };
    leases.delete(key);
    leases.set(key, lease);
    const [oldest] = leases.keys();
    if (leases.size > MAX_PRINCIPALS && oldest !== undefined) {
      leases.delete(oldest);
    }
    return lease;
  };

  const renew = async (key: string, lease: Lease, needed: number): Promise<void> => {
    const at = now();
    const take = async (tokens: number) => {
      const answer = await store.take(key, { tokens, intervalMs, burst, now: at });
      if (answer.kind === 'taken') {
        lease.size = tokens;
        lease.left = tokens;
        // Not `at`: after a slow write the lease would be over before anybody has had a token of it.
        lease.takenAt = now();
      }
      return answer;
    };
    const wanted = Math.max(needed, nextSize(lease, max, at));
    const answer = await take(wanted);
    if (answer.kind === 'refused') {
      // It tells when so many will be there, hence how many are there now: those are taken, and then the bucket is empty.
      const there = wanted - (answer.retryAt - at) / intervalMs;
      lease.refusedUntil = at + Math.max(HOLD_OFF_MS, (1 - there) * intervalMs);
      if (there >= 1) {
        await take(Math.floor(there));
      }
    }
  };

  return async (key, tokens = 1) => {
    const lease = leaseOf(key);
    const needed = Math.min(tokens, burst);
    for (;;) {
      if (holds(lease, needed, now())) {
        lease.left -= needed;
        return { kind: 'taken' };
      }
      if (now() < lease.refusedUntil) {
        return { kind: 'refused', retryAt: lease.refusedUntil };
      }
      lease.asking ??= renew(key, lease, needed).finally(() => {
        lease.asking = undefined;
      });
      await lease.asking;
    }
  };
};
