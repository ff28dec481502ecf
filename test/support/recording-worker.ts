/**
 * A program: a worker whose handlers write down what they do, so that a test can tell how often something was done, not
 * only how often it was reported. Appending is atomic for lines this short, and what was written survives a SIGKILL.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTextLogger, Worker } from '../../lib/worker/index.ts';

export type RecordingWorkerSettings = {
  readonly url: string;
  readonly token: string;
  readonly name: string;
  readonly handlers: readonly string[];
  readonly maxTasks: number;
  readonly pool?: string;
  /** Built-in handlers, beside those that record. */
  readonly allow?: readonly 'shell'[];
  readonly spoolDirectory: string;
  /** Where it writes `start <run> <attempt>` and `end <run> <attempt>`. */
  readonly effectsFile: string;
};

/** What the handlers take: how long it lasts, and something long. */
export type RecordedWork = { readonly ms?: number; readonly text?: string };

const { handlers, effectsFile, ...options } = JSON.parse(process.env.RECORDING_WORKER ?? '') as RecordingWorkerSettings;
const worker = new Worker({ ...options, logger: createTextLogger((line) => process.stderr.write(line)) });

for (const name of handlers) {
  worker.handle(name, async ({ run, attempt, payload }, { signal }) => {
    const { ms = 0, text } = payload as RecordedWork;
    appendFileSync(effectsFile, `start ${run} ${attempt}\n`);
    await sleep(ms, undefined, { signal });
    appendFileSync(effectsFile, `end ${run} ${attempt}\n`);
    return text === undefined ? 'done' : `done with ${text.length} characters`;
  });
}

process.once('SIGTERM', () => {
  void worker.drain(5_000).then(() => process.exit(0));
});
await worker.start();
// The only line on standard output: the control plane has welcomed it.
process.stdout.write('connected\n');
