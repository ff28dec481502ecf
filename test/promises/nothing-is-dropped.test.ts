import { describe, expect, it } from 'vitest';
import { createWorld } from '../support/engine-world.ts';
import { createWorker } from '../support/world-worker.ts';

const MINUTE_MS = 60_000;

describe('nothing is dropped in silence', () => {
  it('a run whose tries are exhausted leaves a row that a person must act on', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit({ maxTries: 2 });
    await worker.finish([worker.orderOf(id)], { outcome: 'failed', error: 'first' });
    expect(world.exceptions()).toEqual([]);
    await world.live(5_000);
    await worker.heartbeat();
    await worker.finish([worker.orderOf(id)], { outcome: 'failed', error: 'x'.repeat(1_000), exitCode: 7 });
    expect(await world.run(id)).toMatchObject({ status: 'failed', tries: 2, exitCode: 7 });
    expect(world.exceptions()).toEqual([
      {
        kind: 'run_failed',
        id: `run:${id}`,
        at: world.now(),
        run: id,
        attempt: 2,
        handler: 'send_email',
        reason: 'handler_failed',
        error: 'x'.repeat(200),
      },
    ]);
    // What the row had no room for is kept whole beside it.
    expect((await world.engine.getRun(id))?.error).toBe('x'.repeat(1_000));
  });

  it('a run out of time, whose worker keeps silent about it, ends timed out with its exception', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit({ maxTries: 1, timeoutMs: 30_000 });
    for (let beat = 0; beat < 6; beat += 1) {
      await world.live(15_000);
      await worker.heartbeat();
    }
    expect(await world.run(id)).toMatchObject({ status: 'timed_out', reason: 'timed_out', tries: 1 });
    expect(world.exceptions()).toMatchObject([{ kind: 'run_failed', run: id, reason: 'timed_out' }]);
    // Its process is told to end.
    expect(worker.received).toContainEqual(expect.objectContaining({ type: 'cancel', run: id, attempt: 1 }));
  });

  it('a lost worker leaves a row, and each of its runs is tried again or fails with one', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 2 });
    await worker.hello();
    const again = await world.submit();
    const last = await world.submit({ maxTries: 1 });
    await worker.heartbeat();
    await world.live(MINUTE_MS);
    expect(await world.run(again)).toMatchObject({ tries: 1, history: [{ outcome: 'lost', worker: 'worker' }] });
    expect(await world.run(last)).toMatchObject({ status: 'failed', reason: 'worker_lost' });
    expect(world.exceptions()).toHaveLength(2);
    expect(world.exceptions()).toContainEqual(
      expect.objectContaining({ kind: 'worker_lost', worker: 'worker', held: [`${again}:1`, `${last}:1`] }),
    );
    expect(world.exceptions()).toContainEqual(
      expect.objectContaining({ kind: 'run_failed', run: last, reason: 'worker_lost' }),
    );
  });

  it('a run that its worker never listed is found lost by its own alarm (R3, H17)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    await world.live(MINUTE_MS);
    expect(await world.run(id)).toMatchObject({ tries: 1, history: [{ outcome: 'lost', reason: 'worker_lost' }] });
  });

  it('a worker that leaves with nothing in its hands is no exception', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    await worker.heartbeat();
    // Drained as it should be: the last result is in before it says goodbye, though no heartbeat came since.
    await worker.finish([worker.orderOf(id)]);
    await worker.goodbye();
    await world.live(MINUTE_MS);
    expect((await world.run(id)).status).toBe('succeeded');
    expect(world.exceptions()).toEqual([]);
  });

  it('a worker that opened a new session and kept its runs is no exception', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    await worker.heartbeat();
    const order = worker.orderOf(id);
    const successor = createWorker(world, 'successor');
    await successor.hello({ replaces: worker.session, list: [[id, 1]] });
    await successor.finish([order]);
    expect((await world.run(id)).status).toBe('succeeded');
    expect(world.exceptions()).toEqual([]);
  });

  it('a run that nobody can execute waits, and is not forgotten', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { handlers: ['resize'] });
    await worker.hello();
    const id = await world.submit({ handler: 'send_email' });
    for (let beat = 0; beat < 20; beat += 1) {
      await world.live(15_000);
      await worker.heartbeat();
    }
    expect(await world.run(id)).toMatchObject({ status: 'ready', attempt: 0 });
    const able = createWorker(world, 'able');
    await able.hello();
    expect(able.orders).toMatchObject([{ run: id }]);
  });
});
