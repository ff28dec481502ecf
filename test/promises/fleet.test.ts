/** Needs, strategies, ageing, and what a person sets: on the whole engine. */
import { describe, expect, it } from 'vitest';
import type { RoutingStrategy } from '../../lib/domain/fleet/needs.ts';
import type { Session } from '../../lib/domain/session.ts';
import { createWorld, type World } from '../support/engine-world.ts';
import { createWorker, type WorldWorker } from '../support/world-worker.ts';

const MINUTE_MS = 60_000;
const GPU = { tags: ['gpu'] };
const runsOf = (worker: WorldWorker): string[] => worker.orders.map(({ run }) => run);
const sessionOf = async (world: World, { session }: WorldWorker): Promise<Session> => {
  const { sessions } = await world.ports.sessions.look({
    pool: 'default',
    shard: 0,
    reading: 'consistent',
    limit: 999,
  });
  const found = sessions.find(({ id }) => id === session);
  if (found === undefined) {
    throw new Error(`There is no session ${session}`);
  }
  return found;
};
const countOf = async (world: World, name: string, work: () => Promise<unknown>): Promise<number> => {
  let count = 0;
  world.watch((call) => {
    count += call.when === 'before' && call.name === name ? 1 : 0;
  });
  await work();
  world.watch(undefined);
  return count;
};

describe('a run with needs', () => {
  it('goes to a worker that meets them, and waits for one', async () => {
    const world = createWorld();
    const plain = createWorker(world, 'plain', { slots: 9 });
    await plain.hello();
    const ids = [await world.submit({ needs: GPU }), await world.submit({ needs: GPU })];
    await world.live(MINUTE_MS);
    await plain.heartbeat();
    expect(plain.orders).toEqual([]);
    const gpu = createWorker(world, 'gpu', { slots: 9 });
    await gpu.hello({ tags: ['gpu', 'eu'] });
    expect(new Set(runsOf(gpu))).toEqual(new Set(ids));
    const third = await world.submit({ needs: GPU });
    expect(runsOf(gpu)).toContain(third);
  });

  it.each([
    ['labels', { labels: { zone: 'a' } }],
    ['the id of the worker', { workers: ['w-17'] }],
    ['its name', { workers: ['right'] }],
    ['a category', { category: 'mail' }],
  ])('may ask for %s', async (_what, needs) => {
    const world = createWorld();
    const wrong = createWorker(world, 'wrong', { slots: 9 });
    const right = createWorker(world, 'right', { slots: 2 });
    await wrong.hello({ labels: { zone: 'b' }, worker: 'w-1', categories: ['report'] });
    await right.hello({ labels: { zone: 'a' }, worker: 'w-17', categories: ['mail'] });
    const first = await world.submit({ needs });
    const ids = [first, await world.submit({ needs }), await world.submit({ needs })];
    expect(runsOf(right)).toEqual(ids.slice(0, 2));
    await right.finish([right.orderOf(first)]);
    expect(runsOf(right)).toEqual(ids);
    expect(wrong.orders).toEqual([]);
  });

  it('never stands in the way of others, however many of them wait', async () => {
    const world = createWorld();
    for (let index = 0; index < 50; index += 1) {
      await world.submit({ needs: GPU, priority: 1 });
    }
    const ids = [await world.submit({ priority: 10 }), await world.submit({ priority: 10 })];
    const plain = createWorker(world, 'plain', { slots: 1 });
    await plain.hello();
    await plain.finish(plain.holding());
    expect(new Set(runsOf(plain))).toEqual(new Set(ids));
  });

  it('of another kind than what a busy worker executes is not left to wait for a heartbeat', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 1 });
    await worker.hello({ tags: ['gpu'] });
    for (let index = 0; index < 5; index += 1) {
      await world.submit();
    }
    const critical = await world.submit({ needs: GPU, priority: 1 });
    await worker.heartbeat();
    await worker.finish(worker.holding());
    await world.live(20_000);
    await worker.heartbeat();
    await worker.finish(worker.holding());
    await worker.finish(worker.holding());
    expect(runsOf(worker)).toContain(critical);
  });

  it('finds the one that it is for among many, behind the first eight that a look reads', async () => {
    const world = createWorld();
    for (let index = 0; index < 40; index += 1) {
      await createWorker(world, `a-${index}`, { slots: 3 }).hello();
    }
    const wanted = createWorker(world, 'wanted');
    await wanted.hello();
    const id = await world.submit({ needs: { workers: ['wanted'] } });
    expect(runsOf(wanted)).toEqual([id]);
  });

  it('notes its queue once, not each time that it is looked at', async () => {
    const world = createWorld();
    const notes = await countOf(world, 'needs.note', async () => {
      for (let index = 0; index < 5; index += 1) {
        await world.submit({ needs: GPU });
      }
      await world.live(MINUTE_MS);
    });
    expect(notes).toBe(1);
    // It waits for hours: what is noted must not expire under it.
    await world.live(5 * 60 * MINUTE_MS);
    expect([...(await world.ports.needs.list('default', world.now())).values()]).toEqual([GPU]);
  });

  it('costs those without needs nothing', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 2 });
    await worker.hello();
    await worker.heartbeat();
    for (const port of ['needs.note', 'needs.list']) {
      const calls = await countOf(world, port, async () => {
        const id = await world.submit();
        await worker.finish([worker.orderOf(id)]);
      });
      expect(calls).toBe(0);
    }
  });

  it('that a worker lost its needed tag for is not handed over to it by the next result', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 1 });
    await worker.hello({ tags: ['gpu'] });
    const first = await world.submit({ needs: GPU });
    const second = await world.submit({ needs: GPU });
    await world.ports.sessions.configure(await sessionOf(world, worker), { tags: [] });
    await worker.finish([worker.orderOf(first)]);
    expect(runsOf(worker)).toEqual([first]);
    expect((await world.run(second)).status).toBe('ready');
    // The push that was taken for it is free for others.
    const plain = await world.submit();
    expect(runsOf(worker)).toEqual([first, plain]);
  });
});

