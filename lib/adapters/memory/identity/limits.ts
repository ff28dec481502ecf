/** What holds callers back: failed logins and throttles. */
import type { AttemptStore, ThrottleStore } from '../../../application/ports/identity.ts';
import { type Attempts, withAttempt, withoutAttempt } from '../../attempt-log.ts';

export const createMemoryAttemptStore = (): AttemptStore => {
  const logs = new Map<string, Attempts>();
  return {
    count: async (key, limit) => {
      const counted = withAttempt(logs.get(key) ?? [], limit);
      if (counted.kind === 'limited') {
        return counted;
      }
      logs.set(key, counted.attempts);
      return { kind: 'counted' };
    },
    uncount: async (key, now) => {
      const attempts = withoutAttempt(logs.get(key) ?? [], now);
      if (attempts !== undefined) {
        logs.set(key, attempts);
      }
    },
    clear: async (key) => {
      logs.delete(key);
    },
  };
};

export const createMemoryThrottleStore = (): ThrottleStore => {
  /** When each bucket will be full again. */
  const tats = new Map<string, number>();
  return {
    take: async (key, { tokens, intervalMs, burst, now }) => {
      const tat = Math.max(tats.get(key) ?? now, now);
      const latest = now + (burst - tokens) * intervalMs;
      if (tat > latest) {
        return { kind: 'refused', retryAt: Math.ceil(now + tat - latest) };
      }
      tats.set(key, tat + tokens * intervalMs);
      return { kind: 'taken' };
    },
  };
};
