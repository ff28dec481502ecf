/** Promises that resolve when something has become true, or when their time is over. */
export function createWaiters() {
  const waiting = new Set<() => void>();
  return {
    /** To be called whenever one of the awaited things may have become true. */
    check(): void {
      for (const look of [...waiting]) look();
    },
    until(isTrue: () => boolean, withinMs: number): Promise<void> {
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          waiting.delete(look);
          resolve();
        };
        const look = (): void => {
          if (isTrue()) done();
        };
        const timer = setTimeout(done, withinMs);
        waiting.add(look);
        look();
      });
    },
  };
}
