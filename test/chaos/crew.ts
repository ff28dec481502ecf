/** The workers of a chaos run, each a process of its own, and what is done to some of them. */
import type { LocalStack } from '../../lib/local/stack.ts';
import { startFrameProxy } from '../support/frame-proxy.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

export const WORKERS = 10;
export const SLOTS = 10;
/** Killed while they hold runs. */
export const VICTIMS = ['worker-1', 'worker-2'];
/** Its sockets are cut, again and again. */
export const CUT = 'worker-3';
/** It gets and sends every frame twice. */
export const DOUBLED = 'worker-4';

const CUT_EVERY_MS = 3_000;

export type Crew = {
  readonly workers: readonly WorkerProcess[];
  readonly beginToCut: () => void;
  readonly cuts: () => number;
  readonly doubledFrames: () => number;
  readonly stop: () => Promise<void>;
};

export const startCrew = async (stack: LocalStack, handler: string, directory: string): Promise<Crew> => {
  let doubled = 0;
  let cuts = 0;
  let cutting: NodeJS.Timeout | undefined;
  const cutProxy = await startTcpProxy(stack.port);
  const doublingProxy = await startFrameProxy(stack.wsUrl, () => {
    doubled += 1;
    return 2;
  });
  const urls: Readonly<Record<string, string>> = {
    [CUT]: `ws://127.0.0.1:${cutProxy.port}`,
    [DOUBLED]: doublingProxy.url,
  };
  const workers: WorkerProcess[] = [];
  const stop = async (): Promise<void> => {
    clearInterval(cutting);
    await Promise.all(workers.map((worker) => worker.stop()));
    await cutProxy.close();
    await doublingProxy.close();
  };
  try {
    for (let number = 1; number <= WORKERS; number += 1) {
      const name = `worker-${number}`;
      const url = urls[name] ?? stack.wsUrl;
      const worker = startWorkerProcess(
        { url, token: stack.workerKey, name, handlers: [handler], maxTasks: SLOTS },
        directory,
      );
      workers.push(worker);
      // One after the other: ten programs that load at once would only wait for each other.
      await worker.connected;
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    workers,
    beginToCut: () => {
      cutting = setInterval(() => {
        cuts += 1;
        cutProxy.cut();
      }, CUT_EVERY_MS);
    },
    cuts: () => cuts,
    doubledFrames: () => doubled,
    stop,
  };
};
