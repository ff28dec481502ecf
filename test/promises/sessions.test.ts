import { describe, expect, it } from 'vitest';
import type { Session } from '../../lib/domain/session.ts';
import { createWorld, type World } from '../support/engine-world.ts';
import { createWorker } from '../support/world-worker.ts';

const MINUTE_MS = 60_000;
const sessionsOf = async (world: World): Promise<readonly Session[]> =>
  (await world.ports.sessions.look({ pool: 'default', shard: 0, reading: 'consistent' })).sessions;

describe('a session', () => {
  it('is opened by hello, welcomed with the server’s clock, and offered what waits (S1)', async () => {
    const world = createWorld();
    const id = await world.submit();
    const worker = createWorker(world, 'worker', { slots: 3 });
    await worker.hello({ tags: ['gpu'] });
    expect(worker.received).toMatchObject([
      { type: 'welcome', session: worker.session, at: world.now(), heartbeatMs: 15_000 },
      { type: 'run', session: worker.session, runs: [{ run: id }] },
    ]);
    expect(await sessionsOf(world)).toMatchObject([
      { id: worker.session, st: 'up', name: 'worker', conn: worker.conn(), tags: ['gpu'], limit: 3, q: 1 },
    ]);
  });

  it('is the same after a repeated hello', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    await worker.hello();
    expect(worker.received.map(({ type }) => type)).toEqual(['welcome', 'run', 'welcome']);
    expect(await sessionsOf(world)).toHaveLength(1);
    await worker.finish([worker.orderOf(id)]);
    expect((await world.run(id)).status).toBe('succeeded');
  });

  it('lost by silence gives its runs to others, and is told that it is gone (S4, R6)', async () => {
    const world = createWorld();
    const silent = createWorker(world, 'silent', { slots: 2 });
    await silent.hello();
    const ids = [await world.submit(), await world.submit()];
    await silent.heartbeat();
    const other = createWorker(world, 'other', { slots: 2 });
    await world.live(40_000);
    await other.hello();
    expect(other.orders).toEqual([]);
    await world.live(10_000);
    await other.heartbeat();
    expect(new Set(other.orders.map(({ run }) => run))).toEqual(new Set(ids));
    expect(other.orders).toMatchObject([
      { attempt: 2, tries: 1 },
      { attempt: 2, tries: 1 },
    ]);
    await silent.heartbeat();
    expect(silent.received.at(-1)).toEqual({ type: 'gone', session: silent.session });
    expect(await sessionsOf(world)).toMatchObject([
      { id: other.session, st: 'up' },
      { id: silent.session, st: 'closed' },
    ]);
  });

  it('that is over is kept for five minutes, so that a late function cannot create it anew, and then deleted', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    await worker.goodbye();
    await world.live(2 * MINUTE_MS);
    // The gateway delivered the hello twice, and the second function stood still for two minutes.
    const { alarms } = world;
    const before = alarms().length;
    await worker.hello();
    expect(worker.received.at(-1)).toEqual({ type: 'gone', session: worker.session });
    expect(await sessionsOf(world)).toMatchObject([{ st: 'closed' }]);
    expect(alarms()).toHaveLength(before + 1);
    await world.live(10 * MINUTE_MS);
    expect(await sessionsOf(world)).toEqual([]);
    expect(alarms()).toEqual([]);
  });

  it('whose loss was settled half way is finished by its alarm (H25)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 2 });
    await worker.hello();
    const ids = [await world.submit({ maxTries: 1 }), await world.submit({ maxTries: 1 })];
    await worker.heartbeat();
    let commits = 0;
    world.watch(({ when, name }) => {
      if (when === 'before' && name === 'runs.commit') {
        commits += 1;
        if (commits === 2) {
          throw new Error('died');
        }
      }
    });
    const alarm = world.alarms().find(({ key }) => key.kind === 'session');
    world.pass(45_000);
    if (alarm !== undefined) {
      await expect(world.engine.ring(alarm)).rejects.toThrow('died');
      world.watch(undefined);
      expect((await sessionsOf(world))[0]?.st).toBe('lost');
      await world.engine.ring(alarm);
    }
    for (const id of ids) {
      expect(await world.run(id)).toMatchObject({ status: 'failed', reason: 'worker_lost', tries: 1 });
    }
    expect((await sessionsOf(world))[0]?.st).toBe('closed');
  });

  it('that said goodbye takes no more; what it held is given to others within 45 s', async () => {
    const world = createWorld();
    const leaving = createWorker(world, 'leaving', { slots: 3 });
    await leaving.hello();
    const held = await world.submit();
    const finished = await world.submit();
    await leaving.heartbeat();
    await leaving.goodbye();
    await world.submit();
    expect(leaving.orders).toHaveLength(2);
    // Its last result was in another execution of the function, and came a little later.
    await leaving.finish([leaving.orderOf(finished)]);
    await world.live(MINUTE_MS - 15_000);
    expect((await world.run(finished)).status).toBe('succeeded');
    expect(await world.run(held)).toMatchObject({ tries: 1, history: [{ outcome: 'lost' }] });
    expect((await sessionsOf(world))[0]?.st).toBe('closed');
  });

  it('followed by another of the same process ends at once, and its runs move on with it (S2)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 3 });
    await worker.hello();
    const [kept, dropped] = [await world.submit(), await world.submit()];
    await worker.heartbeat();
    const order = worker.orderOf(kept);
    const successor = createWorker(world, 'successor', { slots: 3 });
    successor.held.add(`${kept}:1`);
    await successor.hello({ replaces: worker.session });
    expect(await world.run(kept)).toMatchObject({ status: 'running', attempt: 1, session: { id: successor.session } });
    expect(await world.run(dropped)).toMatchObject({ status: 'scheduled', tries: 1 });
    // The old session's end cannot touch it any more, nor does the new one's count it twice.
    await world.live(MINUTE_MS - 20_000);
    await successor.heartbeat();
    expect((await world.run(kept)).status).toBe('running');
    await successor.finish([order]);
    expect(await world.run(kept)).toMatchObject({ status: 'succeeded', attempt: 1, tries: 0 });
  });

  it('can adopt only what its predecessor really held', async () => {
    const world = createWorld();
    const holder = createWorker(world, 'holder');
    await holder.hello();
    const id = await world.submit();
    const thief = createWorker(world, 'thief');
    await thief.hello({ replaces: 'session-nobody', list: [[id, 1]] });
    expect(await world.run(id)).toMatchObject({ status: 'dispatched', session: { id: holder.session } });
  });

  it('survives a dropped socket: it resumes on another, with nothing lost (S2)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 2 });
    await worker.hello();
    const id = await world.submit();
    await worker.heartbeat();
    const before = worker.conn();
    await world.engine.disconnect(before);
    expect((await sessionsOf(world))[0]?.conn).toBeUndefined();
    await world.live(30_000);
    await worker.resume();
    expect(worker.received.at(-1)).toEqual({
      type: 'resumed',
      session: worker.session,
      at: world.now(),
      epoch: 2,
    });
    await world.live(30_000);
    expect(await world.run(id)).toMatchObject({ status: 'dispatched', attempt: 1 });
    await worker.finish([worker.orderOf(id)]);
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', attempt: 1 });
  });

  it('is not detached by the late end of a socket that it has left (S3, H24)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const old = worker.conn();
    await worker.resume();
    await world.engine.disconnect(old);
    expect((await sessionsOf(world))[0]?.conn).toBe(worker.conn());
    await world.submit();
    expect(worker.orders).toHaveLength(1);
  });

  it('cannot be resumed once it is lost: the worker is told, and says hello anew', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    await world.live(MINUTE_MS);
    await worker.resume();
    expect(worker.received.at(-1)).toEqual({ type: 'gone', session: worker.session });
  });

  it('is not taken over by an older socket’s resume that was overtaken', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    await worker.resume();
    await worker.resume({ epoch: 2 });
    expect((await sessionsOf(world))[0]).toMatchObject({ epoch: 2, conn: 'worker-2' });
    expect(worker.received.map(({ type }) => type)).not.toContain('gone');
  });

  it('of a worker that takes unreadable frames for talk is closed at the third within a minute', async () => {
    const world = createWorld();
    for (let strike = 0; strike < 3; strike += 1) {
      expect(world.closed).toEqual([]);
      await world.engine.rejectFrame('conn', 'not_json', 'That is no JSON');
    }
    expect(world.posted).toEqual(
      Array(3).fill({ conn: 'conn', frame: { type: 'error', code: 'not_json', message: 'That is no JSON' } }),
    );
    expect(world.closed).toEqual(['conn']);
  });
});

describe('a report', () => {
  it('that was overtaken changes nothing and starts nothing (C3)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 1 });
    await worker.hello();
    await world.submit();
    await world.submit();
    await worker.heartbeat();
    await worker.heartbeat({ rep: 1, limit: 99, list: [] });
    expect(worker.orders).toHaveLength(1);
    expect((await sessionsOf(world))[0]).toMatchObject({ limit: 1, list: [expect.any(String)] });
  });

  it('of fewer slots than are in use heals as they are freed', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 3 });
    await worker.hello();
    for (let index = 0; index < 6; index += 1) {
      await world.submit();
    }
    const [first, second, third] = worker.orders;
    await worker.heartbeat({ limit: 1 });
    if (first !== undefined && second !== undefined && third !== undefined) {
      await worker.finish([first], {});
      expect(worker.held.size).toBeLessThanOrEqual(3);
      await worker.finish([second]);
      await worker.finish([third]);
    }
    expect(worker.held.size).toBe(3);
  });
});
