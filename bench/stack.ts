/** Starts the local stack as its own process, and stops it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';

const ROOT = join(import.meta.dirname, '..');
const STOPS_WITHIN_MS = 15_000;

const readySchema = z.object({ url: z.string(), wsUrl: z.string(), workerKey: z.string() });

export type StackProcess = z.output<typeof readySchema> & {
  readonly pid: number;
  /** From the start of the process to the answer that it is ready. */
  readonly readyMs: number;
  readonly stop: () => Promise<void>;
};

const firstLine = async (child: ChildProcess): Promise<string> => {
  if (child.stdout) {
    for await (const line of createInterface({ input: child.stdout })) {
      return line;
    }
  }
  throw new Error('The local stack did not start');
};

export const startStack = async (engine: 'aws' | 'memory'): Promise<StackProcess> => {
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    [
      // Ends with this process, however that ends: the pipe to it closes.
      ...['--import', join(ROOT, 'lib/local/processes/follow-parent.ts')],
      ...[join(ROOT, 'bench/stack-process.ts'), engine],
    ],
    { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const ready = readySchema.parse(JSON.parse(await firstLine(child)));
  const readyMs = performance.now() - startedAt;
  child.stdout.resume();
  return {
    ...ready,
    pid: child.pid ?? 0,
    readyMs,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS);
      await ended;
      clearTimeout(timer);
    },
  };
};
