import { describe, expect, it } from 'vitest';
import { DISPATCH_LEAD_MS } from '../../lib/domain/timing.ts';
import { createWorld, type World } from '../support/engine-world.ts';
import { createWorker } from '../support/world-worker.ts';

const MINUTE_MS = 60_000;

/** Every alarm on its way arrives now as well, twice: too early, or for the second time. */
const ringEverythingTwice = async (world: World): Promise<void> => {
  const alarms = world.alarms();
  for (const alarm of [...alarms, ...alarms]) {
    await world.engine.ring(alarm);
  }
};

describe('the row is the truth', () => {
  it('early and doubled alarms change no row', async () => {
    const world = createWorld();
    const waiting = await world.submit();
    const later = await world.submit({ executeAt: world.now() + 10 * MINUTE_MS });
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const cancelled = await world.submit({ executeAt: world.now() + MINUTE_MS });
    await world.engine.cancelRun(cancelled);
    const before = await world.allRuns();
    expect(before.map(({ status }) => status).toSorted()).toEqual(['cancelled', 'dispatched', 'scheduled']);
    await ringEverythingTwice(world);
    expect(await world.allRuns()).toEqual(before);
    expect(worker.orders).toHaveLength(1);
    expect([waiting, later]).toHaveLength(2);
  });

  it('an instant that is announced by many alarms comes once', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 5 });
    const executeAt = world.now() + MINUTE_MS;
    const id = await world.submit({ executeAt });
    const [alarm] = world.alarms();
    if (alarm === undefined) {
      throw new Error('Nothing was armed');
    }
    world.pass(MINUTE_MS - DISPATCH_LEAD_MS);
    await worker.hello();
    await Promise.all(Array.from({ length: 5 }, () => world.engine.ring(alarm)));
    expect(worker.orders).toMatchObject([{ run: id, attempt: 1, notBefore: executeAt }]);
    // The losers took credit too. What they could not give back (C5) the worker voids after 20 s (C6).
    await world.live(20_000);
    await worker.heartbeat();
    expect(worker.received.at(-1)).toMatchObject({ type: 'sync' });
    await worker.heartbeat();
    for (let more = 0; more < 4; more += 1) {
      await world.submit();
    }
    expect(worker.orders).toHaveLength(5);
  });

  it('a late alarm acts on the row as it is, not as it was armed for', async () => {
    const world = createWorld();
    const id = await world.submit({ executeAt: world.now() + MINUTE_MS });
    const [stale] = world.alarms();
    await world.live(2 * MINUTE_MS);
    const worker = createWorker(world, 'worker');
    await worker.hello();
    await worker.finish([worker.orderOf(id)]);
    const ended = await world.run(id);
    for (const alarm of [stale, ...world.alarms()]) {
      if (alarm !== undefined) {
        await world.engine.ring(alarm);
      }
    }
    expect(await world.run(id)).toEqual(ended);
    expect(worker.orders).toHaveLength(1);
  });

  it('a heartbeat outlives the alarm that would have declared its session lost', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const [alarm] = world.alarms();
    for (let beat = 0; beat < 20; beat += 1) {
      await world.live(15_000);
      await worker.heartbeat();
      if (alarm !== undefined) {
        await world.engine.ring(alarm);
      }
    }
    const [session] = (await world.ports.sessions.look({ pool: 'default', shard: 0, reading: 'consistent' })).sessions;
    expect(session).toMatchObject({ id: worker.session, st: 'up' });
    expect(worker.received.map(({ type }) => type)).toEqual(['welcome']);
  });

  it('alarms of one row do not multiply, however often they are sent on (A6)', async () => {
    const world = createWorld();
    await world.submit();
    const [alarm] = world.alarms();
    if (alarm === undefined) {
      throw new Error('Nothing was armed');
    }
    // Crashes between sending on and deleting have left siblings behind.
    for (let sibling = 0; sibling < 5; sibling += 1) {
      await world.ports.alarms.send({ ...alarm, hop: sibling });
    }
    await world.live(6 * 60 * MINUTE_MS);
    expect(world.alarms()).toHaveLength(1);
  });

  it('an index that still shows a run that is gone costs a lost claim, nothing else', async () => {
    const world = createWorld();
    const id = await world.submit();
    const stale = await world.ports.runs.readyHead({ pool: 'default', shard: 0, queue: 'send_email', limit: 20 });
    expect(stale.map((entry) => entry.id)).toEqual([id]);
    await world.engine.cancelRun(id);
    const cancelled = await world.run(id);
    const worker = createWorker(world, 'worker');
    world.watch(({ when, name, answer }) => {
      if (when === 'after' && name === 'runs.readyHead') {
        (answer as unknown[]).push(...stale);
      }
    });
    await worker.hello();
    world.watch(undefined);
    expect(worker.orders).toEqual([]);
    expect(await world.run(id)).toEqual(cancelled);
    await world.submit();
    expect(worker.orders).toHaveLength(1);
  });
});
