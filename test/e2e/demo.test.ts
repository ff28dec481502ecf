/** `npm run demo` as a person sees it who pipes it into a file. */
import { execFile } from 'node:child_process';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../../lib/local/stack.ts';

type Ended = { readonly code: unknown; readonly output: string };

const demo = (...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { cwd: REPOSITORY, env: { ...process.env, NODE_OPTIONS: '' } };
    execFile(process.execPath, ['bin/demo.ts', ...args], options, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: `${stdout}${stderr}` }),
    );
  });

it('the demo shows what becomes of its tasks and ends with 0 when all is as it should be', {
  timeout: 90_000,
}, async () => {
  const { code, output } = await demo('--engine', 'memory');
  const [, right, of] = /Result +(\d+) of (\d+) tasks ended as they should/.exec(output) ?? [];
  expect({ code, right }).toEqual({ code: 0, right: of });
  expect(Number(of)).toBeGreaterThanOrEqual(7);
  // The first start of each, however late this machine made it.
  expect(output.match(/[+-]\d+ ms/g)).toHaveLength(Number(of));
  expect(output).toMatch(/cancelled while it runs +shell +cancelled .*evidence: exited, SIGTERM/);
  expect(output).toMatch(/exhausts its tries +shell +failed +2 of 2 .*exit code 7: the disk is full/);
  expect(output).not.toContain('\u001b');
});

it('the demo names the engines that it knows', async () => {
  const { code, output } = await demo('--engine', 'steam');
  expect(code).toBe(2);
  expect(output).toContain('--engine steam is unknown: it is aws or memory');
});
