import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createFunctionThreads, type FunctionThreads } from '../../../lib/local/functions/threads.ts';
import type { LocalFunction } from '../../../lib/local/template/application.ts';
import { silent } from '../support.ts';

const trouble: LocalFunction = {
  name: 'Trouble',
  arn: 'arn:trouble',
  entry: 'functions/trouble.ts',
  exportName: 'handler',
  timeoutMs: 10_000,
  memoryMb: 256,
  environment: { GREETING: 'hello' },
};

let threads: FunctionThreads | undefined;
afterEach(() => threads?.stop());

const create = (
  more: Partial<LocalFunction> = {},
  onOutput: (entry: string, line: string) => void = () => undefined,
) => {
  const created = createFunctionThreads({
    root: join(import.meta.dirname, '..', 'fixtures'),
    functions: [{ ...trouble, ...more }],
    environment: { AWS_REGION: 'us-east-1' },
    logger: silent,
    onOutput,
  });
  threads = created;
  return (ask: string) => created.invoke('arn:trouble', { ask });
};

const answer = { name: 'Trouble', hasTime: true, greeting: 'hello' };

describe('a function in its thread', () => {
  it('gets its own environment and nothing of ours, and Lambda’s context', async () => {
    const invoke = create();
    // `path` would be this process's PATH.
    expect(await invoke('answer')).toEqual({ ok: true, payload: answer });
  });

  it('that throws fails that invocation only', async () => {
    const invoke = create();
    const [thrown, fine] = await Promise.all([invoke('throw'), invoke('answer')]);
    expect(thrown).toMatchObject({ ok: false, reason: 'failed', message: expect.stringContaining('asked to throw') });
    expect(fine).toEqual({ ok: true, payload: answer });
  });

  it('that takes too long is answered as timed out, and goes on with the others', async () => {
    const invoke = create({ timeoutMs: 1_000 });
    await invoke('answer');
    const [hung, fine] = await Promise.all([invoke('hang'), invoke('answer')]);
    expect(hung).toMatchObject({ ok: false, reason: 'timed_out', message: 'Task timed out after 1 seconds' });
    expect(fine).toEqual({ ok: true, payload: answer });
  });

  it('that crashes fails what it had and is started again by the next invocation', async () => {
    const invoke = create();
    const [crashed, beside] = await Promise.all([invoke('crash'), invoke('hang')]);
    expect(crashed).toMatchObject({ ok: false, reason: 'crashed', message: expect.stringContaining('asked to crash') });
    expect(beside).toMatchObject({ ok: false, reason: 'crashed' });
    expect(await invoke('answer')).toEqual({ ok: true, payload: answer });
  });

  it('writes to the log of the stack', async () => {
    const lines: string[] = [];
    const invoke = create({}, (entry, line) => lines.push(`${entry}: ${line}`));
    await invoke('log');
    await expect.poll(() => lines).toEqual(['functions/trouble.ts: {"level":"warn","message":"from inside"}']);
  });

  it.each([
    [{ entry: 'functions/nowhere.ts' }, /functions\/nowhere\.ts could not be loaded: .*Cannot find module/s],
    [{ exportName: 'main' }, /exports no function main/],
  ])('that cannot be loaded stops the start: %j', async (more, message) => {
    const invoke = create(more);
    await expect(threads?.warm()).rejects.toThrow(message);
    expect(await invoke('answer')).toMatchObject({ ok: false, reason: 'crashed' });
  });

  it('is idle when the last invocation has ended', async () => {
    const invoke = create();
    await invoke('answer');
    let ended = false;
    const running = invoke('answer').then(() => {
      ended = true;
    });
    await threads?.idle();
    expect(ended).toBe(true);
    await running;
  });
});
