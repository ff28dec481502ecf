import { describe, expect, it } from 'vitest';
import { createWorld, type World } from '../support/engine-world.ts';
import { createWorker, type WorldWorker } from '../support/world-worker.ts';

/** Time passes with the worker's heart beating, its first beat after 15 s. */
const beat = async (world: World, worker: WorldWorker, times = 1): Promise<void> => {
  for (let count = 0; count < times; count += 1) {
    await world.live(15_000);
    await worker.heartbeat();
  }
};

describe('a push that never arrived', () => {
  it.each(['unknown', 'lossy'] as const)('(%s) comes again with the same attempt and seq (R3, R4)', async (mood) => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 3 });
    await worker.hello();
    world.setMood(worker.conn(), mood);
    const id = await world.submit();
    world.setMood(worker.conn(), 'open');
    expect(worker.orders).toEqual([]);
    expect(await world.run(id)).toMatchObject({ status: 'dispatched', attempt: 1, seq: 1 });
    await beat(world, worker);
    await world.live(5_000);
    expect(worker.orders).toMatchObject([{ run: id, attempt: 1, seq: 1 }]);
    await worker.finish(worker.orders);
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', attempt: 1, tries: 0 });
  });

  it('is not repeated while the worker says that it has it', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit({ timeoutMs: 3_600_000 });
    await beat(world, worker, 100);
    expect(worker.orders).toHaveLength(1);
    await worker.finish([worker.orderOf(id)]);
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', attempt: 1 });
  });

  it('leaves no slot unused for long: its place is voided and pushed again (C6)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 2 });
    await worker.hello();
    // Credit was taken, and the process died before it made a run of it.
    world.watch(({ when, name }) => {
      if (when === 'after' && name === 'sessions.take') {
        throw new Error('died');
      }
    });
    await expect(world.submit()).rejects.toThrow('died');
    await expect(world.submit()).rejects.toThrow('died');
    world.watch(undefined);
    const id = await world.submit();
    expect((await world.run(id)).status).toBe('ready');
    await beat(world, worker, 3);
    expect(worker.received.some(({ type }) => type === 'sync')).toBe(true);
    expect(worker.orders).toMatchObject([{ run: id, seq: 3 }]);
  });
});

describe('a result that never arrived', () => {
  it('is asked for when the next heartbeat no longer names the run (S5)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    await beat(world, worker);
    const order = worker.orderOf(id);
    worker.finishUnheard(order);
    await beat(world, worker);
    expect(worker.orders).toEqual([order, order]);
    // The worker remembers what it has done, and answers with it (K2).
    await worker.finish([order], { output: 'remembered' });
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', attempt: 1, output: 'remembered' });
  });

  it('of a run too short for any heartbeat is asked for by the run’s alarm (R3)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    worker.finishUnheard(worker.orderOf(id));
    await beat(world, worker);
    await world.live(5_000);
    expect(worker.orders).toHaveLength(2);
    await worker.finish([worker.orderOf(id)]);
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', attempt: 1 });
  });

  it('frees the slot all the same: the worker’s own count is the truth', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const first = await world.submit();
    const second = await world.submit();
    worker.finishUnheard(worker.orderOf(first));
    await beat(world, worker);
    expect(worker.orders.map(({ run }) => run)).toContain(second);
  });
});

describe('a push that met a dead socket (R5)', () => {
  it('makes the run ready again: its number is burned, its try is not counted', async () => {
    const world = createWorld();
    const dead = createWorker(world, 'dead');
    await dead.hello();
    world.setMood(dead.conn(), 'gone');
    const id = await world.submit();
    expect(await world.run(id)).toMatchObject({
      status: 'ready',
      attempt: 1,
      tries: 0,
      history: [{ attempt: 1, outcome: 'undelivered', worker: 'dead' }],
    });
    const alive = createWorker(world, 'alive');
    await alive.hello();
    expect(alive.orders).toMatchObject([{ run: id, attempt: 2, tries: 0 }]);
    await alive.finish(alive.orders);
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', attempt: 2, tries: 0 });
  });

  it('three times in a row exhausts nothing', async () => {
    const world = createWorld();
    const id = await world.submit({ maxTries: 1 });
    for (const name of ['one', 'two', 'three']) {
      const dead = createWorker(world, name);
      world.setMood(dead.conn(), 'gone');
      await dead.hello();
      await world.live(1_000);
    }
    expect(await world.run(id)).toMatchObject({ status: 'ready', attempt: 3, tries: 0 });
    expect(world.exceptions()).toEqual([]);
  });

  it('takes no more runs to that socket until the worker is back', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 5 });
    await worker.hello();
    world.setMood(worker.conn(), 'gone');
    await world.submit();
    await world.submit();
    await world.live(10_000);
    expect(world.posted.filter(({ frame }) => frame.type === 'run')).toHaveLength(1);
    await worker.resume();
    expect(worker.orders).toHaveLength(2);
  });

  it('goes to the worker’s new socket when it has moved meanwhile (S3)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    world.setMood(worker.conn(), 'gone');
    world.watch(async ({ when, name }) => {
      if (when === 'before' && name === 'sockets.post') {
        world.watch(undefined);
        await worker.resume();
      }
    });
    const id = await world.submit();
    expect(worker.orders).toMatchObject([{ run: id, attempt: 1 }]);
    expect((await world.run(id)).status).toBe('dispatched');
  });
});
