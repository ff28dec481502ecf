/** Waits, or less when the signal is aborted meanwhile. */
export const pause = (ms: number, stopping: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stopping.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, stopping.aborted ? 0 : ms);
    stopping.addEventListener('abort', done, { once: true });
  });

/** Waits for the work, but not longer than this; the work itself goes on. */
export const within = async (ms: number, work: Promise<unknown>): Promise<void> => {
  const over = new AbortController();
  await Promise.race([work, pause(ms, over.signal)]);
  over.abort();
};
