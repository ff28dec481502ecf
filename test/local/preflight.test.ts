import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { listen } from '../../lib/local/gateway/server.ts';
import { javaVersionOf, requireJava, requireNode } from '../../lib/local/preflight.ts';
import { REPOSITORY } from '../../lib/local/stack.ts';

const folder = mkdtempSync(join(tmpdir(), 'cronsaga-java-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fakeJava = (name: string, version: string): string => {
  const home = join(folder, name);
  mkdirSync(join(home, 'bin'), { recursive: true });
  writeFileSync(join(home, 'bin', 'java'), `#!/bin/sh\necho 'openjdk version "${version}"' >&2\n`);
  chmodSync(join(home, 'bin', 'java'), 0o755);
  return home;
};

describe('Java', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['java version "1.8.0_402"', 8],
    ['openjdk version "25" 2025-09-16', 25],
    ['command not found', undefined],
  ])('%s', (text, version) => {
    expect(javaVersionOf(text)).toBe(version);
  });

  it('is taken from JAVA_HOME when it is new enough', async () => {
    const home = fakeJava('new', '21.0.1');
    expect(await requireJava({ ...process.env, JAVA_HOME: home })).toBe(join(home, 'bin', 'java'));
  });

  it('that is too old or missing is told in one line with what to do', async () => {
    await expect(requireJava({ ...process.env, JAVA_HOME: fakeJava('old', '11.0.2') })).rejects.toThrow(
      /^Java 11 is too old.*install Java 17 or later, or start with "npm start -- --engine memory".*$/,
    );
    await expect(requireJava({ JAVA_HOME: join(folder, 'nowhere') })).rejects.toThrow(
      /^Java is missing under JAVA_HOME=/,
    );
    await expect(requireJava({ PATH: folder })).rejects.toThrow(/^Java is missing: install Java 17/);
  });
});

describe('Node', () => {
  it('before 24 is told in one line with what to do', () => {
    expect(() => requireNode('22.22.2')).toThrow(/^Node 24 is missing \(this is 22.22.2\): run "npm ci"/);
    expect(() => requireNode('24.0.0')).not.toThrow();
  });

  it('is checked by a file that any Node can run', () => {
    const script = join(REPOSITORY, 'bin', 'check-node.cjs');
    expect(execFileSync(process.execPath, [script], { encoding: 'utf8' })).toBe('');
    const pretend = `Object.defineProperty(process.versions, 'node', { value: '20.20.2' }); require(${JSON.stringify(script)})`;
    const { status, stderr } = spawnSync(process.execPath, ['-e', pretend], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Node 24 is missing \(this is 20\.20\.2\): .*\n$/);
  });
});

it('a taken port is told with the port and the option that chooses another', async () => {
  const { server, port } = await listen(0);
  await expect(listen(port)).rejects.toThrow(
    new RegExp(`^Port ${port} is taken: choose another with "npm start -- --port N"$`),
  );
  await new Promise((resolve) => server.close(resolve));
});

describe('npm start', () => {
  const start = (...args: string[]) =>
    spawnSync(process.execPath, [join(REPOSITORY, 'bin', 'start.ts'), ...args], { encoding: 'utf8' });

  it.each([
    [['--port', 'eighty'], /^--port eighty is no port: .*\n$/],
    [['--port', '65536'], /^--port 65536 is no port: .*\n$/],
    [['--engine', 'floppy'], /^--engine floppy is unknown: it is aws or memory\n$/],
    [['--prot', '1'], /^Unknown option '--prot'.*See npm start -- --help\.\n$/],
  ])('%j is refused in one line', (args, message) => {
    const { status, stderr } = start(...args);
    expect(stderr).toMatch(message);
    expect(status).toBeGreaterThan(0);
  });

  it('tells its options', () => {
    const { status, stdout } = start('--help');
    expect(status).toBe(0);
    expect(stdout).toContain('--no-worker');
  });
});
