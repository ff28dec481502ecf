import { describe, expect, it } from 'vitest';
import { DISPATCH_LEAD_MS } from '../../lib/domain/timing.ts';
import { createWorld, type World } from '../support/engine-world.ts';
import { createWorker, type WorldWorker } from '../support/world-worker.ts';

const MINUTE_MS = 60_000;

/** Names of the port calls that a piece of work makes. */
const callsOf = async (world: World, work: () => Promise<unknown>): Promise<string[]> => {
  const calls: string[] = [];
  world.watch(({ when, name }) => {
    if (when === 'before') {
      calls.push(name);
    }
  });
  await work();
  world.watch(undefined);
  return calls;
};
const pushes = (world: World): number => world.posted.filter(({ frame }) => frame.type === 'run').length;
const runsOf = (worker: WorldWorker): string[] => worker.orders.map(({ run }) => run);

describe('a due run', () => {
  it('with credit at hand is born dispatched and pushed in the same breath (D1)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 3 });
    await worker.hello();
    let id = '';
    const calls = await callsOf(world, async () => {
      id = await world.submit({ payload: '{"a":1}', maxTries: 5, timeoutMs: 9_000 });
    });
    // Counted: one look, one push taken, one row, one alarm, one frame.
    expect(calls).toEqual(['sessions.look', 'sessions.take', 'alarms.send', 'runs.create', 'sockets.post']);
    expect(await world.run(id)).toMatchObject({ status: 'dispatched', attempt: 1, seq: 1, worker: 'worker' });
    expect(worker.orders).toEqual([
      {
        seq: 1,
        run: id,
        attempt: 1,
        handler: 'send_email',
        payload: '{"a":1}',
        notBefore: world.now(),
        timeoutMs: 9_000,
        maxTries: 5,
        tries: 0,
        stream: true,
      },
    ]);
  });

  it('costs one write for its result on an idle fleet, besides the report', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    const calls = await callsOf(world, () => worker.finish([worker.orderOf(id)]));
    expect(calls.filter((name) => /commit|create|report|take|put/.test(name))).toEqual([
      'runs.commit',
      'sessions.report',
    ]);
  });

  it('without credit waits, and goes to the first worker that comes', async () => {
    const world = createWorld();
    const ids = [await world.submit(), await world.submit(), await world.submit()];
    expect((await world.allRuns()).map(({ status }) => status)).toEqual(['ready', 'ready', 'ready']);
    const worker = createWorker(world, 'worker', { slots: 2 });
    await worker.hello();
    expect(worker.orders).toHaveLength(2);
    await worker.finish(worker.orders.slice(0, 2));
    expect(new Set(runsOf(worker))).toEqual(new Set(ids));
  });

  it('meets a slot that was freed between the first look and its row (D3: write, then look)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    world.watch(async ({ when, name }) => {
      if (when === 'before' && name === 'runs.create') {
        world.watch(undefined);
        await worker.hello();
      }
    });
    const id = await world.submit();
    expect(runsOf(worker)).toEqual([id]);
  });

  it('goes to the least loaded worker that knows its handler', async () => {
    const world = createWorld();
    const small = createWorker(world, 'small', { slots: 1 });
    const large = createWorker(world, 'large', { slots: 3 });
    const other = createWorker(world, 'other', { slots: 50, handlers: ['resize'] });
    await Promise.all([small.hello(), large.hello(), other.hello()]);
    await world.submit();
    await world.submit();
    expect([small.orders.length, large.orders.length, other.orders.length]).toEqual([0, 2, 0]);
    await world.submit();
    await world.submit();
    expect([small.orders.length, large.orders.length, other.orders.length]).toEqual([1, 3, 0]);
    await world.submit();
    expect(pushes(world)).toBe(4);
  });

  it.each([1, 2, 5])('never exceeds a worker’s slots, through %i shards', async (sessions) => {
    const world = createWorld({ shards: { sessions, ready: 3 } });
    const workers = Array.from({ length: 6 }, (_, index) => createWorker(world, `worker-${index}`, { slots: 2 }));
    await Promise.all(workers.map((worker) => worker.hello()));
    await Promise.all(Array.from({ length: 30 }, () => world.submit()));
    for (let beat = 0; beat < 4; beat += 1) {
      await world.live(15_000);
      await Promise.all(workers.map((worker) => worker.heartbeat()));
    }
    expect(workers.map(({ held }) => held.size)).toEqual([2, 2, 2, 2, 2, 2]);
    for (let round = 0; round < 3; round += 1) {
      for (const worker of workers) {
        await worker.finish(worker.holding());
        expect(worker.held.size).toBeLessThanOrEqual(2);
      }
      await world.live(15_000);
      await Promise.all(workers.map((worker) => worker.heartbeat()));
    }
    expect((await world.allRuns()).filter(({ status }) => status === 'succeeded')).toHaveLength(30);
    expect((await world.allRuns()).every(({ attempt, tries }) => attempt === 1 && tries === 0)).toBe(true);
  });

  it('that is cancelled under the dispatcher’s hands gives its slot back (C5)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    world.watch(async ({ when, name, args }) => {
      if (when === 'before' && name === 'runs.create') {
        await worker.hello();
      }
      if (when === 'before' && name === 'runs.commit') {
        world.watch(undefined);
        const [{ id }] = args as [{ readonly id: string }];
        await world.engine.cancelRun(id);
      }
    });
    const id = await world.submit();
    expect((await world.run(id)).status).toBe('cancelled');
    const next = await world.submit();
    expect(worker.orders).toMatchObject([{ run: next, seq: 1 }]);
  });

  it('is found by its alarm within a second when everybody else missed it', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    // The looks of the submission fall into a hole.
    world.watch(({ when, name, answer }) => {
      if (when === 'after' && name === 'sessions.look') {
        (answer as { sessions: unknown[] }).sessions.length = 0;
      }
    });
    const id = await world.submit();
    world.watch(undefined);
    expect((await world.run(id)).status).toBe('ready');
    await world.live(1_000);
    expect(runsOf(worker)).toEqual([id]);
  });
});

