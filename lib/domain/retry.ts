/** Delay before the next try: exponential backoff with full jitter, so that a failed herd does not come back as one. */

const BASE_MS = 1_000;
const CAP_MS = 60 * 60_000;

/**
 * @param tries tries that have ended badly so far, at least 1
 * @param chance uniform in [0, 1)
 * @returns milliseconds in [0, min(1 h, 1 s · 2^(tries−1)))
 */
export const retryDelayMs = (tries: number, chance: number): number => {
  const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** (tries - 1));
  return Math.floor(ceiling * chance);
};
