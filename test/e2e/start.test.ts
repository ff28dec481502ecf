/** `npm start` as a person has it: a program that starts others, and that leaves none of them behind. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTaskClient } from '../../lib/local/demo/task-client.ts';
import { ended, hasEnded } from '../../lib/local/processes/tethered.ts';
import { REPOSITORY, STATE_DIR } from '../../lib/local/stack.ts';
import { SOON_MS } from '../support/local-stack.ts';
import { familyOf, type Running, runningProcesses, stillRunning } from '../support/processes.ts';
import { until } from '../support/until.ts';

const GONE_WITHIN_MS = 30_000;
const LONG = { timeout: 90_000 };

const temporaryDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'cronsaga-e2e-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

/** In a process group of its own, like a command in a terminal: Ctrl-C goes to all of it. */
const run = (command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
  const child = spawn(command, args, {
    cwd: REPOSITORY,
    detached: true,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: 'pipe',
  });
  const output: string[] = [];
  child.stdout.on('data', (chunk) => output.push(String(chunk)));
  child.stderr.on('data', (chunk) => output.push(String(chunk)));
  const pid = child.pid ?? 0;
  onTestFinished(async () => {
    if (!hasEnded(child)) {
      process.kill(-pid, 'SIGKILL');
      await ended(child);
    }
  });
  const text = (): string => output.join('');
  return {
    pid,
    text,
    ready: () =>
      until('line that says it is ready', () => {
        if (hasEnded(child)) {
          throw new Error(`It ended instead:\n${text()}`);
        }
        const [, url] = /Cronsaga is ready[\s\S]*?HTTP +(http:\/\/127\.0\.0\.1:\d+)/.exec(text()) ?? [];
        return url;
      }),
    press: (signal: NodeJS.Signals): void => {
      process.kill(-pid, signal);
    },
    exit: async () => {
      await until('end of the program', () => (hasEnded(child) ? true : undefined), GONE_WITHIN_MS);
      return { code: child.exitCode, signal: child.signalCode };
    },
  };
};

const start = (...args: readonly string[]) => run(process.execPath, ['bin/start.ts', '--port', '0', ...args]);

/** A task that would run for five minutes, with what it started. */
const startLongTask = async (url: string): Promise<readonly Running[]> => {
  const groupFile = join(temporaryDirectory(), 'group');
  const command = `echo $$ > ${groupFile}; (sleep 300; true) & sleep 300; true`;
  await createTaskClient(url).create({ executeAt: Date.now() + SOON_MS, type: 'shell', payload: { command } });
  return until('the processes of the task', () => {
    try {
      const group = Number(readFileSync(groupFile, 'utf8'));
      const members = runningProcesses().filter((one) => one.group === group);
      return members.length >= 3 ? members : undefined;
    } catch {
      return undefined;
    }
  });
};

const expectAllGone = async (known: readonly Running[]): Promise<void> => {
  expect(known.length).toBeGreaterThan(1);
  await until(
    'end of all that it started',
    () => (stillRunning(known).length === 0 ? true : undefined),
    GONE_WITHIN_MS,
  ).catch(() => expect(stillRunning(known)).toEqual([]));
};

describe('npm start', () => {
  it('says where it is, takes a task, and ends with everything that it started', LONG, async () => {
    const app = run('npm', ['start', '--', '--port', '0']);
    const url = await app.ready();
    expect(app.text()).toContain('groups D and E answer without a key or a login');
    const [, adminKey = '', adminFile = ''] = /Admin key +(csk_\S+) \(also in (\S+)\)/.exec(app.text()) ?? [];
    const [, workerFile = ''] = /Worker key +in ([^\s,]+)/.exec(app.text()) ?? [];
    const keyIn = (file: string): string => {
      expect(statSync(join(REPOSITORY, file)).mode & 0o777).toBe(0o600);
      return readFileSync(join(REPOSITORY, file), 'utf8');
    };
    expect(keyIn(adminFile)).toBe(adminKey);
    const statusOf = async (path: string, key?: string): Promise<number> => {
      const init = key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } };
      return (await fetch(`${url}${path}`, init)).status;
    };
    expect(await statusOf('/api/auth/profile', adminKey)).toBe(200);
    expect(await statusOf('/api/auth/profile')).toBe(401);
    // Payloads are for workers. (There is no such run.)
    expect(await statusOf('/api/runs/1/payload', keyIn(workerFile))).toBe(404);
    expect(await statusOf('/api/runs/1/payload')).toBe(401);

    const task = await startLongTask(url);
    const family = [...familyOf(app.pid), ...task];
    expect(family.some(({ args }) => args.includes('DynamoDBLocal'))).toBe(true);
    expect(family.some(({ args }) => args.includes('bin/worker.ts'))).toBe(true);
    app.press('SIGINT');
    await app.exit();
    expect(app.text()).toContain('Stopping');
    await expectAllGone(family);
  });

  it('ends at once at a second Ctrl-C', LONG, async () => {
    const app = start();
    const task = await startLongTask(await app.ready());
    const family = [...familyOf(app.pid), ...task];
    app.press('SIGINT');
    await until('the word that it stops', () => (app.text().includes('Stopping') ? true : undefined));
    // A person's pause: npm sends what the terminal has sent already, so two signals in a moment count as one.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    app.press('SIGINT');
    expect(await app.exit()).toEqual({ code: 1, signal: null });
    await expectAllGone(family);
  });

  it('takes everything with it when it is killed', LONG, async () => {
    const app = start();
    const url = await app.ready();
    onTestFinished(() => {
      for (const name of ['admin', 'worker']) {
        rmSync(join(STATE_DIR, `${name}-key-${new URL(url).port}`), { force: true });
      }
    });
    const task = await startLongTask(url);
    const family = [...familyOf(app.pid), ...task];
    process.kill(app.pid, 'SIGKILL');
    expect(await app.exit()).toEqual({ code: null, signal: 'SIGKILL' });
    await expectAllGone(family);
  });

  it('needs no Java with --engine memory', LONG, async () => {
    // A search path with a shell for the task, and nothing else.
    const bin = temporaryDirectory();
    symlinkSync('/bin/sh', join(bin, 'sh'));
    const app = run(process.execPath, ['bin/start.ts', '--port', '0', '--engine', 'memory'], {
      PATH: bin,
      JAVA_HOME: '',
    });
    const url = await app.ready();
    const client = createTaskClient(url);
    const { id } = await client.create({
      executeAt: Date.now() + SOON_MS,
      type: 'shell',
      payload: { command: 'echo yes' },
    });
    const task = await until('end of the task', async () => {
      const read = await client.get(id);
      return read.completed_at === undefined ? undefined : read;
    });
    expect(task).toMatchObject({ status: 'completed', output: 'yes\n' });
    const family = familyOf(app.pid);
    app.press('SIGINT');
    expect(await app.exit()).toEqual({ code: 0, signal: null });
    await expectAllGone(family);
  });

  it('says in one line what to do about a missing Java', async () => {
    const app = run(process.execPath, ['bin/start.ts', '--port', '0'], { PATH: temporaryDirectory(), JAVA_HOME: '' });
    expect(await app.exit()).toEqual({ code: 1, signal: null });
    expect(app.text()).toMatch(/^Java is missing: install Java 17 or later, or .*--engine memory.*\n$/);
  });

  it('says in one line what to do about a port that is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const app = run(process.execPath, ['bin/start.ts', '--port', String(port)]);
    expect(await app.exit()).toEqual({ code: 1, signal: null });
    expect(app.text()).toBe(`Port ${port} is taken: choose another with "npm start -- --port N"\n`);
  });
});
