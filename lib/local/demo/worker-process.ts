/** `bin/worker.ts` as a process of its own, as `npm run worker` would start it; it ends with this process. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { withoutAdmin } from '../admin.ts';
import { onLines } from '../processes/lines.ts';
import { ended, killGroup } from '../processes/tethered.ts';
import { REPOSITORY } from '../stack.ts';

export type WorkerProcess = {
  /** Asks it to finish and leave; when the time is over, to kill what it runs and leave. */
  readonly stop: (withinMs: number) => Promise<void>;
};

/** What it takes a worker to kill its runs and say goodbye, with a margin. */
const KILLED_WITHIN_MS = 5_000;

export const startWorkerProcess = (options: {
  readonly url: string;
  /** An API key. */
  readonly token: string;
  /** Besides --url. */
  readonly args: readonly string[];
  readonly onOutput: (line: string) => void;
}): WorkerProcess => {
  const followParent = join(REPOSITORY, 'lib/local/processes/follow-parent.ts');
  const child = spawn(
    process.execPath,
    ['--import', followParent, join(REPOSITORY, 'bin/worker.ts'), '--url', options.url, ...options.args],
    // The key stays out of the process list. Ctrl-C is for us: the worker is told when its turn has come.
    { env: { ...withoutAdmin(process.env), CRONSAGA_TOKEN: options.token }, stdio: 'pipe', detached: true },
  );
  onLines(child.stdout, options.onOutput);
  onLines(child.stderr, options.onOutput);
  child.once('error', (error) => options.onOutput(String(error)));
  return {
    stop: async (withinMs) => {
      child.kill('SIGTERM');
      // Only the worker can kill what it runs: its tasks have process groups of their own.
      const again = setTimeout(() => child.kill('SIGINT'), withinMs);
      const last = setTimeout(() => killGroup(child), withinMs + KILLED_WITHIN_MS);
      await ended(child);
      clearTimeout(again);
      clearTimeout(last);
    },
  };
};
