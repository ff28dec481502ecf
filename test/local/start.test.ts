import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { writeKeyFile } from '../../lib/local/key-file.ts';
import { REPOSITORY, STATE_DIR } from '../../lib/local/stack.ts';
import { familyOf, type Running, stillRunning } from '../support/processes.ts';

let child: ChildProcess | undefined;
afterEach(() => child?.kill('SIGKILL'));

/** `npm start` on a free port, ready. */
const start = async (...args: string[]) => {
  const started = spawn(process.execPath, [join(REPOSITORY, 'bin', 'start.ts'), '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  let output = '';
  started.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  await expect.poll(() => output, { timeout: 25_000 }).toContain('Try it:');
  const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1] ?? '';
  const keyFiles = ['admin', 'worker'].map((name) => join(STATE_DIR, `${name}-key-${port}`));
  return { process: started, output: () => output, url: `http://127.0.0.1:${port}`, keyFiles };
};

/** Every process below this one. */
const descendants = (root: number | undefined): readonly Running[] => familyOf(root ?? -1).slice(1);

describe('npm start', () => {
  it('ends every process that it started at the first Ctrl-C', async () => {
    const { process: stack, output, url, keyFiles } = await start();
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(keyFiles.map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
    // The JVM with its shell, the worker.
    const below = descendants(stack.pid);
    expect(below.length).toBeGreaterThanOrEqual(3);
    stack.kill('SIGINT');
    const [code] = await once(stack, 'exit');
    expect(code).toBe(0);
    expect(output()).toContain('Ctrl-C again stops at once');
    await expect.poll(() => stillRunning(below), { timeout: 10_000 }).toEqual([]);
    expect(keyFiles.filter((file) => existsSync(file))).toEqual([]);
  });

  it('ends them at once at the second', async () => {
    const { process: stack, output, url, keyFiles } = await start('--engine', 'memory');
    // Its worker holds a task that would take longer than the drain.
    const task = {
      task_type: 'shell',
      payload: { command: 'sleep 60' },
      execute_at: new Date(Date.now() + 500).toISOString(),
    };
    const headers = { 'content-type': 'application/json' };
    await fetch(`${url}/api/v1/tasks`, { method: 'POST', headers, body: JSON.stringify(task) });
    await expect
      .poll(() => fetch(`${url}/api/v1/tasks?status=processing`).then((it) => it.text()), { timeout: 15_000 })
      .toContain('"status":"processing"');
    const below = descendants(stack.pid);
    const exit = once(stack, 'exit');
    const exited = () => stack.exitCode !== null;
    // As npm does: the first comes twice.
    stack.kill('SIGINT');
    await expect.poll(output).toContain('Ctrl-C again stops at once');
    stack.kill('SIGINT');
    await expect.poll(() => exited() || stack.kill('SIGINT') === false, { interval: 400, timeout: 10_000 }).toBe(true);
    expect((await exit)[0]).toBe(1);
    await expect.poll(() => stillRunning(below), { timeout: 10_000 }).toEqual([]);
    expect(keyFiles.filter((file) => existsSync(file))).toEqual([]);
  });

  it('leaves none behind when it is killed itself', async () => {
    const { process: stack, keyFiles } = await start();
    const below = descendants(stack.pid);
    expect(below.length).toBeGreaterThanOrEqual(3);
    stack.kill('SIGKILL');
    await expect.poll(() => stillRunning(below), { timeout: 15_000 }).toEqual([]);
    for (const file of keyFiles) {
      rmSync(file);
    }
  });
});

it('a key file is readable for its owner only, also when it was there before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cronsaga-key-'));
  const file = join(folder, 'state', 'worker-key');
  await writeKeyFile(file, 'first');
  execFileSync('chmod', ['644', file]);
  await writeKeyFile(file, 'second');
  expect(readFileSync(file, 'utf8')).toBe('second');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  rmSync(folder, { recursive: true });
});
