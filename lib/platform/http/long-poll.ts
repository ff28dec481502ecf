/** Waiting for something to answer, while the request is open. */

export type Waiting = {
  /** Epoch ms. */
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
};

/** A look is a read or two; what is waited for comes in batches of a second. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 1_000;

/** Looks until the finding is worth an answer or the time is up. @returns the last finding */
export const lookUntil = async <T>(
  look: () => Promise<T>,
  isWorthAnAnswer: (found: T) => boolean,
  waitMs: number,
  { now, pause }: Waiting,
): Promise<T> => {
  const end = now() + waitMs;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    const found = await look();
    const left = end - now();
    if (isWorthAnAnswer(found) || left <= 0) {
      return found;
    }
    await pause(Math.min(pauseMs, left));
    pauseMs = LONGEST_PAUSE_MS;
  }
};
