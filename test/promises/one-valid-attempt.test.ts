import { describe, expect, it } from 'vitest';
import { createWorld } from '../support/engine-world.ts';
import { createWorker } from '../support/world-worker.ts';

const MINUTE_MS = 60_000;

describe('one valid attempt', () => {
  it('a result of an earlier attempt is refused, told and recorded, and changes nothing', async () => {
    const world = createWorld();
    const silent = createWorker(world, 'silent');
    await silent.hello();
    const id = await world.submit();
    await silent.heartbeat();
    const first = silent.orderOf(id);

    // 45 s of silence: the session is lost, its run is tried again elsewhere.
    await world.live(MINUTE_MS);
    const other = createWorker(world, 'other');
    await other.hello();
    const second = other.orderOf(id);
    expect([first.attempt, second.attempt]).toEqual([1, 2]);
    const before = await world.run(id);

    await silent.finish([first], { output: 'too late' });
    expect(await world.run(id)).toEqual(before);
    expect(silent.received).toContainEqual({ type: 'stale', session: silent.session, attempts: [[id, 1]] });
    expect(world.warnings.some((line) => line.startsWith('Stale results'))).toBe(true);

    await other.finish([second], { output: 'done' });
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', attempt: 2, output: 'done', worker: 'other' });
  });

  it('frames of an earlier attempt do not start it, and report no progress', async () => {
    const world = createWorld();
    const silent = createWorker(world, 'silent');
    await silent.hello();
    const id = await world.submit();
    await silent.heartbeat();
    await world.live(MINUTE_MS);
    const other = createWorker(world, 'other');
    await other.hello();
    const before = await world.run(id);
    await silent.started(silent.orderOf(id));
    await world.engine.receiveFrame({
      conn: silent.conn(),
      frame: { type: 'progress', session: silent.session, pool: 'default', run: id, attempt: 1, percent: 99 },
    });
    expect(await world.run(id)).toEqual(before);
  });

  it('a result that comes twice counts once, and hands over once (H10)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const ids = [await world.submit(), await world.submit(), await world.submit()];
    const [first] = worker.orders;
    if (first === undefined) {
      throw new Error('The worker was sent nothing');
    }
    await worker.finish([first]);
    expect(worker.orders).toHaveLength(2);
    await worker.finish([first]);
    expect(worker.orders).toHaveLength(2);
    expect(worker.received.filter(({ type }) => type === 'stale')).toHaveLength(1);
    const statuses = await Promise.all(ids.map(async (id) => (await world.run(id)).status));
    expect(statuses.toSorted()).toEqual(['dispatched', 'ready', 'succeeded']);
  });

  it('a result of an attempt that was never made is refused', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    const before = await world.run(id);
    const order = worker.orderOf(id);
    await worker.finish([
      { ...order, attempt: 2 },
      { ...order, run: '42' },
    ]);
    expect(await world.run(id)).toEqual(before);
    expect(worker.received.at(-1)).toEqual({
      type: 'stale',
      session: worker.session,
      attempts: [
        [id, 2],
        ['42', 1],
      ],
    });
  });
});
