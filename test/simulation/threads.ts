import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/**
 * Hands tasks to threads, one each at a time, as many threads as there are cores. The first that fails ends them all.
 * @param file what a thread runs: it answers every message with one of its own, and dies of what it throws
 * @param answered after each task; answers whether to go on
 */
export const inThreads = async <Task, Answer>(
  file: URL,
  tasks: readonly Task[],
  answered: (task: Task, answer: Answer) => boolean,
): Promise<void> => {
  const workers: Worker[] = [];
  let next = 0;
  let goOn = true;
  const run = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(file);
      workers.push(worker);
      let current: Task | undefined;
      const feed = (): void => {
        current = goOn ? tasks[next] : undefined;
        next += 1;
        if (current === undefined) {
          resolve();
        } else {
          worker.postMessage(current);
        }
      };
      worker.on('message', (answer: Answer) => {
        if (current !== undefined) {
          goOn = answered(current, answer) && goOn;
        }
        feed();
      });
      worker.on('error', (error) => reject(new Error(`${JSON.stringify(current)} ended its thread`, { cause: error })));
      feed();
    });
  try {
    await Promise.all(Array.from({ length: Math.min(availableParallelism(), tasks.length) }, run));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
};
