import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAX_ERROR_CHARS, MAX_FRAME_BYTES, MAX_LOG_CHARS, MAX_OUTPUT_CHARS } from '../../lib/contracts/limits.ts';
import { systemClock } from '../../lib/worker/clock.ts';
import { createWorker, gate, startPlane, temporaryDirectory } from './start-worker.ts';

describe('result frames', () => {
  it('carry together what ends in the same turn', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    const finish = gate<string>();
    await worker.handle('test', () => finish.promise).start();
    const hello = await plane.frame('hello');
    plane.push(hello, ...['a', 'b', 'c'].map((run) => plane.order({ run })));
    plane.send(hello.socket, { type: 'sync', session: hello.frame.session, q: 3 });
    await plane.frame('heartbeat', ({ list }) => list.length === 3);
    finish.open('done');
    const { frame } = await plane.frame('result');
    expect(frame.results.map(({ run }) => run)).toEqual(['a', 'b', 'c']);
    expect(frame).toMatchObject({ seen: 3, limit: 13 });
  });

  it('stay within 32 KB, however much the handlers return', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    const finish = gate();
    worker.handle('wide', async (_task, { log }) => {
      await finish.promise;
      log('\u0001'.repeat(5_000));
      // Six bytes each in JSON, three in UTF-8.
      return `${'\u0001'.repeat(20_000)}${'€'.repeat(20_000)}`;
    });
    worker.handle('failing', async () => {
      await finish.promise;
      throw new Error('e'.repeat(10_000));
    });
    await worker.start();
    const hello = await plane.frame('hello');
    plane.push(
      hello,
      ...['a', 'b', 'c'].map((run) => plane.order({ run, handler: 'wide' })),
      plane.order({ run: 'd', handler: 'failing' }),
    );
    plane.send(hello.socket, { type: 'sync', session: hello.frame.session, q: 4 });
    await plane.frame('heartbeat', ({ list }) => list.length === 4);
    finish.open();
    for (const run of ['a', 'b', 'c']) {
      const result = await plane.result(run);
      expect(result.outcome).toBe('succeeded');
      expect(result.output?.length).toBeLessThanOrEqual(MAX_OUTPUT_CHARS);
      expect(result.log?.length).toBeLessThanOrEqual(MAX_LOG_CHARS);
    }
    const failed = await plane.result('d');
    expect(failed.error?.length).toBeLessThanOrEqual(MAX_ERROR_CHARS);
    expect(failed.error).toContain('[cut: ');
    for (const frame of plane.all('result')) {
      expect(Buffer.byteLength(JSON.stringify(frame))).toBeLessThanOrEqual(MAX_FRAME_BYTES);
    }
  });
});

describe('the spool', () => {
  it('lets a restarted process tell what the one before could not (K1)', async () => {
    const plane = await startPlane({ onResume: 'silence' });
    const spoolDirectory = temporaryDirectory();
    const first = createWorker(plane, { spoolDirectory });
    const finish = gate<string>();
    await first.worker.handle('test', () => finish.promise).start();
    const hello = await plane.frame('hello');
    plane.push(hello, plane.order({ run: 'r/../../with a path' }));
    plane.send(hello.socket, { type: 'sync', session: hello.frame.session, q: 1 });
    await plane.frame('heartbeat', ({ list }) => list.length === 1);
    hello.socket.terminate();
    await plane.frame('resume');
    finish.open('kept');
    await expect.poll(() => readdirSync(spoolDirectory)).toHaveLength(1);
    await first.worker.stop();
    expect(plane.all('result')).toEqual([]);

    const second = createWorker(plane, { spoolDirectory });
    await second.worker.start();
    const next = await plane.frame('hello');
    const { frame } = await plane.frame('result');
    expect(frame).toMatchObject({
      session: next.frame.session,
      results: [{ run: 'r/../../with a path', attempt: 1, outcome: 'succeeded', output: 'kept' }],
    });
  });

  it('keeps a sent result for a minute, in files that only their owner reads', async () => {
    let aheadMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
    const plane = await startPlane();
    const spoolDirectory = join(temporaryDirectory(), 'spool');
    const { worker } = createWorker(plane, { spoolDirectory }, { clock });
    await worker.handle('test', () => 'done').start();
    plane.push(await plane.frame('hello'), plane.order({ run: 'r' }));
    await plane.result('r');
    const [file, ...others] = readdirSync(spoolDirectory);
    expect(others).toEqual([]);
    expect(statSync(spoolDirectory).mode & 0o777).toBe(0o700);
    expect(statSync(join(spoolDirectory, file ?? '')).mode & 0o777).toBe(0o600);
    aheadMs = 61_000;
    await expect.poll(() => readdirSync(spoolDirectory), { timeout: 4_000 }).toEqual([]);
  });

  it('forgets what the control plane calls stale', async () => {
    const plane = await startPlane();
    const spoolDirectory = temporaryDirectory();
    const { worker } = createWorker(plane, { spoolDirectory });
    await worker.handle('test', () => 'done').start();
    const hello = await plane.frame('hello');
    plane.push(hello, plane.order({ run: 'r' }), plane.order({ run: 's' }));
    await plane.result('r');
    await plane.result('s');
    plane.send(hello.socket, { type: 'stale', session: hello.frame.session, attempts: [['r', 1]] });
    await expect.poll(() => readdirSync(spoolDirectory)).toHaveLength(1);
  });

  it('removes a file that holds no result and starts all the same', async () => {
    const plane = await startPlane();
    const spoolDirectory = temporaryDirectory();
    writeFileSync(join(spoolDirectory, 'broken.json'), '{"run":');
    const { worker, lines } = createWorker(plane, { spoolDirectory });
    await worker.start();
    expect(readdirSync(spoolDirectory)).toEqual([]);
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('no result') }),
    );
  });

  it('is refused when others may read it', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane, { spoolDirectory: '/tmp' });
    await expect(worker.start()).rejects.toThrow('must be a directory that belongs to you with mode 700');
  });
});
