import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunOrder } from '../../lib/contracts/frames.ts';
import { createWorker, startPlane, temporaryDirectory } from './start-worker.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;

async function startShellWorker() {
  const plane = await startPlane();
  const { worker } = createWorker(plane, { allow: ['shell', 'python'] });
  await worker.start();
  const hello = await plane.frame('hello');
  return {
    plane,
    worker,
    hello,
    push: (run: string, payload: unknown, fields: Partial<RunOrder> = {}) =>
      plane.push(hello, plane.order({ run, handler: 'shell', payload: JSON.stringify(payload), ...fields })),
    cancel: (run: string, graceMs: number) =>
      plane.send(hello.socket, { type: 'cancel', session: hello.frame.session, run, attempt: 1, graceMs }),
  };
}

/** Whether a process still does something: a zombie that nobody reaps (no init in a container) does not. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) [ZX] /.test(readFileSync(stat, 'utf8'));
}

const pidsIn = async (file: string, count: number): Promise<number[]> => {
  await expect.poll(() => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0)).toBe(count);
  return readFileSync(file, 'utf8').trim().split('\n').map(Number);
};

describe('shell', () => {
  it('returns stdout, and stderr as the log of a success', async () => {
    const { plane, push } = await startShellWorker();
    push('r', { command: 'echo "one $((1 + 1))" | tr a-z A-Z; echo careful >&2' });
    expect(await plane.result('r')).toMatchObject({
      outcome: 'succeeded',
      exitCode: 0,
      output: 'ONE 2\n',
      log: 'careful\n',
    });
  });

  it('fails with the exit code and stderr', async () => {
    const { plane, push } = await startShellWorker();
    push('r', { command: 'echo partly; echo "disk full" >&2; exit 3' });
    expect(await plane.result('r')).toMatchObject({
      outcome: 'failed',
      reason: 'handler_failed',
      exitCode: 3,
      output: 'partly\n',
      error: 'disk full\n',
    });
    push('s', { command: 'exit 4' });
    expect(await plane.result('s')).toMatchObject({ outcome: 'failed', exitCode: 4, error: 'Exit code 4.' });
    push('t', { command: 'kill -KILL $$' });
    expect(await plane.result('t')).toMatchObject({ outcome: 'failed', signal: 'SIGKILL', error: 'Ended by SIGKILL.' });
  });

  it('has a small environment: given variables and the run, nothing of the worker’s own', async () => {
    process.env.CRONSAGA_TOKEN = 'a-secret-of-the-worker';
    try {
      const { plane, push } = await startShellWorker();
      const directory = temporaryDirectory();
      push('r', {
        command: 'pwd; env',
        working_directory: directory,
        environment: { GREETING: 'hello', CRONSAGA_RUN: 'forged' },
      });
      const { output = '' } = await plane.result('r');
      expect(output.split('\n')[0]).toContain(directory);
      expect(output).toContain('GREETING=hello\n');
      expect(output).toContain('CRONSAGA_RUN=r\n');
      expect(output).toContain('CRONSAGA_ATTEMPT=1\n');
      expect(output).not.toContain('a-secret-of-the-worker');
      expect(output).not.toContain('VITEST');
    } finally {
      delete process.env.CRONSAGA_TOKEN;
    }
  });

  it('is told which occurrence it is for, and its place in a broadcast; the payload cannot forge them', async () => {
    const { plane, push } = await startShellWorker();
    const fields = { scheduledAt: Date.UTC(2030, 0, 1, 9), shard: { index: 2, total: 5 } };
    const command = 'echo $CRONSAGA_SCHEDULED_AT $CRONSAGA_SHARD_INDEX/$CRONSAGA_SHARD_TOTAL';
    push('r', { command, environment: { CRONSAGA_SHARD_INDEX: '0' } }, fields);
    expect(await plane.result('r')).toMatchObject({ output: '2030-01-01T09:00:00.000Z 2/5\n' });
    push('s', { command: 'env | grep -c -e SCHEDULED -e SHARD' });
    expect(await plane.result('s')).toMatchObject({ output: '0\n' });
  });

  it('gets its arguments as they are, whatever is in them', async () => {
    const { plane, push } = await startShellWorker();
    const odd = ['two words', "it's", '$HOME', '`id`', '', '; exit 3', 'a\nb', '-n'];
    push('r', { command: "printf '<%s>'", arguments: odd });
    expect(await plane.result('r')).toMatchObject({
      outcome: 'succeeded',
      output: odd.map((text) => `<${text}>`).join(''),
    });
  });

  it('keeps head and tail of an output of any size', async () => {
    const { plane, push } = await startShellWorker();
    push('r', { command: 'echo first; seq 1 300000; echo last' });
    const { output = '' } = await plane.result('r');
    const size =
      'first\nlast\n'.length + Array.from({ length: 300_000 }, (_, index) => `${index + 1}\n`).join('').length;
    const [, head = '', cut, tail = ''] = /^(first.*)\n… \[cut: (\d+) characters\]\n(.*last\n)$/s.exec(output) ?? [];
    expect(output.length).toBeLessThanOrEqual(16_000);
    expect(head.length + tail.length + Number(cut)).toBe(size);
  });

  it.each([
    [{}, 'payload.command:'],
    [{ command: '' }, 'payload.command:'],
    [{ command: 'a\0b' }, 'payload.command: must not contain a NUL'],
    [[], 'payload:'],
    [
      { command: 'true', working_directory: '/no/such/place' },
      'payload.working_directory: /no/such/place is no directory',
    ],
    [{ command: 'true', environment: { A: 1 } }, 'payload.environment.A:'],
    [{ command: 'true', environment: { 'A=B': 'x' } }, 'payload.environment.A=B:'],
  ])('refuses the payload %j and names the field', async (payload, field) => {
    const { plane, push } = await startShellWorker();
    push('r', payload);
    const result = await plane.result('r');
    expect(result).toMatchObject({ outcome: 'failed', reason: 'bad_payload' });
    expect(result.error).toContain(field);
  });

  it('kills what a command leaves behind in its group', async () => {
    const { plane, push } = await startShellWorker();
    const pids = join(temporaryDirectory(), 'pids');
    push('r', { command: `sleep 300 & echo $! >> ${pids}; echo done` });
    expect(await plane.result('r')).toMatchObject({ outcome: 'succeeded', output: 'done\n' });
    const [pid = 0] = await pidsIn(pids, 1);
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it('is not held up by a process that left the group with the output still open', async () => {
    const { plane, push } = await startShellWorker();
    const pids = join(temporaryDirectory(), 'pids');
    push('r', {
      command: `setsid sh -c 'echo $$ >> ${pids}; exec sleep 300' & while [ ! -s ${pids} ]; do sleep 0.02; done; echo done`,
    });
    expect(await plane.result('r')).toMatchObject({ outcome: 'succeeded', output: 'done\n' });
    const [pid = 0] = await pidsIn(pids, 1);
    process.kill(pid, 'SIGKILL');
  });
});

describe('a process with limits', () => {
  it('has no more memory and no more CPU time than it may, and everything else as ever', async () => {
    const { plane, push } = await startShellWorker();
    const command = 'ulimit -v; ulimit -S -t; ulimit -H -t; echo "$GREETING" "$PPID"; exit 7; #';
    const fields = { arguments: ["it's"], environment: { GREETING: 'hello' } };
    push('r', { command, ...fields, resource_limit: { memory_mb: 512, cpu_seconds: 30, gpus: 2 } });
    expect(await plane.result('r')).toMatchObject({
      ...{ outcome: 'failed', exitCode: 7, output: `524288\n30\n31\nhello ${process.pid}\n` },
    });
  });

  it.skipIf(!hasPython)('is ended when it needs more', async () => {
    const { plane, push } = await startShellWorker();
    const python = { handler: 'python' };
    push('m', { command: 'x = bytearray(900_000_000)', resource_limit: { memory_mb: 400 } }, python);
    expect(await plane.result('m')).toMatchObject({ outcome: 'failed', error: expect.stringContaining('MemoryError') });
    push('c', { command: 'while True: pass', resource_limit: { cpu_seconds: 1 } }, python);
    expect(await plane.result('c')).toMatchObject({ outcome: 'failed', signal: 'SIGXCPU' });
  });

  it.each([{ memory_mb: 0 }, { cpu_seconds: 'ten' }])('that are none is not started: %j', async (limits) => {
    const { plane, push } = await startShellWorker();
    push('r', { command: 'echo ran', resource_limit: limits });
    expect(await plane.result('r')).toMatchObject({ outcome: 'failed', reason: 'bad_payload' });
  });
});

describe('a process that is cancelled', () => {
  it('gets SIGTERM, and the signal is the evidence', async () => {
    const { plane, push, cancel } = await startShellWorker();
    const pids = join(temporaryDirectory(), 'pids');
    push('r', { command: `echo $$ >> ${pids}; exec sleep 300` });
    const [pid = 0] = await pidsIn(pids, 1);
    cancel('r', 10_000);
    expect(await plane.result('r')).toMatchObject({ outcome: 'cancelled', signal: 'SIGTERM', error: 'Cancelled.' });
    expect(isAlive(pid)).toBe(false);
  });

  it('takes its children with it, and no killing is claimed that was not needed', async () => {
    const { plane, push, cancel } = await startShellWorker();
    const pids = join(temporaryDirectory(), 'pids');
    push('r', { command: `sleep 300 & echo $! >> ${pids}; wait` });
    const [pid = 0] = await pidsIn(pids, 1);
    cancel('r', 20_000);
    expect(await plane.result('r')).toMatchObject({ outcome: 'cancelled', signal: 'SIGTERM' });
    expect(isAlive(pid)).toBe(false);
  });

  it.runIf(hasPython)('is not waited for when only zombies of its group are left', async () => {
    const { plane, push, cancel } = await startShellWorker();
    const pids = join(temporaryDirectory(), 'pids');
    // As under an init that does not reap: the parent leaves the group and never asks for its child's end.
    const parent = `import os, time
if os.fork() == 0: os._exit(0)
os.setsid()
print(os.getpid(), file=open("${pids}", "a"), flush=True)
time.sleep(300)`;
    push('r', { command: `python3 -c '${parent}' & wait` });
    const [pid = 0] = await pidsIn(pids, 1);
    cancel('r', 25_000);
    expect(await plane.result('r')).toMatchObject({ outcome: 'cancelled', signal: 'SIGTERM' });
    process.kill(pid, 'SIGKILL');
  });

  it('is killed with its whole group when it heeds no SIGTERM', async () => {
    const { plane, push, cancel } = await startShellWorker();
    const pids = join(temporaryDirectory(), 'pids');
    const stubborn = `trap '' TERM; echo $$ >> ${pids}; while :; do sleep 0.05; done`;
    push('r', { command: `trap '' TERM; sh -c "${stubborn.replaceAll('$', '\\$')}" & ${stubborn}` });
    const members = await pidsIn(pids, 2);
    cancel('r', 150);
    expect(await plane.result('r')).toMatchObject({ outcome: 'cancelled', signal: 'SIGKILL' });
    for (const pid of members) await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it('is waited for until its children are gone too, not only its leader', async () => {
    const { plane, push, cancel } = await startShellWorker();
    const pids = join(temporaryDirectory(), 'pids');
    const stubborn = `trap '' TERM; echo $$ >> ${pids}; while :; do sleep 0.05; done`;
    push('r', { command: `sh -c "${stubborn.replaceAll('$', '\\$')}" & wait` });
    const [pid = 0] = await pidsIn(pids, 1);
    cancel('r', 150);
    expect(await plane.result('r')).toMatchObject({ outcome: 'cancelled', signal: 'SIGKILL' });
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it('keeps what it had printed', async () => {
    const { plane, push, cancel } = await startShellWorker();
    const pids = join(temporaryDirectory(), 'pids');
    push('r', { command: `echo half; echo $$ >> ${pids}; exec sleep 300` });
    await pidsIn(pids, 1);
    cancel('r', 5_000);
    expect(await plane.result('r')).toMatchObject({ output: 'half\n' });
  });
});

it('a process that is out of time is ended by the worker itself', async () => {
  const { plane, push } = await startShellWorker();
  push('r', { command: 'echo begun; exec sleep 300' }, { timeoutMs: 200 });
  expect(await plane.result('r')).toMatchObject({
    outcome: 'timed_out',
    signal: 'SIGTERM',
    output: 'begun\n',
    error: 'Timed out after 0.2 s.',
  });
});

it('processes die with the worker', async () => {
  const { plane, worker, hello, push } = await startShellWorker();
  const pids = join(temporaryDirectory(), 'pids');
  push('r', { command: `trap '' TERM; echo $$ >> ${pids}; while :; do sleep 0.05; done` });
  const [pid = 0] = await pidsIn(pids, 1);
  const closed = new Promise((resolve) => hello.socket.once('close', resolve));
  await worker.stop();
  expect(isAlive(pid)).toBe(false);
  await plane.frame('goodbye');
  await closed;
  expect(plane.all('result')).toEqual([]);
});

describe('python', () => {
  it.runIf(hasPython)('runs a script with its arguments', async () => {
    const { plane, push } = await startShellWorker();
    const command = 'import sys\nprint("sum", sum(map(int, sys.argv[1:])))';
    push('r', { command, arguments: ['1', '2', '39'] }, { handler: 'python' });
    expect(await plane.result('r')).toMatchObject({ outcome: 'succeeded', exitCode: 0, output: 'sum 42\n' });
  });

  it.runIf(hasPython)('runs a script file, and reports a traceback', async () => {
    const { plane, push } = await startShellWorker();
    const file = join(temporaryDirectory(), 'job.py');
    writeFileSync(file, 'import sys\nprint(sys.argv[1])\nraise ValueError("no rows")\n');
    push('r', { command: file, arguments: ['x'] }, { handler: 'python' });
    const result = await plane.result('r');
    expect(result).toMatchObject({ outcome: 'failed', exitCode: 1, output: 'x\n' });
    expect(result.error).toContain('ValueError: no rows');
  });

  it.skipIf(!hasPython)('has a working directory, variables and arguments', async () => {
    const { plane, push } = await startShellWorker();
    const directory = temporaryDirectory();
    push(
      'r',
      {
        command: 'import os, sys; print(os.getcwd(), os.environ["GREETING"], os.environ["CRONSAGA_RUN"], sys.argv[1:])',
        arguments: ['--input', 'a b'],
        working_directory: directory,
        environment: { GREETING: 'hello' },
      },
      { handler: 'python' },
    );
    const { output = '' } = await plane.result('r');
    expect(output).toMatch(new RegExp(`${directory} hello r \\['--input', 'a b'\\]\n$`));
    push('s', { command: 'print(1)', working_directory: `${directory}/none` }, { handler: 'python' });
    expect(await plane.result('s')).toMatchObject({ outcome: 'failed', reason: 'bad_payload' });
  });

  it('is refused with a clear message when the interpreter is missing', async () => {
    const { plane, push } = await startShellWorker();
    push('r', { command: 'print(1)', python_path: '/no/such/python' }, { handler: 'python' });
    expect(await plane.result('r')).toMatchObject({
      outcome: 'failed',
      reason: 'refused',
      error: '/no/such/python was not found on this worker. Install it, or name its path.',
    });
  });
});
