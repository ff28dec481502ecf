import { describe, expect, it } from 'vitest';
import type { WorkerFrame } from '../../lib/contracts/frames.ts';
import { HEARTBEAT_MS } from '../../lib/domain/timing.ts';
import { createWorld, type World } from '../support/engine-world.ts';
import { createWorker, type WorldWorker } from '../support/world-worker.ts';

const MINUTE_MS = 60_000;

const rowsOf = async (world: World) => ({
  runs: await world.allRuns(),
  sessions: (await world.ports.sessions.look({ pool: 'default', shard: 0, reading: 'consistent' })).sessions,
});
const sessionOf = (world: World, worker: WorldWorker, pool = 'default') =>
  world.ports.sessions.get({ pool, shard: 0, id: worker.session }, 'consistent');
const wordsOf = (worker: WorldWorker): readonly string[] => worker.received.map(({ type }) => type);

describe('a worker with a key of another pool', () => {
  /** A run is with Anna; Mallory's key is for the pool `other`, and she knows all the numbers. */
  const setUp = async () => {
    const world = createWorld();
    const own = world.keys.make('anna', { pools: ['default'] });
    const foreign = world.keys.make('mallory', { pools: ['other'] });
    const anna = createWorker(world, 'anna', { key: own.text, slots: 2 });
    await anna.hello();
    const id = await world.submit();
    const mallory = createWorker(world, 'mallory', { key: foreign.text, pool: 'other', slots: 5 });
    await mallory.hello();
    expect([anna.opened(), mallory.opened()]).toEqual([200, 200]);
    expect(wordsOf(mallory)).toEqual(['welcome']);
    return { world, anna, mallory, foreign: foreign.key, id };
  };

  const report = { rep: 99, seen: 0, limit: 50 };
  const done = { attempt: 1, startedAt: 0, durationMs: 1 };
  const who = { name: 'mallory', maxTasks: 5, handlers: ['send_email'], tags: [] };
  /** Every frame there is, said of Anna's session and her run. */
  const frames = (pool: string, session: string, run: string, of: string): readonly WorkerFrame[] => [
    { type: 'hello', session, pool, ...report, ...who, list: [] },
    { type: 'hello', session: `${session}-2`, pool, ...report, ...who, replaces: of, list: [[run, 1]] },
    { type: 'resume', session, pool, ...report, epoch: 9, list: [] },
    { type: 'heartbeat', session, pool, ...report, list: [[run, 1]] },
    { type: 'heartbeat', session, pool, ...report, rep: 100, list: [] },
    { type: 'started', session, pool, runs: [{ run, attempt: 1, startedAt: 0 }] },
    { type: 'progress', session, pool, run, attempt: 1, percent: 99 },
    { type: 'result', session, pool, ...report, results: [{ run, ...done, outcome: 'succeeded' }] },
    {
      type: 'result',
      session,
      pool,
      ...report,
      results: [{ run, ...done, outcome: 'succeeded', output: 'x'.repeat(999) }],
    },
    {
      type: 'result',
      session,
      pool,
      ...report,
      results: [{ run, ...done, outcome: 'failed', error: 'x'.repeat(999) }],
    },
    { type: 'result', session, pool, ...report, results: [{ run, ...done, outcome: 'timed_out' }] },
    { type: 'result', session, pool, ...report, results: [{ run, ...done, outcome: 'cancelled' }] },
    { type: 'goodbye', session, pool },
  ];
  const inPlural = frames('default', 's', 'r', 'o').map((frame, index) => [frame.type, index] as const);

  it.each(inPlural)('cannot say %s for this one (frame %i)', async (_type, index) => {
    const { world, anna, mallory, foreign, id } = await setUp();
    const before = await rowsOf(world);
    const frame = frames('default', anna.session, id, anna.session)[index];
    await (frame === undefined ? undefined : mallory.say(frame));
    expect(await rowsOf(world)).toEqual(before);
    expect(mallory.received.at(-1)).toMatchObject({ type: 'error', code: 'refused' });
    expect(mallory.orders).toEqual([]);
    expect((await world.audited()).at(-1)).toMatchObject({
      ...{ action: 'worker.refused', actor: `key:${foreign.id}`, entity: 'pool:default' },
      ...{ address: '192.0.2.1', requestId: mallory.conn() },
    });
  });

  it.each(inPlural)('changes nothing here by saying %s for its own (frame %i)', async (_type, index) => {
    const { world, anna, mallory, id } = await setUp();
    const before = await rowsOf(world);
    // Also under the same session id: it is the worker who chooses it.
    for (const session of [mallory.session, anna.session]) {
      const frame = frames('other', session, id, anna.session)[index];
      await (frame === undefined ? undefined : mallory.say(frame));
    }
    await world.live(5_000);
    expect(await rowsOf(world)).toEqual(before);
    expect(mallory.orders).toEqual([]);
    await anna.finish([anna.orderOf(id)], { output: 'o'.repeat(999) });
    expect(await world.engine.getRun(id)).toMatchObject({ status: 'succeeded', attempt: 1, output: 'o'.repeat(999) });
  });

  it('is told that its results are stale, as anybody is who comes too late', async () => {
    const { world, mallory, id } = await setUp();
    await mallory.finish([{ run: id, attempt: 1 }]);
    expect(mallory.received.at(-1)).toEqual({ type: 'stale', session: mallory.session, attempts: [[id, 1]] });
    expect(world.warnings.some((line) => line.startsWith('Stale results'))).toBe(true);
  });

  it('cannot prove the end of a cancelled run', async () => {
    const { world, mallory, id } = await setUp();
    await world.engine.cancelRun(id);
    const before = await rowsOf(world);
    for (const outcome of ['cancelled', 'succeeded', 'failed'] as const) {
      await mallory.finish([{ run: id, attempt: 1 }], { outcome });
    }
    expect(await rowsOf(world)).toEqual(before);
  });

  it('gets nowhere by guessing the numbers of runs', async () => {
    const { world, mallory, id } = await setUp();
    const before = await rowsOf(world);
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      const near = Array.from({ length: 20 }, (_, index) => ({ run: String(Number(id) - 10 + index), attempt }));
      await mallory.finish(near);
    }
    expect(await rowsOf(world)).toEqual(before);
  });

  it('loses its socket by the third try within a minute, and is recorded once', async () => {
    const { world, anna, mallory } = await setUp();
    for (let tries = 0; tries < 3; tries += 1) {
      expect(world.closed).toEqual([]);
      await mallory.say({ type: 'goodbye', session: anna.session, pool: 'default' });
    }
    expect(world.closed).toEqual([mallory.conn()]);
    expect((await world.audited()).filter(({ action }) => action === 'worker.refused')).toHaveLength(1);
  });

  it('is sent no payload of another pool, for a run that its session of the same id seems to have dropped', async () => {
    const { world, anna, mallory, id } = await setUp();
    const [session, pool] = [anna.session, 'other'];
    await mallory.say({ type: 'hello', session, pool, ...report, ...who, handlers: [], list: [[id, 1]] });
    await mallory.say({ type: 'heartbeat', session, pool, ...report, rep: 100, list: [] });
    expect(await world.ports.sessions.get({ pool, shard: 0, id: session }, 'consistent')).toMatchObject({ rep: 100 });
    expect(mallory.orders).toEqual([]);
  });

  it('does not end what lost sessions of its own list, when that is another pool’s', async () => {
    const { world, anna, mallory, id } = await setUp();
    await mallory.heartbeat({ session: anna.session, list: [] });
    const namesake: WorkerFrame = {
      ...{ type: 'hello', session: anna.session, pool: 'other', ...report, ...who, list: [[id, 1]] },
    };
    await mallory.say(namesake);
    await world.live(30_000);
    await anna.heartbeat();
    // Mallory's session of the same id is lost meanwhile, and settled.
    await world.live(30_000);
    await anna.heartbeat();
    expect(await world.ports.sessions.get({ pool: 'other', shard: 0, id: anna.session }, 'consistent')).toMatchObject({
      st: 'closed',
    });
    expect(await world.run(id)).toMatchObject({ status: 'dispatched', attempt: 1, tries: 0 });
  });
});

