/** Waits for a condition instead of for a time: looks until it finds something, and says what it waited for when not. */
const FIRST_PAUSE_MS = 50;
/** A condition that takes long is looked at less often: looking costs what is looked at some of its time. */
const LONGEST_PAUSE_MS = 1_000;

export const until = async <T>(
  what: string,
  find: () => Promise<T | undefined> | T | undefined,
  withinMs = 30_000,
): Promise<T> => {
  const deadline = Date.now() + withinMs;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    const found = await find();
    if (found !== undefined) {
      return found;
    }
    if (Date.now() > deadline) {
      throw new Error(`Within ${withinMs / 1_000} s there was no: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 1.2);
  }
};
