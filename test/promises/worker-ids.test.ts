/** A worker's row in the registry is its pool's (rule X4), whatever others call themselves. */
import { describe, expect, it } from 'vitest';
import type { WorkerReport } from '../../lib/application/fleet/workers-api.ts';
import type { PollInput } from '../../lib/application/sessions/poll-session.ts';
import { createWorld, type World } from '../support/engine-world.ts';
import { createWorker } from '../support/world-worker.ts';

const BUSY: WorkerReport = { status: 'busy', currentTasks: 9 };

const polled = (worker: string, pool: string): PollInput => ({
  ...{ worker, pool, handlers: ['send_email'], tags: [], maxTasks: 1, running: [], results: [] },
});
const come = async (world: World, name: string, pool: string) => {
  const { text } = world.keys.make(`of ${pool}`, { pools: [pool] });
  const worker = createWorker(world, name, { key: text, pool });
  await worker.hello();
  return worker;
};

describe('a worker of another pool with the same name', () => {
  it.each([
    ['by its name', { name: 'anna' }],
    ['by its id', { name: 'mallory', worker: 'anna' }],
  ])('has a row of its own: %s', async (_by, said) => {
    const world = createWorld();
    const anna = await come(world, 'anna', 'default');
    const before = await world.engine.workers.get('anna');
    const { text } = world.keys.make('mallory', { pools: ['other'] });
    const mallory = createWorker(world, 'mallory', { key: text, pool: 'other' });
    await mallory.hello(said);
    expect(await world.engine.workers.get('anna')).toEqual(before);
    expect(await world.engine.workers.get('anna.other')).toMatchObject({
      ...{ pool: 'other', status: 'online', session: { id: mallory.session } },
    });
    // Again, and by a poll: the same row.
    await mallory.hello({ ...said, session: `${mallory.session}-2` });
    await world.engine.poll(polled('anna', 'other'));
    expect((await world.engine.workers.list({ deleted: false })).total).toBe(2);
    expect(await world.engine.workers.get('anna')).toMatchObject({ pool: 'default', session: { id: anna.session } });
  });

  it('does not undo what a person set', async () => {
    const world = createWorld();
    await world.engine.poll(polled('anna', 'default'));
    await world.engine.workers.change('anna', { enabled: false });
    await world.live(60_000);
    await world.engine.poll(polled('anna', 'other'));
    await world.submit();
    expect((await world.engine.poll(polled('anna', 'default'))).runs).toEqual([]);
    expect(await world.engine.workers.get('anna.other')).toMatchObject({ enabled: true });
  });

  it('has the id when a person has removed the other', async () => {
    const world = createWorld();
    await world.engine.poll(polled('anna', 'default'));
    await world.engine.workers.remove('anna');
    await world.engine.poll(polled('anna', 'other'));
    expect(await world.engine.workers.get('anna')).toMatchObject({ pool: 'other' });
  });

  it('has the id of one that a person registered and that never came', async () => {
    const world = createWorld();
    await world.engine.workers.register({ id: 'anna', name: 'anna', description: '', active: true, metadata: '{}' });
    await come(world, 'anna', 'other');
    expect(await world.engine.workers.get('anna')).toMatchObject({ pool: 'other', status: 'online' });
  });
});

describe('a sign of life from another pool', () => {
  it('changes nothing, and does not keep a session alive', async () => {
    const world = createWorld();
    const { session } = await world.engine.poll(polled('anna', 'default'));
    const before = await world.engine.workers.get('anna');
    for (let beat = 0; beat < 4; beat += 1) {
      expect(await world.engine.workers.heartbeat('anna', BUSY, ['other'])).toBe('foreign');
      expect(await world.engine.workers.ping('anna', ['other'])).toBe('foreign');
      await world.live(15_000);
    }
    const { lastActive } = before ?? {};
    expect(await world.engine.workers.get('anna')).toMatchObject({ status: 'offline', lastActive });
    expect((await world.engine.poll(polled('anna', 'default'))).session).not.toBe(session);
  });

  it('is heard where the caller serves every pool', async () => {
    const world = createWorld();
    await world.engine.poll(polled('anna', 'gpu'));
    expect(await world.engine.workers.heartbeat('anna', BUSY, ['*'])).toMatchObject({ pool: 'gpu' });
    expect(await world.engine.workers.ping('anna', ['*'])).toMatchObject({ pool: 'gpu' });
  });

  it('registers a worker in a pool of the caller, and none for a caller without one', async () => {
    const world = createWorld();
    expect(await world.engine.workers.heartbeat('bert', BUSY, ['gpu'])).toMatchObject({ pool: 'gpu' });
    expect(await world.engine.workers.heartbeat('carl', BUSY, [])).toBe('foreign');
    expect(await world.engine.workers.get('carl')).toBeUndefined();
    expect(await world.engine.workers.ping('carl', ['gpu'])).toBe('not_found');
  });
});
