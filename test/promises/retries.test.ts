import { describe, expect, it } from 'vitest';
import { createWorld } from '../support/engine-world.ts';
import { createWorker } from '../support/world-worker.ts';

describe('a run that fails', () => {
  it('is tried again, after a backoff, until it succeeds; every try is remembered', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    await worker.finish([worker.orderOf(id)], {
      outcome: 'failed',
      reason: 'handler_failed',
      error: 'one',
      exitCode: 1,
    });
    expect(await world.run(id)).toMatchObject({ status: 'scheduled', attempt: 1, tries: 1 });
    await world.live(1_000);
    await worker.started(worker.orderOf(id));
    await worker.finish([worker.orderOf(id)], { outcome: 'timed_out', error: 'two' });
    await world.live(2_000);
    await worker.finish([worker.orderOf(id)], { output: 'at last' });
    expect(worker.orders.map(({ attempt, tries }) => [attempt, tries])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
    ]);
    expect(await world.run(id)).toMatchObject({
      status: 'succeeded',
      attempt: 3,
      tries: 2,
      output: 'at last',
      history: [
        { attempt: 1, outcome: 'failed', reason: 'handler_failed', error: 'one', exitCode: 1, worker: 'worker' },
        { attempt: 2, outcome: 'timed_out', reason: 'timed_out', error: 'two', worker: 'worker' },
      ],
    });
    expect((await world.run(id)).error).toBeUndefined();
  });

  it('is held by the worker until the end of its backoff', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit({ maxTries: 5 });
    for (let tries = 1; tries <= 4; tries += 1) {
      await worker.finish([worker.orderOf(id)], { outcome: 'failed', error: 'no' });
      const { dueAt, wakeAt } = await world.run(id);
      expect(dueAt - world.now()).toBeLessThan(1_000 * 2 ** (tries - 1));
      await world.live(Math.max(dueAt, wakeAt) - world.now());
      expect(worker.orderOf(id)).toMatchObject({ attempt: tries + 1, notBefore: dueAt });
    }
  });

  it('over and over has as many attempts as it may have tries, and one exception', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit({ maxTries: 30 });
    while ((await world.run(id)).status !== 'failed') {
      await worker.finish([worker.orderOf(id)], { outcome: 'failed', error: 'no' });
      await world.live(15_000);
      await worker.heartbeat();
      // Later tries wait for up to an hour.
      const { status, dueAt } = await world.run(id);
      for (let now = world.now(); status === 'scheduled' && now < dueAt; now += 15_000) {
        await world.live(15_000);
        await worker.heartbeat();
      }
    }
    expect(await world.run(id)).toMatchObject({ attempt: 30, tries: 30 });
    expect((await world.run(id)).history).toHaveLength(20);
    expect(worker.orders).toHaveLength(30);
    expect(world.exceptions()).toHaveLength(1);
  });

  it('for a payload that can never do is not tried again', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit({ maxTries: 9 });
    await worker.finish([worker.orderOf(id)], { outcome: 'failed', reason: 'bad_payload', error: 'no url' });
    expect(await world.run(id)).toMatchObject({ status: 'failed', reason: 'bad_payload', tries: 1 });
    expect(world.exceptions()).toMatchObject([{ reason: 'bad_payload', error: 'no url' }]);
  });

  it('keeps a long report whole beside the row, of the last attempt', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    const report = { output: 'o'.repeat(9_000), error: 'e'.repeat(900), log: 'l'.repeat(900) };
    await worker.finish([worker.orderOf(id)], { outcome: 'failed', ...report, output: 'of the first' });
    await world.live(2_000);
    await worker.finish([worker.orderOf(id)], { outcome: 'succeeded', ...report });
    expect(await world.run(id)).toMatchObject({ reportStored: true, error: 'e'.repeat(200) });
    expect((await world.run(id)).output).toBeUndefined();
    expect(await world.engine.getRun(id)).toMatchObject({ status: 'succeeded', ...report });
  });
});