describe('strategies', () => {
  const firsts = async (strategy: RoutingStrategy, count: number, pool: number): Promise<string[]> => {
    const world = createWorld({ shards: { sessions: 3, ready: 2 } });
    const workers = Array.from({ length: pool }, (_, index) =>
      createWorker(world, `w-${String(index).padStart(2, '0')}`, { slots: 50 }),
    );
    for (const worker of workers) {
      await worker.hello();
      world.pass(1);
    }
    const chosen: string[] = [];
    for (let turn = 0; turn < count; turn += 1) {
      const id = await world.submit({ routing: { strategy, turn } });
      chosen.push((await world.run(id)).worker ?? 'nobody');
      world.pass(1);
    }
    return chosen;
  };

  it('look at the whole pool, not at eight sessions of two shards', async () => {
    const all = Array.from({ length: 30 }, (_, index) => `w-${String(index).padStart(2, '0')}`);
    expect(await firsts('round_robin', 30, 30)).toEqual(all);
    expect(await firsts('first', 2, 30)).toEqual(['w-00', 'w-00']);
    expect(await firsts('last', 2, 30)).toEqual(['w-29', 'w-29']);
    expect(await firsts('failover', 2, 30)).toEqual(['w-00', 'w-00']);
    expect(new Set(await firsts('least_recently_used', 30, 30)).size).toBe(30);
    expect(new Set(await firsts('least_frequently_used', 30, 30)).size).toBe(30);
    expect(new Set(await firsts('consistent_hash', 5, 30)).size).toBe(1);
    expect(await firsts('busy_over', 26, 3)).toEqual([...Array(25).fill('w-00'), 'w-01']);
  });

  it('make nobody wait: where the first choice is full, the next one takes the run', async () => {
    const world = createWorld();
    const [first, second] = [createWorker(world, 'a', { slots: 1 }), createWorker(world, 'b', { slots: 1 })];
    await first.hello();
    await second.hello();
    await world.submit({ routing: { strategy: 'failover' } });
    await world.submit({ routing: { strategy: 'failover' } });
    expect([first.orders.length, second.orders.length]).toEqual([1, 1]);
  });
});