describe('a worker whose key is worth nothing any more', () => {
  const setUp = async (expiresInMs?: number) => {
    const world = createWorld();
    const expiry = expiresInMs === undefined ? {} : { expiresAt: world.now() + expiresInMs };
    const made = world.keys.make('anna', { pools: ['default'], ...expiry });
    const anna = createWorker(world, 'anna', { key: made.text, slots: 2 });
    await anna.hello();
    const id = await world.submit();
    await anna.heartbeat();
    return { world, anna, id, ...made };
  };
  /** Anna says that she lives, as ever; Bert is there to take over. */
  const expectOut = async (world: World, anna: WorldWorker, id: string, why: string): Promise<void> => {
    await world.live(HEARTBEAT_MS);
    await anna.heartbeat();
    expect(anna.received.at(-1)).toEqual({ type: 'gone', session: anna.session });
    expect(world.closed).toEqual([anna.conn()]);
    expect((await sessionOf(world, anna))?.st).toBe('lost');
    const expulsions = (await world.audited()).filter(({ action }) => action === 'worker.expelled');
    expect(expulsions).toMatchObject([
      { entity: `session:${anna.session}`, address: '192.0.2.1', requestId: anna.conn(), detail: why },
    ]);
    await anna.resume();
    expect(anna.opened()).toBe(401);
    const bert = createWorker(world, 'bert', { key: world.keys.make('bert', { pools: ['*'] }).text });
    await bert.hello();
    await world.live(MINUTE_MS);
    await bert.heartbeat();
    expect(bert.orderOf(id)).toMatchObject({ attempt: 2, tries: 1 });
    expect(anna.orders).toHaveLength(1);
    expect(world.exceptions()).toMatchObject([{ kind: 'worker_lost', held: [`${id}:1`] }]);
  };

  it('is out at its next heartbeat after the key was revoked, and its runs go to another', async () => {
    const { world, anna, id, key } = await setUp();
    await world.keys.revoke(key);
    await expectOut(world, anna, id, 'the key was revoked');
  });

  it('is heeded no longer when it reports results and gives no sign of life', async () => {
    const { world, anna, id, key } = await setUp();
    await world.keys.revoke(key);
    await world.live(HEARTBEAT_MS);
    await anna.finish([anna.orderOf(id)]);
    expect(anna.received.at(-1)).toEqual({ type: 'gone', session: anna.session });
    expect((await world.run(id)).status).toBe('dispatched');
    expect((await sessionOf(world, anna))?.st).toBe('lost');
  });

  it('is out when the key’s owner is disabled', async () => {
    const { world, anna, id, key } = await setUp();
    await world.keys.changeOwner(key, { status: 'disabled' });
    await expectOut(world, anna, id, 'the owner of the key is not active');
  });

  it('is out when the key has expired', async () => {
    const { world, anna, id } = await setUp(HEARTBEAT_MS);
    await expectOut(world, anna, id, 'the key has expired');
  });

  it('is out when the key was rolled without overlap: who had the old text may be a thief', async () => {
    const { world, anna, id, key } = await setUp();
    await world.keys.roll(key, 0);
    await expectOut(world, anna, id, 'the key was rolled, and the old text is taken no more');
  });

  it('is out when an admin’s key lets workers in, and its owner is no admin any more', async () => {
    const world = createWorld();
    const { key, text } = world.keys.make('anna', { role: 'admin', pools: ['default'] });
    const anna = createWorker(world, 'anna', { key: text });
    await anna.hello();
    // The last admin could not be demoted.
    world.keys.make('root', { role: 'admin', pools: [] });
    expect((await sessionOf(world, anna))?.st).toBe('up');
    await world.keys.changeOwner(key, { role: 'user' });
    await anna.heartbeat();
    expect((await sessionOf(world, anna))?.st).toBe('lost');
  });

  it('can neither say hello nor resume on a socket that it still has', async () => {
    const { world, anna, key } = await setUp();
    await world.keys.revoke(key);
    const report = { rep: 9, seen: 1, limit: 2 };
    const who = { name: 'anna', maxTasks: 2, handlers: ['send_email'], tags: [], list: [] };
    await anna.say({ type: 'hello', session: 'another', pool: 'default', ...report, ...who });
    expect(anna.received.at(-1)).toEqual({ type: 'gone', session: 'another' });
    expect(await world.ports.sessions.get({ pool: 'default', shard: 0, id: 'another' }, 'consistent')).toBeUndefined();
    await anna.say({ type: 'resume', session: anna.session, pool: 'default', ...report, epoch: 2, list: [] });
    expect(anna.received.at(-1)).toEqual({ type: 'gone', session: anna.session });
    expect((await sessionOf(world, anna))?.st).toBe('lost');
  });

  it('has a result counted that comes before the next look at its key', async () => {
    const { world, anna, id, key } = await setUp();
    await world.keys.revoke(key);
    await anna.finish([anna.orderOf(id)]);
    await anna.heartbeat();
    expect((await sessionOf(world, anna))?.st).toBe('lost');
    await world.live(MINUTE_MS);
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', attempt: 1, tries: 0 });
  });

  it('is expelled again by whichever instance hears it, if its socket would not close', async () => {
    const { world, anna, key } = await setUp();
    await world.keys.revoke(key);
    await anna.heartbeat();
    await anna.heartbeat();
    world.coolDown();
    await anna.heartbeat();
    expect(world.closed).toHaveLength(3);
    // Once by each instance.
    expect((await world.audited()).filter(({ action }) => action === 'worker.expelled')).toHaveLength(2);
  });
});