describe('a run for later', () => {
  it('is pushed a little ahead, to be held by the worker until its instant', async () => {
    const world = createWorld();
    const executeAt = world.now() + 10 * MINUTE_MS;
    const id = await world.submit({ executeAt });
    expect(await world.run(id)).toMatchObject({ status: 'scheduled', attempt: 0 });
    await world.live(10 * MINUTE_MS - DISPATCH_LEAD_MS - 1_000);
    const worker = createWorker(world, 'worker');
    await worker.hello();
    expect(worker.orders).toEqual([]);
    await world.live(1_000);
    expect(worker.orders).toMatchObject([{ run: id, notBefore: executeAt }]);
    expect(world.now()).toBe(executeAt - DISPATCH_LEAD_MS);
  });

  it('becomes ready at its instant when nobody is there, and keeps its place by due time', async () => {
    const world = createWorld();
    const late = await world.submit({ executeAt: world.now() + 2 * MINUTE_MS });
    const early = await world.submit({ executeAt: world.now() + MINUTE_MS });
    await world.live(5 * MINUTE_MS);
    expect((await world.allRuns()).map(({ status }) => status)).toEqual(['ready', 'ready']);
    const head = await world.ports.runs.readyHead({ pool: 'default', shard: 0, queue: 'send_email', limit: 9 });
    expect(head.map(({ id }) => id)).toEqual([early, late]);
  });

  it('that is asked for in the past is due now', async () => {
    const world = createWorld();
    const id = await world.submit({ executeAt: world.now() - MINUTE_MS });
    expect(await world.run(id)).toMatchObject({ status: 'ready', executeAt: world.now(), dueAt: world.now() });
  });
});

describe('a backlog', () => {
  it('is handed over with the result, report and credit in one write (C4)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    for (let index = 0; index < 3; index += 1) {
      await world.submit();
    }
    const [order] = worker.orders;
    const calls = await callsOf(world, async () => {
      if (order !== undefined) {
        await worker.finish([order]);
      }
    });
    expect(calls.filter((name) => /^sessions\./.test(name) && !/get|look/.test(name))).toEqual(['sessions.report']);
    expect(calls.filter((name) => name === 'sockets.post')).toHaveLength(1);
    expect(worker.orders).toMatchObject([{ seq: 1 }, { seq: 2 }]);
  });

  it('is handed over for as many results as a frame carries, in one frame', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 4 });
    await worker.hello();
    for (let index = 0; index < 12; index += 1) {
      await world.submit();
    }
    const before = pushes(world);
    await worker.finish(worker.orders.slice(0, 4));
    expect(worker.orders.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(pushes(world) - before).toBe(1);
    expect(new Set(runsOf(worker)).size).toBe(8);
  });

  it('is served by priority', async () => {
    const world = createWorld();
    await world.submit({ priority: 9 });
    const urgent = await world.submit({ priority: 1 });
    await world.submit({ priority: 5 });
    const worker = createWorker(world, 'worker');
    await worker.hello();
    expect(runsOf(worker)).toEqual([urgent]);
  });

  it('meets free slots with the next heartbeat, whatever was lost before (D5)', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker', { slots: 2 });
    await worker.hello();
    world.watch(({ when, name }) => {
      if (when === 'before' && name === 'sessions.look') {
        throw new Error('The database is away');
      }
    });
    await expect(world.submit()).rejects.toThrow('away');
    world.watch(undefined);
    await world.submit();
    world.watch(({ when, name, answer }) => {
      if (when === 'after' && name === 'sessions.look') {
        (answer as { sessions: unknown[] }).sessions.length = 0;
      }
    });
    const missed = await world.submit();
    world.watch(undefined);
    expect((await world.run(missed)).status).toBe('ready');
    await worker.heartbeat();
    expect(runsOf(worker)).toContain(missed);
  });

  it('fills a worker with many slots in one look after another', async () => {
    const world = createWorld();
    for (let index = 0; index < 70; index += 1) {
      await world.submit();
    }
    const worker = createWorker(world, 'worker', { slots: 60 });
    await worker.hello();
    expect(worker.held.size).toBe(60);
  });
});
