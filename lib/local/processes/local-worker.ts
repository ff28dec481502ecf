/** The worker that comes with the local stack: a process of its own, started again when it dies. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../../platform/logger.ts';
import { withoutAdmin } from '../admin.ts';
import { pause, within } from '../pause.ts';
import { onLines } from './lines.ts';
import { ended, hasEnded, killGroup } from './tethered.ts';

export type LocalWorker = {
  readonly pid: () => number | undefined;
  /** Asks it to drain; when the time is over, to end with its tasks. */
  readonly stop: (drainMs: number) => Promise<void>;
  /** Ends it with its tasks. */
  readonly kill: () => Promise<void>;
};

const PROGRAM = 'bin/worker.ts';
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/**
 * A worker that is asked a second time kills its tasks and leaves; only it can, as each task leads a process group of its
 * own. One that does not leave within this is killed itself.
 */
const LEAVE_WITHIN_MS = 2_000;
/** Two signals that are pending at once arrive as one. */
const BETWEEN_SIGNALS_MS = 50;
/** A worker that has lived this long was not broken from the start: its next restart waits little again. */
const SETTLED_MS = 60_000;

export const startLocalWorker = (options: {
  readonly root: string;
  readonly url: string;
  /** An API key that may connect to every pool. */
  readonly key: string;
  readonly compileCache: string;
  readonly logger: Logger;
  readonly onOutput: (line: string) => void;
}): LocalWorker => {
  const { root, url, key, compileCache, logger, onOutput } = options;
  const stopping = new AbortController();
  // Undelivered results outlive the worker, but not the stack that they belong to.
  const spool = mkdtempSync(join(tmpdir(), 'cronsaga-local-'));
  let child: ChildProcess | undefined;

  const start = (): ChildProcess => {
    const args = [
      '--name',
      'local',
      '--pool',
      'default',
      '--max-tasks',
      '10',
      '--allow',
      'shell,http,python',
      '--spool',
      spool,
    ];
    const started = spawn(
      process.execPath,
      ['--import', join(import.meta.dirname, 'follow-parent.ts'), join(root, PROGRAM), '--url', url, ...args],
      {
        cwd: root,
        // The key stays out of the process list.
        env: { ...withoutAdmin(process.env), CRONSAGA_TOKEN: key, NODE_COMPILE_CACHE: compileCache },
        stdio: 'pipe',
        // Ctrl-C in the terminal is for us: the worker is told when its turn has come.
        detached: true,
      },
    );
    onLines(started.stdout, onOutput);
    onLines(started.stderr, onOutput);
    started.once('error', (error) => logger.error('The worker could not be started', { error }));
    return started;
  };

  const keep = async (): Promise<void> => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const startedAt = Date.now();
      child = start();
      await ended(child);
      if (stopping.signal.aborted) {
        return;
      }
      failures = Date.now() - startedAt > SETTLED_MS ? 1 : failures + 1;
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
      const { exitCode, signalCode } = child;
      logger.error('The worker ended; it is started again', { exitCode, signal: signalCode, inMs: pauseMs });
      await pause(pauseMs, stopping.signal);
    }
  };
  const keeping = keep();

  const end = async (current: ChildProcess, drainMs: number): Promise<void> => {
    current.kill('SIGTERM');
    await within(drainMs, ended(current));
    if (!hasEnded(current)) {
      logger.warn('The worker is ended with its tasks');
      current.kill('SIGTERM');
      await within(LEAVE_WITHIN_MS, ended(current));
      killGroup(current);
    }
  };

  return {
    pid: () => child?.pid,
    stop: async (drainMs) => {
      stopping.abort();
      if (child && !hasEnded(child)) {
        await end(child, drainMs);
      }
      await keeping;
      await rm(spool, { recursive: true, force: true });
    },
    kill: async () => {
      stopping.abort();
      if (child && !hasEnded(child)) {
        await end(child, BETWEEN_SIGNALS_MS);
      }
      await rm(spool, { recursive: true, force: true });
    },
  };
};
