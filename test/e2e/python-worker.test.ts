/** The example worker in Python, which has no socket and nothing beyond the standard library, against the real handlers. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SOON_MS, startTestStack, type TestStack } from '../support/local-stack.ts';
import { until } from '../support/until.ts';

const SCRIPT = join(import.meta.dirname, '../../examples/worker.py');
const hasPython = spawnSync('python3', ['--version']).status === 0;
/** A cancel reaches a worker that executes something with its next poll, a second later. */
const WITHIN_MS = 40_000;

describe.skipIf(!hasPython)('examples/worker.py (skipped where there is no python3)', () => {
  let running: TestStack | undefined;
  let worker: ChildProcess | undefined;
  const complaints: string[] = [];

  const app = (): TestStack => {
    if (!running) {
      throw new Error('The stack did not start');
    }
    return running;
  };
  const create = (command: string) =>
    app().client.create({ executeAt: Date.now() + SOON_MS, type: 'shell', payload: { command } });

  beforeAll(async () => {
    running = await startTestStack({ engine: 'memory', worker: false });
    const { stack } = running;
    worker = spawn('python3', [SCRIPT, 'python-1'], {
      env: { PATH: process.env.PATH, CRONSAGA_URL: stack.url, CRONSAGA_TOKEN: stack.workerKey },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    worker.stderr?.on('data', (chunk: Buffer) => complaints.push(String(chunk)));
  }, 60_000);

  afterAll(async () => {
    if (worker !== undefined && worker.exitCode === null) {
      const exited = once(worker, 'exit');
      worker.kill('SIGTERM');
      await exited;
    }
    await running?.stop();
  }, 30_000);

  it('executes a command and reports its output', { timeout: WITHIN_MS }, async () => {
    const { id } = await create('echo "hello from $(basename "$0")"; echo aside >&2; printf 報');
    expect(await app().ended(id, WITHIN_MS)).toMatchObject({
      status: 'completed',
      attempts: 1,
      exit_code: 0,
      worker: 'python-1',
      output: 'hello from sh\n報',
      log: 'aside\n',
    });
  });

  it('executes several at a time, and reports a failure', { timeout: WITHIN_MS }, async () => {
    const meeting = join(app().directory, 'meeting');
    const waiting = await create(`while [ ! -e ${meeting} ]; do sleep 0.05; done; echo met`);
    const meeter = await create(`touch ${meeting}`);
    const failing = await app().client.create({
      executeAt: Date.now() + SOON_MS,
      type: 'shell',
      payload: { command: 'echo no >&2; exit 3' },
      maxAttempts: 1,
    });
    expect(await app().ended(waiting.id, WITHIN_MS)).toMatchObject({ status: 'completed', output: 'met\n' });
    expect(await app().ended(meeter.id, WITHIN_MS)).toMatchObject({ status: 'completed' });
    expect(await app().ended(failing.id, WITHIN_MS)).toMatchObject({
      status: 'failed',
      exit_code: 3,
      error_message: 'no\n',
    });
  });

  it('fetches a payload that is too large for an order', { timeout: WITHIN_MS }, async () => {
    const { id } = await create(`: ${'x'.repeat(30_000)}; echo long`);
    expect(await app().ended(id, WITHIN_MS)).toMatchObject({ status: 'completed', output: 'long\n' });
  });

  it('ends what is cancelled, and says with which signal', { timeout: WITHIN_MS }, async () => {
    const begun = join(app().directory, 'begun');
    const { id } = await create(`touch ${begun}; sleep 300`);
    await until('the command', async () => (existsSync(begun) ? true : undefined), WITHIN_MS);
    await app().client.cancel(id);
    expect(await app().ended(id, WITHIN_MS)).toMatchObject({
      status: 'cancelled',
      evidence: { state: 'exited', signal: 'SIGTERM' },
    });
  });

  it('had nothing to complain of', () => {
    expect(complaints).toEqual([]);
  });
});
