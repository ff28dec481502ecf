import type { Clock } from './clock.ts';

/** Promises that resolve when something has become true, or when their time is over. */
export function createWaiters(clock: Clock) {
  const waiting = new Set<() => void>();
  return {
    /** To be called whenever one of the awaited things may have become true. */
    check(): void {
      for (const look of [...waiting]) look();
    },
    until(isTrue: () => boolean, withinMs: number): Promise<void> {
      return new Promise((resolve) => {
        const done = (): void => {
          cancel();
          waiting.delete(look);
          resolve();
        };
        const look = (): void => {
          if (isTrue()) done();
        };
        const cancel = clock.startTimer(withinMs, done);
        waiting.add(look);
        look();
      });
    },
  };
}
