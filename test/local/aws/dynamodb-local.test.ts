import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { startDynamoDbLocal } from '../../../lib/local/aws/dynamodb-local.ts';
import { requireJava } from '../../../lib/local/preflight.ts';
import { REPOSITORY } from '../../../lib/local/stack.ts';
import { runningProcesses } from '../../support/processes.ts';
import { silent } from '../support.ts';

const groupMembers = (group: number): number[] =>
  runningProcesses()
    .filter((it) => it.group === group)
    .map(({ pid }) => pid);

const firstLine = async (child: ChildProcess): Promise<string> => {
  if (!child.stdout) {
    throw new Error('no output');
  }
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return String(line);
};

describe('DynamoDB Local', () => {
  it('ends when it is stopped, and tells nobody that it ended by itself', async () => {
    const ends: string[] = [];
    const java = await requireJava();
    const onEnd = (reason: string): number => ends.push(reason);
    const database = await startDynamoDbLocal({ java, logger: silent, onEnd });
    await database.ready;
    const group = database.pid ?? 0;
    expect(groupMembers(group).length).toBeGreaterThan(1);
    await database.stop();
    await expect.poll(() => groupMembers(group)).toEqual([]);
    expect(ends).toEqual([]);
  });

  it('dies with its parent, even when that is killed with SIGKILL', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cronsaga-tether-'));
    const program = join(folder, 'parent.ts');
    const lib = (path: string): string => JSON.stringify(join(REPOSITORY, 'lib', path));
    writeFileSync(
      program,
      `import { startDynamoDbLocal } from ${lib('local/aws/dynamodb-local.ts')};
       import { createLogger } from ${lib('platform/logger.ts')};
       const logger = createLogger({ level: 'error' });
       const database = await startDynamoDbLocal({ java: 'java', logger, onEnd: () => {} });
       await database.ready;
       console.log(database.pid);
       setInterval(() => {}, 1000);`,
    );
    const parent = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const group = Number(await firstLine(parent));
    expect(groupMembers(group).length).toBeGreaterThan(1);
    parent.kill('SIGKILL');
    await expect.poll(() => groupMembers(group), { timeout: 10_000 }).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it('tells why it did not start', async () => {
    const ends: string[] = [];
    const onEnd = (reason: string): number => ends.push(reason);
    const database = await startDynamoDbLocal({ java: 'no-such-java', logger: silent, onEnd });
    await expect(database.ready).rejects.toThrow(/DynamoDB Local ended with code 127: .*no-such-java/);
    expect(ends).toHaveLength(1);
  });
});

describe('a Node program that follows its parent', () => {
  it('is asked to end when the parent is gone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cronsaga-follow-'));
    const follower = join(folder, 'follower.ts');
    const mark = join(folder, 'mark');
    writeFileSync(
      follower,
      `import { writeFileSync } from 'node:fs';
       process.on('SIGTERM', () => { writeFileSync(${JSON.stringify(mark)}, 'asked'); process.exit(0); });
       console.log(process.pid);
       setInterval(() => {}, 1000);`,
    );
    const parentProgram = join(folder, 'parent.ts');
    const preload = join(REPOSITORY, 'lib', 'local', 'processes', 'follow-parent.ts');
    writeFileSync(
      parentProgram,
      `import { spawn } from 'node:child_process';
       spawn(process.execPath, ['--import', ${JSON.stringify(preload)}, ${JSON.stringify(follower)}],
         { stdio: ['pipe', 'inherit', 'inherit'], detached: true });
       setInterval(() => {}, 1000);`,
    );
    const parent = spawn(process.execPath, [parentProgram], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = Number(await firstLine(parent));
    expect(groupMembers(pid)).toEqual([pid]);
    parent.kill('SIGKILL');
    await expect.poll(() => groupMembers(pid), { timeout: 10_000 }).toEqual([]);
    expect(readFileSync(mark, 'utf8')).toBe('asked');
    rmSync(folder, { recursive: true });
  });
});
