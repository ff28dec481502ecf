/** A process of its own that executes the steps of transactions (./saga-worker.ts), and what it did. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SagaEffect } from './saga-history.ts';
import { startWorkerProgram, type WorkerProgram } from './worker-process.ts';

export type SagaWorkerSettings = {
  readonly url: string;
  readonly token: string;
  readonly name: string;
  /** So many, all in this process. */
  readonly workers: number;
  /** Of each of them. */
  readonly maxTasks: number;
  readonly allow: readonly 'http'[];
  readonly allowNetwork: readonly string[];
  readonly spoolDirectory: string;
  /** Where it writes `start`, `done`, `failed` or `stopped`, the run and the attempt. */
  readonly effectsFile: string;
};

/** What the payload of a step says. Whatever else is in it comes back in the output, under `given`. */
export type SagaWork = {
  readonly ms?: number;
  /** So many of the first attempts of a run fail. */
  readonly fails?: number;
  /** Length of a text in the output. */
  readonly chars?: number;
};

export type SagaWorkerProcess = WorkerProgram & {
  /** In order. */
  readonly effects: () => readonly SagaEffect[];
};

const EFFECT = /^(start|done|failed|stopped) (\d+)~(.+)~(c?)(\d+) (\d+)$/;

const isWhat = (word: string | undefined): word is SagaEffect['what'] =>
  word === 'start' || word === 'done' || word === 'failed' || word === 'stopped';

const readEffect = (line: string): readonly SagaEffect[] => {
  const [, what, saga, step, undo, n, attempt] = EFFECT.exec(line) ?? [];
  return isWhat(what) && saga !== undefined && step !== undefined
    ? [{ what, saga, step, undo: undo === 'c', n: Number(n), attempt: Number(attempt) }]
    : [];
};

export const startSagaWorker = (
  settings: Pick<SagaWorkerSettings, 'url' | 'token' | 'name' | 'workers' | 'maxTasks'>,
  directory: string,
): SagaWorkerProcess => {
  const effectsFile = join(directory, `${settings.name}.effects`);
  const full: SagaWorkerSettings = {
    ...settings,
    // Servers of the tests are on this machine.
    ...{ allow: ['http'], allowNetwork: ['127.0.0.1'] },
    spoolDirectory: join(directory, `${settings.name}.spool`),
    effectsFile,
  };
  const program = startWorkerProgram(settings.name, 'test/support/saga-worker.ts', {
    SAGA_WORKER: JSON.stringify(full),
  });
  return {
    ...program,
    effects: () => (existsSync(effectsFile) ? readFileSync(effectsFile, 'utf8').split('\n').flatMap(readEffect) : []),
  };
};