describe('the order of a run', () => {
  it('tells the place in a broadcast, the category, and whether its output is wanted while it runs', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 9 });
    await worker.hello();
    const task = { name: 't', project: 'default', category: 'default', description: '', saveLog: false };
    const quiet = await world.submit({ needs: { category: 'mail' }, task });
    expect(worker.orderOf(quiet)).toMatchObject({ category: 'mail' });
    expect(worker.orderOf(quiet)).not.toHaveProperty('stream');
    expect(worker.orderOf(quiet)).not.toHaveProperty('scheduledAt');
  });
});

describe('ageing (D6)', () => {
  /** One run ends each second, and a critical one comes: the worker is never idle. */
  const fullLoad = async (world: World, worker: WorldWorker, seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      await world.submit({ priority: 1 });
      await world.live(1_000);
      await worker.finish(worker.holding().slice(0, 1));
      if (second % 15 === 0) {
        await worker.heartbeat();
      }
    }
  };

  it.each([
    { what: 'of the same queue', ready: 1, low: {} },
    { what: 'in whatever shard it lies', ready: 4, low: {} },
    { what: 'of another handler', ready: 2, low: { handler: 'resize' } },
    { what: 'with needs', ready: 2, low: { needs: GPU } },
  ])('a low run $what starts within ten minutes under a full load of critical ones', async ({ ready, low }) => {
    const world = createWorld({ shards: { sessions: 1, ready }, seed: 3 });
    const worker = createWorker(world, 'worker', { slots: 1, handlers: ['send_email', 'resize'] });
    await worker.hello({ tags: ['gpu'] });
    for (let index = 0; index < 30; index += 1) {
      await world.submit({ priority: 1 });
    }
    const begun = world.now();
    const id = await world.submit({ priority: 10, ...low });
    await fullLoad(world, worker, 600);
    const order = worker.orderOf(id);
    const run = await world.run(id);
    expect(order.attempt).toBe(1);
    expect((run.dispatchedAt ?? Number.POSITIVE_INFINITY) - begun).toBeLessThanOrEqual(10 * MINUTE_MS);
    // Strict by class until then, where one queue holds both.
    if (ready === 1) {
      expect((run.dispatchedAt ?? 0) - begun).toBeGreaterThan(8 * MINUTE_MS);
    }
  });

  it('puts the last class first where all have waited too long: the others would never end', async () => {
    const world = createWorld();
    for (let index = 0; index < 40; index += 1) {
      await world.submit({ priority: 1 });
    }
    world.pass(1_000);
    const low = await world.submit({ priority: 10 });
    world.pass(1_000);
    await world.submit({ priority: 5 });
    world.pass(10 * MINUTE_MS);
    const worker = createWorker(world, 'worker', { slots: 1 });
    await worker.hello();
    expect(runsOf(worker)).toEqual([low]);
    // One look in 15 s: the class that the load is of keeps nearly all.
    await worker.finish(worker.holding());
    expect((await world.run(runsOf(worker)[1] ?? '')).priority).toBe(1);
  });

  it('asks seldom, and not at all where nothing waits', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 1 });
    await worker.hello();
    const aged = async (work: () => Promise<unknown>): Promise<number> => {
      let count = 0;
      world.watch(({ when, name, args: [query] }) => {
        const asksAged = name === 'runs.readyHead' && (query as { readonly aged?: unknown }).aged !== undefined;
        count += when === 'before' && asksAged ? 1 : 0;
      });
      await work();
      world.watch(undefined);
      return count;
    };
    const idle = await aged(async () => {
      for (let index = 0; index < 10; index += 1) {
        const id = await world.submit();
        await worker.finish([worker.orderOf(id)]);
        await worker.heartbeat();
        await world.live(15_000);
      }
    });
    expect(idle).toBe(0);
    for (let index = 0; index < 40; index += 1) {
      await world.submit();
    }
    // 30 results within 30 s: two askings, each of ten classes.
    expect(await aged(() => fullLoad(world, worker, 30))).toBe(20);
  });
});

