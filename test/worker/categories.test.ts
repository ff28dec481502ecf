import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CategoryScripts } from '../../lib/worker/categories.ts';
import type { WorkerOptions } from '../../lib/worker/index.ts';
import { createWorker, startPlane, temporaryDirectory } from './start-worker.ts';

const start = async (
  scripts: Partial<CategoryScripts> & { readonly code: string },
  options: Partial<WorkerOptions> = { allow: ['shell'] },
) => {
  const plane = await startPlane({ welcome: { categories: [{ check: '', setup: '', teardown: '', ...scripts }] } });
  const { worker, lines } = createWorker(plane, options);
  const begun: string[] = [];
  worker.handle('test', ({ run }) => {
    begun.push(run);
    return 'done';
  });
  await worker.start();
  const hello = await plane.frame('hello');
  const push = (run: string, category?: string) =>
    plane.push(hello, plane.order({ run, ...(category === undefined ? {} : { category }) }));
  return { plane, worker, push, begun, lines };
};

const linesOf = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);

describe('a category', () => {
  it('that is ready is not set up, and its check is run once, however many runs come at once', async () => {
    const log = join(temporaryDirectory(), 'log');
    const { plane, push, begun } = await start({
      code: 'mail',
      check: `echo check >> ${log}`,
      setup: `echo setup >> ${log}`,
    });
    push('a', 'mail');
    push('b', 'mail');
    expect(await plane.result('a')).toMatchObject({ outcome: 'succeeded' });
    expect(await plane.result('b')).toMatchObject({ outcome: 'succeeded' });
    push('c', 'mail');
    expect(await plane.result('c')).toMatchObject({ outcome: 'succeeded' });
    expect(begun).toEqual(['a', 'b', 'c']);
    expect(linesOf(log)).toEqual(['check']);
  });

  it('that is not is set up before its first run, and undone by the drain', async () => {
    const log = join(temporaryDirectory(), 'log');
    const { plane, worker, push } = await start({
      code: 'mail',
      check: `echo check $CRONSAGA_CATEGORY >> ${log}; grep -q setup ${log}`,
      setup: `echo setup >> ${log}`,
      teardown: `echo teardown >> ${log}`,
    });
    push('a', 'mail');
    await plane.result('a');
    expect(linesOf(log)).toEqual(['check mail', 'setup', 'check mail']);
    await worker.drain();
    expect(linesOf(log).at(-1)).toBe('teardown');
  });

  it('without a check is set up once', async () => {
    const log = join(temporaryDirectory(), 'log');
    const { plane, push } = await start({ code: 'mail', setup: `echo setup >> ${log}` });
    push('a', 'mail');
    await plane.result('a');
    push('b', 'mail');
    await plane.result('b');
    expect(linesOf(log)).toEqual(['setup']);
  });

  it.each([
    ['setup fails', { check: 'false', setup: 'echo no disk >&2; exit 3' }, /setup: exit code 3\nno disk/],
    ['check still fails after it', { check: 'echo absent; exit 7', setup: 'true' }, /check: exit code 7\nabsent/],
  ])('whose %s keeps its runs from beginning, with the output as the reason', async (_case, scripts, text) => {
    const { plane, push, begun } = await start({ code: 'mail', ...scripts });
    push('a', 'mail');
    push('other');
    const result = await plane.result('a');
    expect(result).toMatchObject({ outcome: 'failed', reason: 'refused' });
    expect(result.error).toMatch(/^This worker is not ready for the category "mail"\. /);
    expect(result.error).toMatch(text);
    expect(await plane.result('other')).toMatchObject({ outcome: 'succeeded' });
    expect(begun).toEqual(['other']);
  });

  it('that failed is tried again by the next run', async () => {
    const file = join(temporaryDirectory(), 'ready');
    const { plane, push } = await start({ code: 'mail', check: `test -e ${file}` });
    push('a', 'mail');
    expect(await plane.result('a')).toMatchObject({ outcome: 'failed', reason: 'refused' });
    writeFileSync(file, '');
    push('b', 'mail');
    expect(await plane.result('b')).toMatchObject({ outcome: 'succeeded' });
  });

  it('with scripts is refused by a worker that may not run a shell', async () => {
    const file = join(temporaryDirectory(), 'ran');
    const { plane, push, begun } = await start({ code: 'mail', check: `touch ${file}` }, { allow: ['http'] });
    push('a', 'mail');
    const result = await plane.result('a');
    expect(result).toMatchObject({ outcome: 'failed', reason: 'refused' });
    expect(result.error).toContain('--allow shell');
    push('b', 'without-scripts');
    expect(await plane.result('b')).toMatchObject({ outcome: 'succeeded' });
    expect(begun).toEqual(['b']);
    expect(existsSync(file)).toBe(false);
  });
});

describe('what a person sets', () => {
  it('is how many runs the worker grants, from the welcome on and whenever it changes', async () => {
    const plane = await startPlane({ welcome: { maxTasks: 3 } });
    const { worker } = createWorker(plane, { maxTasks: 5 });
    await worker.start();
    const hello = await plane.frame('hello');
    expect(hello.frame).toMatchObject({ maxTasks: 5, limit: 5 });
    expect((await plane.frame('heartbeat')).frame).toMatchObject({ limit: 3 });
    plane.send(hello.socket, { type: 'configure', session: hello.frame.session, maxTasks: 8 });
    expect((await plane.frame('heartbeat')).frame).toMatchObject({ limit: 8 });
  });

  it('lets what runs end, and begins no more than so many', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane, { maxTasks: 3 });
    const begun: string[] = [];
    const ends = new Map<string, () => void>();
    worker.handle('test', ({ run }) => {
      begun.push(run);
      return new Promise<void>((resolve) => ends.set(run, resolve));
    });
    await worker.start();
    const hello = await plane.frame('hello');
    plane.push(hello, plane.order({ run: 'a' }), plane.order({ run: 'b' }));
    await expect.poll(() => begun).toEqual(['a', 'b']);
    plane.send(hello.socket, { type: 'configure', session: hello.frame.session, maxTasks: 1 });
    expect((await plane.frame('heartbeat')).frame).toMatchObject({ seen: 2, limit: 1 });
    // It was on its way already.
    plane.push(hello, plane.order({ run: 'c' }));
    ends.get('a')?.();
    expect(await plane.result('a')).toMatchObject({ outcome: 'succeeded' });
    await plane.readBy(hello.socket);
    expect(begun).toEqual(['a', 'b']);
    ends.get('b')?.();
    await expect.poll(() => begun).toEqual(['a', 'b', 'c']);
    ends.get('c')?.();
    await plane.result('c');
  });

  it('says who it is, as it was started', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane, { worker: 'id-17', labels: { zone: 'a' }, categories: ['mail'] });
    await worker.start();
    expect((await plane.frame('hello')).frame).toMatchObject({
      worker: 'id-17',
      labels: { zone: 'a' },
      categories: ['mail'],
    });
  });
});
