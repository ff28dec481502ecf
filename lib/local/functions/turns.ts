/** Turns: at most so many at a time, the others in the order in which they came. */
export type TakeTurn = <T>(work: () => Promise<T>) => Promise<T>;

export const createTurns = (most: number): TakeTurn => {
  const waiting: (() => void)[] = [];
  let free = most;
  return async (work) => {
    if (free > 0) {
      free -= 1;
    } else {
      await new Promise<void>((begin) => waiting.push(begin));
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) {
        next();
      } else {
        free += 1;
      }
    }
  };
};
