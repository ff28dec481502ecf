import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TOKEN } from './fake-control-plane.ts';
import { startPlane, temporaryDirectory } from './start-worker.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/worker.ts');

function start(args: readonly string[], environment: Record<string, string> = {}) {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, ...args], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += String(chunk);
  });
  child.stderr?.on('data', (chunk) => {
    output += String(chunk);
  });
  const exit = once(child, 'close').then(([code]) => ({ code, output }));
  return { child, exit };
}

describe('npm run worker', { timeout: 30_000 }, () => {
  it('works with what its environment and its options say, and drains on SIGTERM', async () => {
    const plane = await startPlane();
    const { child, exit } = start(
      [
        '--name',
        'w-1',
        '--allow',
        'shell,http',
        '--allow',
        'python',
        '--tag',
        'a,b',
        '--worker',
        'id-17',
        '--label',
        'zone=a',
        '--label',
        'note=x=y',
        '--category',
        'mail,report',
        '--pool',
        'batch',
        '--max-tasks',
        '3',
        '--spool',
        temporaryDirectory(),
      ],
      { CRONSAGA_URL: plane.url, CRONSAGA_TOKEN: TOKEN },
    );
    const hello = await plane.frame('hello');
    expect(hello.frame).toMatchObject({
      name: 'w-1',
      pool: 'batch',
      tags: ['a', 'b'],
      worker: 'id-17',
      labels: { zone: 'a', note: 'x=y' },
      categories: ['mail', 'report'],
      maxTasks: 3,
      handlers: ['shell', 'http', 'http_callback', 'python'],
    });
    plane.push(
      hello,
      plane.order({ run: 'r', handler: 'shell', payload: '{"command":"echo begun; sleep 0.3; echo done"}' }),
    );
    plane.send(hello.socket, { type: 'sync', session: hello.frame.session, q: 1 });
    await plane.frame('heartbeat', ({ list }) => list.length === 1);
    child.kill('SIGTERM');
    expect(await plane.result('r')).toMatchObject({ outcome: 'succeeded', output: 'begun\ndone\n' });
    await plane.frame('goodbye');
    const { code, output } = await exit;
    expect(code).toBe(0);
    expect(output).toContain('connected');
    expect(output).not.toContain(TOKEN);
  });

  it('ends at once on the second signal and leaves no process behind', async () => {
    const plane = await startPlane();
    const { child, exit } = start(
      ['--url', plane.url, '--name', 'w', '--allow', 'shell', '--spool', temporaryDirectory()],
      {
        CRONSAGA_TOKEN: TOKEN,
      },
    );
    const hello = await plane.frame('hello');
    const command = `trap '' TERM; while :; do sleep 0.05; done # ${hello.frame.session}`;
    plane.push(hello, plane.order({ run: 'r', handler: 'shell', payload: JSON.stringify({ command }) }));
    await plane.frame('started');
    child.kill('SIGINT');
    await plane.frame('heartbeat', ({ limit }) => limit === 0);
    child.kill('SIGINT');
    expect((await exit).code).toBe(1);
    expect(plane.all('result')).toEqual([]);
    expect(await processesWith(hello.frame.session)).toBe('');
  });

  it.each([
    [['--help'], 0, '--allow-network CIDR'],
    [
      ['--url', 'http://x', '--token', 't', '--name', 'w'],
      2,
      'worker: --url must be a URL that begins with ws:// or wss://. See --help.',
    ],
    [['--url', 'ws://x', '--name', 'w'], 2, 'worker: --token is needed'],
    [['--url', 'ws://x', '--token', 't', '--max-tasks', 'many'], 2, '--max-tasks must be a whole number from 1 to 100'],
    [['--url', 'ws://x', '--token', 't', '--allow', 'perl'], 2, '--allow must be one of shell, http and python'],
    [['--url', 'ws://x', '--token', 't', '--allow-network', '10/8'], 2, '--allow-network "10/8" is no network'],
    [['--url', 'ws://x', '--token', 't', '--label', 'zone'], 2, '--label "zone" must be NAME=VALUE'],
    [['--url', 'ws://x', '--token', 't', '--label', 'a b=c'], 2, '--label must have names of 1 to 64 letters'],
    [['--url', 'ws://x', '--token', 't', '--category', '1x'], 2, '--category must be codes of 1 to 128 characters'],
    [['--url', 'ws://x', '--token', 't', '--worker', 'a b'], 2, '--worker must be 1 to 128 letters'],
    [['--verbose'], 2, "Unknown option '--verbose'"],
    [
      ['--url', 'ws://x', '--token', 't', '--name', 'w', '--spool', '/tmp'],
      1,
      'must be a directory that belongs to you',
    ],
  ])('%j exits with %i', async (args, expected, text) => {
    const { code, output } = await start(args).exit;
    expect(output).toContain(text);
    expect(code).toBe(expected);
    if (expected !== 0) expect(output.trim().split('\n')).toHaveLength(args.includes('/tmp') ? 2 : 1);
  });
});

/** Living processes whose command line holds the text. */
async function processesWith(text: string): Promise<string> {
  const child = spawn('ps', ['-eo', 'pid,stat,args']);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  await once(child, 'close');
  return output
    .split('\n')
    .filter((line) => line.includes(text) && !/^\s*\d+\s+Z/.test(line))
    .join('\n');
}