describe('a key that is rolled with an overlap', () => {
  it('keeps its worker connected until the overlap is over, and the new text opens a socket at once', async () => {
    const world = createWorld();
    const { key, text } = world.keys.make('anna', { pools: ['default'] });
    const anna = createWorker(world, 'anna', { key: text });
    await anna.hello();
    const rolled = await world.keys.roll(key, MINUTE_MS);
    await world.live(MINUTE_MS / 2);
    await anna.heartbeat();
    expect((await sessionOf(world, anna))?.st).toBe('up');
    await anna.resume();
    expect(anna.opened()).toBe(200);
    const other = createWorker(world, 'other', { key: rolled.text });
    await other.hello();
    expect(other.opened()).toBe(200);
    await world.live(MINUTE_MS / 2);
    await Promise.all([anna.heartbeat(), other.heartbeat()]);
    expect((await sessionOf(world, anna))?.st).toBe('lost');
    expect((await sessionOf(world, other))?.st).toBe('up');
  });
});

describe('a socket', () => {
  it('that nobody let in says nothing that is heard', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    const frame: WorkerFrame = { type: 'goodbye', session: worker.session, pool: 'default' };
    await worker.hello();
    await world.say('unknown', frame);
    expect((await sessionOf(world, worker))?.st).toBe('up');
    expect(world.posted.at(-1)).toMatchObject({ conn: 'unknown', frame: { type: 'error', code: 'refused' } });
    expect(await world.audited()).toMatchObject([{ action: 'worker.refused', actor: 'anonymous' }]);
  });

  it('that has ended is heard for the frames that were on their way', async () => {
    const world = createWorld();
    const { text } = world.keys.make('anna', { pools: ['default'] });
    const anna = createWorker(world, 'anna', { key: text });
    await anna.hello();
    const id = await world.submit();
    await world.engine.disconnect(anna.conn());
    expect(await world.ports.connections.find(anna.conn())).toBeUndefined();
    world.coolDown();
    await anna.finish([anna.orderOf(id)]);
    expect((await world.run(id)).status).toBe('succeeded');
  });
});

