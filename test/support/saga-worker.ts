/**
 * A program: workers that do and undo the steps of transactions, and write down each attempt. What a step is to do comes
 * with its payload. All handlers are the same: which step it is, and whether it is done or undone, the run's id tells.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTextLogger, type Handler, Worker } from '../../lib/worker/index.ts';
import type { SagaEffect } from './saga-history.ts';
import type { SagaWork, SagaWorkerSettings } from './saga-worker-process.ts';

const {
  effectsFile,
  workers: count,
  name,
  ...options
} = JSON.parse(process.env.SAGA_WORKER ?? '') as SagaWorkerSettings;
const logger = createTextLogger((line) => process.stderr.write(line));
const workers = Array.from(
  { length: count },
  (_, index) =>
    new Worker({
      ...{ ...options, logger, name: `${name}-${index}` },
      spoolDirectory: join(options.spoolDirectory, String(index)),
    }),
);

const execute: Handler = async ({ run, attempt, payload }, { signal }) => {
  const { ms = 0, fails = 0, chars, ...given } = payload as SagaWork;
  const note = (what: SagaEffect['what']): void => appendFileSync(effectsFile, `${what} ${run} ${attempt}\n`);
  note('start');
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    note('stopped');
    throw error;
  }
  if (attempt <= fails) {
    note('failed');
    throw new Error(`${run} was told to fail`);
  }
  note('done');
  return { run, given, ...(chars === undefined ? {} : { text: 'x'.repeat(chars) }) };
};

for (const worker of workers) {
  worker.handle('do', execute);
  worker.handle('undo', execute);
}

process.once('SIGTERM', () => {
  void Promise.all(workers.map((worker) => worker.drain(5_000))).then(() => process.exit(0));
});
await Promise.all(workers.map((worker) => worker.start()));
// The only line on standard output: the control plane has welcomed them.
process.stdout.write('connected\n');
