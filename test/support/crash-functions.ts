/**
 * Ends the threads of a local stack's functions at random moments, as a machine of Lambda's ends: whatever a function is in
 * the middle of is never finished, and nobody is told. The next invocation gets a new one.
 */
import type { Worker } from 'node:worker_threads';

export type Crashes = {
  /** How often each function has been ended so far. */
  readonly counts: () => Readonly<Record<string, number>>;
  /** From now on none is ended. */
  readonly stop: () => void;
};

export type CrashOptions = {
  /** How long a thread lives on average from when it is loaded, or from now on. */
  readonly lifeMs: number;
  /** After so many crashes there are no more. */
  readonly most: number;
  readonly chance: () => number;
};

/**
 * To be called before the stack starts, in its process.
 * @param entries of the functions, which their threads are named after
 * @returns what begins it
 */
export const prepareCrashes = (entries: readonly string[]): ((options: CrashOptions) => Crashes) => {
  const threads = new Map<Worker, string>();
  let doom: ((thread: Worker, entry: string) => void) | undefined;

  const watch = (thread: Worker): void => {
    const entry = entries.find((name) => name === thread.threadName);
    if (entry === undefined) {
      return;
    }
    threads.set(thread, entry);
    thread.once('exit', () => threads.delete(thread));
    // Its first message says that it is loaded.
    thread.once('message', () => doom?.(thread, entry));
  };
  process.on('worker', watch);

  return ({ lifeMs, most, chance }) => {
    const counts = new Map<string, number>();
    let left = most;
    const timers = new Set<NodeJS.Timeout>();
    doom = (thread, entry) => {
      // As likely at any moment as at any other, however long it has lived.
      const timer = setTimeout(
        () => {
          timers.delete(timer);
          if (left === 0) {
            return;
          }
          left -= 1;
          counts.set(entry, (counts.get(entry) ?? 0) + 1);
          void thread.terminate();
        },
        -Math.log(1 - chance()) * lifeMs,
      );
      timers.add(timer);
    };
    for (const [thread, entry] of threads) {
      doom(thread, entry);
    }
    return {
      counts: () => Object.fromEntries(counts),
      stop: () => {
        doom = undefined;
        process.off('worker', watch);
        for (const timer of timers) {
          clearTimeout(timer);
        }
      },
    };
  };
};