describe('what a person sets for a worker', () => {
  it('disabled, it keeps what it has and gets nothing more, by whatever way', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 2 });
    await worker.hello();
    const held = await world.submit();
    await world.ports.sessions.configure(await sessionOf(world, worker), { disabled: true });
    const waiting = await world.submit();
    await world.live(MINUTE_MS - 30_000);
    await worker.heartbeat();
    await worker.finish([worker.orderOf(held)]);
    await world.live(10_000);
    await worker.heartbeat();
    expect(runsOf(worker)).toEqual([held]);
    expect((await world.run(held)).status).toBe('succeeded');
    expect((await world.run(waiting)).status).toBe('ready');
    await world.ports.sessions.configure(await sessionOf(world, worker), { disabled: false });
    await worker.heartbeat();
    expect(runsOf(worker)).toEqual([held, waiting]);
  });

  it('holds for its next session too: less at a time from the first push on, other tags, or nothing at all', async () => {
    const world = createWorld();
    await createWorker(world, 'worker', { slots: 5 }).hello();
    await world.engine.workers.change('worker', { maxTasks: 2, tags: ['gpu'] });
    const again = createWorker(world, 'worker', { slots: 5 });
    await world.live(5 * MINUTE_MS + 46_000);
    await again.hello();
    expect(again.received[0]).toMatchObject({ type: 'welcome', maxTasks: 2 });
    expect(await sessionOf(world, again)).toMatchObject({ maxTasks: 2, tags: ['gpu'], limit: 2 });
    for (let index = 0; index < 4; index += 1) {
      await world.submit({ needs: GPU });
    }
    expect(again.orders).toHaveLength(2);
  });

  it('reaches a worker that is connected, as configure', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 5 });
    await worker.hello();
    await world.engine.workers.change('worker', { maxTasks: 3, enabled: false });
    expect(worker.received.at(-1)).toEqual({ type: 'configure', session: worker.session, maxTasks: 3 });
    expect(await sessionOf(world, worker)).toMatchObject({ maxTasks: 3, disabled: true });
  });
});

describe('the scripts of categories', () => {
  const category = { name: '', description: '', version: 1, createdAt: 1, updatedAt: 1 };
  const worldWithCategories = async (): Promise<World> => {
    const world = createWorld();
    const { categories } = world.ports;
    await categories.create({
      ...category,
      id: '1',
      code: 'mail',
      check: 'test -f x',
      setup: 'touch x',
      teardown: 'rm x',
    });
    await categories.create({ ...category, id: '2', code: 'plain', check: '', setup: ' ', teardown: '' });
    await categories.create({ ...category, id: '3', code: 'report', check: 'true', setup: '', teardown: '' });
    return world;
  };

  it('come with the welcome, of those that the worker serves', async () => {
    const world = await worldWithCategories();
    const some = createWorker(world, 'some');
    await some.hello({ categories: ['mail', 'plain', 'unknown'] });
    expect(some.received[0]).toMatchObject({
      type: 'welcome',
      categories: [{ code: 'mail', check: 'test -f x', setup: 'touch x', teardown: 'rm x' }],
    });
    const all = createWorker(world, 'all');
    await all.hello();
    const [welcome] = all.received;
    expect(welcome?.type === 'welcome' && welcome.categories?.map(({ code }) => code)).toEqual(['mail', 'report']);
    const none = createWorker(world, 'none');
    await none.hello({ categories: ['plain'] });
    expect(none.received[0]).not.toHaveProperty('categories');
  });
});
