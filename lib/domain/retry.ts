/**
 * Delay before the next try: what the run's own backoff says, to the millisecond; without one, exponential with full jitter, so
 * that a failed herd does not come back as one.
 */
import type { Backoff } from './run.ts';

const BASE_MS = 1_000;
const CAP_MS = 60 * 60_000;
/** Nobody waits longer for a try, whatever the factor makes of it. */
const OWN_CAP_MS = 30 * 24 * 60 * 60_000;

/**
 * @param tries tries that have ended badly so far, at least 1
 * @param chance uniform in [0, 1)
 * @returns milliseconds in [0, min(1 h, 1 s · 2^(tries−1))); with a backoff exactly min(30 d, everyMs · factor^(tries−1))
 */
export const retryDelayMs = (tries: number, chance: number, backoff?: Backoff): number => {
  if (backoff !== undefined) {
    return Math.floor(Math.min(OWN_CAP_MS, backoff.everyMs * backoff.factor ** (tries - 1)));
  }
  const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** (tries - 1));
  return Math.floor(ceiling * chance);
};
