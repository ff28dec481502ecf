/** Workers as processes of their own: they can be killed like a machine that loses its power. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onLines } from '../../lib/local/processes/lines.ts';
import { ended, hasEnded } from '../../lib/local/processes/tethered.ts';
import { REPOSITORY } from '../../lib/local/stack.ts';
import type { RecordingWorkerSettings } from './recording-worker.ts';

export type Effect = { readonly what: 'start' | 'end'; readonly run: number; readonly attempt: number };

export type WorkerProgram = {
  readonly name: string;
  readonly pid: number;
  /** Resolves when it is welcomed; rejects with what it said when it ends before. */
  readonly connected: Promise<void>;
  /** SIGKILL: nothing can be cleaned up. */
  readonly kill: () => Promise<void>;
  /** SIGTERM, and SIGKILL when that is not heeded. */
  readonly stop: () => Promise<void>;
  /** What it said, for a failed test. */
  readonly output: () => string;
};

export type WorkerProcess = WorkerProgram & {
  /** What its handlers did, in order. */
  readonly effects: () => readonly Effect[];
};

const STOPPED_WITHIN_MS = 10_000;

const readEffects = (file: string): readonly Effect[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line) => {
          const [, what, run, attempt] = /^(start|end) (\d+) (\d+)$/.exec(line) ?? [];
          return what === 'start' || what === 'end' ? [{ what, run: Number(run), attempt: Number(attempt) }] : [];
        })
    : [];

/**
 * @param program of the repository
 * @param variables of its environment: its settings
 */
export const startWorkerProgram = (
  name: string,
  program: string,
  variables: Readonly<Record<string, string>>,
): WorkerProgram => {
  const child: ChildProcess = spawn(
    process.execPath,
    // It follows this process: a test that is interrupted leaves nothing behind.
    [...['--import', join(REPOSITORY, 'lib/local/processes/follow-parent.ts')], join(REPOSITORY, program)],
    {
      env: { ...process.env, NODE_OPTIONS: '', ...variables },
      stdio: 'pipe',
      detached: true,
    },
  );
  const said: string[] = [];
  const connected = new Promise<void>((resolve, reject) => {
    if (child.stdout && child.stderr) {
      onLines(child.stderr, (line) => said.push(line));
      onLines(child.stdout, () => resolve());
    }
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`Worker ${name} ended:\n${said.join('\n')}`)));
  });
  connected.catch(() => undefined);
  const end = async (signal: NodeJS.Signals, thenKillMs?: number): Promise<void> => {
    if (hasEnded(child)) {
      return;
    }
    child.kill(signal);
    const timer = thenKillMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), thenKillMs);
    await ended(child);
    clearTimeout(timer);
  };
  return {
    name,
    pid: child.pid ?? 0,
    connected,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM', STOPPED_WITHIN_MS),
    output: () => said.join('\n'),
  };
};

/**
 * @param directory where its undelivered results and its effects are kept, under its name: one that is started again with
 * the same name in the same directory finds them
 */
export const startWorkerProcess = (
  settings: Pick<RecordingWorkerSettings, 'url' | 'token' | 'name' | 'handlers' | 'pool' | 'allow'> & {
    readonly maxTasks?: number;
  },
  directory: string,
): WorkerProcess => {
  const effectsFile = join(directory, `${settings.name}.effects`);
  const full: RecordingWorkerSettings = {
    maxTasks: 10,
    ...settings,
    spoolDirectory: join(directory, `${settings.name}.spool`),
    effectsFile,
  };
  const program = startWorkerProgram(settings.name, 'test/support/recording-worker.ts', {
    RECORDING_WORKER: JSON.stringify(full),
  });
  return { ...program, effects: () => readEffects(effectsFile) };
};
