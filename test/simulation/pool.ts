/** Threads that explore units of work, one each at a time. */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { type Account, explore, type Unit } from './explore.ts';

type Answer = { readonly account: Account } | { readonly error: string };

/** @param done after each unit; answers whether to go on */
export const exploreAll = async (
  units: readonly Unit[],
  done: (account: Account) => boolean,
  threads = Math.min(availableParallelism(), units.length),
): Promise<void> => {
  let next = 0;
  let goOn = true;
  const run = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url));
      const feed = (): void => {
        const unit = goOn ? units[next] : undefined;
        next += 1;
        if (unit === undefined) {
          void worker.terminate().then(() => resolve());
        } else {
          worker.postMessage(unit);
        }
      };
      worker.on('message', (answer: Answer) => {
        if ('error' in answer) {
          reject(new Error(answer.error));
          return;
        }
        goOn = done(answer.account) && goOn;
        feed();
      });
      worker.on('error', reject);
      feed();
    });
  await Promise.all(Array.from({ length: threads }, run));
};

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  port.on('message', (unit: Unit) => {
    explore(unit).then(
      (account) => port.postMessage({ account } satisfies Answer),
      (error: unknown) =>
        port.postMessage({
          error: `${JSON.stringify(unit)}: ${error instanceof Error ? error.stack : String(error)}`,
        } satisfies Answer),
    );
  });
}
