import { describe, expect, it } from 'vitest';
import { createWorld, type World } from '../support/engine-world.ts';
import { createWorker, type WorldWorker } from '../support/world-worker.ts';

const beat = async (world: World, worker: WorldWorker, times: number): Promise<void> => {
  for (let count = 0; count < times; count += 1) {
    await world.live(5_000);
    await worker.heartbeat();
  }
};
const cancelsTo = (world: World): number => world.posted.filter(({ frame }) => frame.type === 'cancel').length;

describe('cancelling', () => {
  it.each([
    ['a run that waits for its instant', 600_000],
    ['a run that waits for a worker', 0],
  ])('%s ends it for good: no alarm, no worker, no slot', async (_case, aheadMs) => {
    const world = createWorld();
    const id = await world.submit({ executeAt: world.now() + aheadMs });
    expect(await world.engine.cancelRun(id)).toMatchObject({ kind: 'cancelled', run: { status: 'cancelled' } });
    const cancelled = await world.run(id);
    expect(cancelled.evidence).toBeUndefined();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    await beat(world, worker, 200);
    expect(await world.run(id)).toEqual(cancelled);
    expect(worker.orders).toEqual([]);
    expect(world.alarms().filter(({ key }) => key.kind === 'run')).toEqual([]);
  });

  it('a run in flight is terminal at once; the worker is told, and its report is the evidence', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    await worker.started(worker.orderOf(id));
    await world.engine.cancelRun(id);
    expect(await world.run(id)).toMatchObject({ status: 'cancelled', evidence: { state: 'pending' } });
    expect(worker.received.at(-1)).toEqual({
      ...{ type: 'cancel', session: worker.session },
      ...{ run: id, attempt: 1, graceMs: 10_000 },
    });
    await worker.finish([worker.orderOf(id)], { outcome: 'cancelled', signal: 'SIGTERM', output: 'half' });
    expect(await world.run(id)).toMatchObject({
      status: 'cancelled',
      evidence: { state: 'exited', at: world.now(), signal: 'SIGTERM' },
      output: 'half',
    });
    await beat(world, worker, 30);
    expect(cancelsTo(world)).toBe(1);
    expect(world.alarms().filter(({ key }) => key.kind === 'run')).toEqual([]);
  });

  it('a run whose worker keeps silent about it: asked five times, then given up (R7)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    const asked = world.now();
    await world.engine.cancelRun(id);
    await beat(world, worker, 15);
    expect((await world.run(id)).evidence).toEqual({ state: 'pending' });
    await beat(world, worker, 15);
    expect(cancelsTo(world)).toBe(5);
    expect((await world.run(id)).evidence).toEqual({ state: 'abandoned', at: asked + 100_000 });
    expect(world.alarms().filter(({ key }) => key.kind === 'run')).toEqual([]);
  });

  it('a lost cancel frame is sent again (H6)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    world.setMood(worker.conn(), 'lossy');
    await world.engine.cancelRun(id);
    world.setMood(worker.conn(), 'open');
    await beat(world, worker, 5);
    expect(worker.received.at(-1)).toMatchObject({ type: 'cancel', run: id });
    await worker.finish([worker.orderOf(id)], { outcome: 'cancelled', exitCode: 143 });
    expect((await world.run(id)).evidence).toMatchObject({ state: 'exited', exitCode: 143 });
  });

  it('a run whose worker is lost before it answers is given up, never called killed', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    await worker.heartbeat();
    await world.engine.cancelRun(id);
    await world.live(120_000);
    expect(await world.run(id)).toMatchObject({ status: 'cancelled', tries: 0, evidence: { state: 'abandoned' } });
  });

  it('says when there is nothing to cancel', async () => {
    const world = createWorld();
    expect(await world.engine.cancelRun('42')).toEqual({ kind: 'not_found' });
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    await worker.finish([worker.orderOf(id)]);
    expect(await world.engine.cancelRun(id)).toMatchObject({ kind: 'already_ended', run: { status: 'succeeded' } });
    expect(cancelsTo(world)).toBe(0);
  });

  it('between two tries ends a run that would have been tried again', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    await worker.finish([worker.orderOf(id)], { outcome: 'failed', error: 'no' });
    await world.engine.cancelRun(id);
    await beat(world, worker, 20);
    expect(await world.run(id)).toMatchObject({ status: 'cancelled', tries: 1, history: [{ outcome: 'failed' }] });
    expect(worker.orders).toHaveLength(1);
  });

  it('frees the slot for the next run as soon as the worker reports the end', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    const next = await world.submit();
    await world.engine.cancelRun(id);
    await worker.finish([worker.orderOf(id)], { outcome: 'cancelled', signal: 'SIGTERM' });
    expect(worker.orders.map(({ run }) => run)).toEqual([id, next]);
  });
});