describe('what that costs', () => {
  it('is a read of the key for each sign of life, and for other frames nothing on a warm instance', async () => {
    const world = createWorld();
    const { text } = world.keys.make('anna', { pools: ['default'] });
    const anna = createWorker(world, 'anna', { key: text, slots: 3 });
    const reads: string[] = [];
    world.watch(({ when, name }) => {
      if (when === 'before' && ['connections.grantOf', 'credentials.key'].includes(name)) {
        reads.push(name);
      }
    });
    const readsOf = async (act: () => Promise<unknown>): Promise<readonly string[]> => {
      await act();
      return reads.splice(0);
    };
    expect(await readsOf(() => anna.hello())).toEqual(['credentials.key', 'connections.grantOf', 'credentials.key']);
    const [first, second] = [await world.submit(), await world.submit()];
    expect(await readsOf(() => anna.heartbeat())).toEqual(['credentials.key']);
    expect(await readsOf(() => anna.started(anna.orderOf(first)))).toEqual([]);
    expect(await readsOf(() => anna.finish([anna.orderOf(first)]))).toEqual([]);
    world.coolDown();
    expect(await readsOf(() => anna.finish([anna.orderOf(second)]))).toEqual([
      'connections.grantOf',
      'credentials.key',
    ]);
    expect(await readsOf(() => anna.goodbye())).toEqual([]);
  });
});
