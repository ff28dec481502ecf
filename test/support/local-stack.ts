/** The whole application for a test, with a directory of its own that goes with it. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Task } from '../../lib/contracts/http/task.ts';
import { createTaskClient, type TaskClient } from '../../lib/local/demo/task-client.ts';
import { type LocalStack, startLocalStack } from '../../lib/local/stack.ts';
import { until } from './until.ts';

/**
 * A task is due so soon: late enough for a slow machine to have read the request by then (an instant that has passed is
 * refused), soon enough to be dispatched in the request itself.
 */
export const SOON_MS = 2_500;

export type TestStack = {
  readonly stack: LocalStack;
  readonly client: TaskClient;
  readonly directory: string;
  /** Everything that was logged so far, a JSON object a line. */
  readonly log: () => string;
  /** The task, when it has ended (a cancelled one: when its end is proven or given up). */
  readonly ended: (id: number, withinMs?: number) => Promise<Task>;
  readonly stop: () => Promise<void>;
};

const DRAIN_MS = 1_000;

export const hasEnded = ({ status, evidence }: Task): boolean =>
  status === 'completed' || status === 'failed' || (status === 'cancelled' && evidence?.state !== 'pending');

export const startTestStack = async (options: {
  readonly engine: 'aws' | 'memory';
  /** Whether the worker `local` with the built-in handlers comes with it. */
  readonly worker: boolean;
}): Promise<TestStack> => {
  const directory = mkdtempSync(join(tmpdir(), 'cronsaga-e2e-'));
  const logFile = join(directory, 'stack.log');
  const stack = await startLocalStack({ port: 0, ...options, log: { file: logFile } });
  const client = createTaskClient(stack.url);
  return {
    stack,
    client,
    directory,
    log: () => readFileSync(logFile, 'utf8'),
    ended: (id, withinMs) =>
      until(
        `end of task ${id}`,
        async () => {
          const task = await client.get(id);
          return hasEnded(task) ? task : undefined;
        },
        withinMs,
      ),
    stop: async () => {
      await stack.stop(DRAIN_MS);
      await rm(directory, { recursive: true, force: true });
    },
  };
};
