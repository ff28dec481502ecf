/** Runs of the pool without workers: a function executes each once for every try, whatever becomes of its orders. */
import { describe, expect, it } from 'vitest';
import type { FunctionExecutorPort } from '../../lib/application/ports/function-pool.ts';
import type { RunOrder, RunResult } from '../../lib/contracts/frames.ts';
import { MAX_INLINE_PAYLOAD_BYTES } from '../../lib/contracts/limits.ts';
import { FUNCTION_RUN_LIMIT_MS } from '../../lib/domain/fleet/function-pool.ts';
import { CRASH, createWorld, type World } from '../support/engine-world.ts';

const LAMBDA = { pool: 'lambda', handler: 'http' } as const;

/** A function that remembers what it has executed, and answers as it is told. */
const createFunction = (world: World) => {
  const executed: RunOrder[] = [];
  let answer: Partial<RunResult> = {};
  let meanwhile: (() => Promise<void>) | undefined;
  let taken = 0;
  const execute: FunctionExecutorPort = async (order) => {
    executed.push(order);
    await meanwhile?.();
    const { run, attempt } = order;
    return { run, attempt, outcome: 'succeeded', startedAt: world.now(), durationMs: 1, ...answer };
  };
  const take = (order: World['orders'][number]): Promise<void> => world.engine.executeRun(order, execute);
  return {
    executed,
    take,
    /** Takes up what was sent since the last time. */
    work: async (): Promise<void> => {
      for (; taken < world.orders.length; taken += 1) {
        await take(world.orders[taken] ?? { run: '', attempt: 0 });
      }
    },
    answers: (next: Partial<RunResult>) => {
      answer = next;
    },
    /** Happens while it executes. */
    during: (next: (() => Promise<void>) | undefined) => {
      meanwhile = next;
    },
  };
};

const runAlarms = (world: World) => world.alarms().filter(({ key }) => key.kind === 'run');

describe('a run of the pool without workers', () => {
  it('is executed without any worker: no session, no slot, no socket', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    fn.answers({ exitCode: 204, output: 'done' });
    const id = await world.submit(LAMBDA);
    expect(await world.run(id)).toMatchObject({ status: 'dispatched', attempt: 1, worker: 'lambda' });
    expect(world.orders).toEqual([{ run: id, attempt: 1 }]);
    await fn.work();
    expect(fn.executed).toMatchObject([{ run: id, attempt: 1, handler: 'http', payload: '{"to":"a@example.com"}' }]);
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', attempt: 1, exitCode: 204, output: 'done' });
    expect(world.posted).toEqual([]);
    await world.live(3_600_000);
    expect([world.orders.length, runAlarms(world)]).toEqual([1, []]);
  });

  it('that is due later is sent 3 s ahead, and not begun before its instant', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    const dueAt = world.now() + 60_000;
    const id = await world.submit({ ...LAMBDA, executeAt: dueAt });
    expect(world.orders).toEqual([]);
    await world.live(57_000);
    expect(world.orders).toEqual([{ run: id, attempt: 1 }]);
    await fn.work();
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', startedAt: dueAt });
  });

  it('gets its payload whole, however long it is', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    const payload = JSON.stringify({ text: '"'.repeat(2 * MAX_INLINE_PAYLOAD_BYTES) });
    await world.submit({ ...LAMBDA, payload });
    let reads = 0;
    world.watch(({ when, name }) => {
      reads += when === 'before' && name === 'data.getPayload' ? 1 : 0;
    });
    await fn.work();
    expect(fn.executed.map((order) => order.payload)).toEqual([payload]);
    expect(reads).toBe(1);
  });

  it('tells of itself while it is executed', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    const id = await world.submit(LAMBDA);
    fn.during(async () => {
      expect(await world.run(id)).toMatchObject({ status: 'running', startedAt: world.now() });
      expect(await world.engine.why(id)).toMatchObject({
        reason: 'running',
        message: expect.stringContaining('on lambda'),
      });
    });
    await fn.work();
    expect(fn.executed).toHaveLength(1);
  });
});

describe('an order to the function', () => {
  it('that was lost is sent again, with the same attempt', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    const id = await world.submit({ ...LAMBDA, timeoutMs: 1_000 });
    const [lost] = world.orders;
    await world.live(20_000);
    expect(world.orders).toEqual([lost, lost]);
    await fn.take({ run: id, attempt: 1 });
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', attempt: 1, tries: 0 });
  });

  it('that the queue refused is sent again', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    world.watch(({ when, name }) => {
      if (when === 'before' && name === 'functionQueue.send') {
        throw new Error('The queue does not answer');
      }
    });
    const id = await world.submit(LAMBDA);
    world.watch(undefined);
    expect([world.orders, (await world.run(id)).status]).toEqual([[], 'dispatched']);
    await world.live(20_000);
    await fn.work();
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', attempt: 1 });
  });

  it('is executed once when it comes twice: after the end, and at the same moment', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    const id = await world.submit(LAMBDA);
    const order = { run: id, attempt: 1 };
    await Promise.all([fn.take(order), fn.take(order), fn.take(order)]);
    const ended = await world.run(id);
    await fn.take(order);
    expect(fn.executed).toHaveLength(1);
    expect(await world.run(id)).toEqual(ended);
  });

  it('is executed once when it comes again in the middle', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    const id = await world.submit(LAMBDA);
    fn.during(() => fn.take({ run: id, attempt: 1 }));
    await fn.work();
    expect(fn.executed).toHaveLength(1);
    expect(await world.run(id)).toMatchObject({ status: 'succeeded' });
  });

  it('of an earlier attempt, of a run of workers and of no run is void', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    fn.answers({ outcome: 'failed', error: 'HTTP 500' });
    const id = await world.submit(LAMBDA);
    await fn.work();
    await world.live(2_000);
    expect(world.orders.at(-1)).toEqual({ run: id, attempt: 2 });
    const others = await world.submit({ handler: 'http' });
    for (const order of [
      { run: id, attempt: 1 },
      { run: id, attempt: 3 },
      { run: others, attempt: 1 },
      { run: '42', attempt: 1 },
    ]) {
      await fn.take(order);
    }
    expect(fn.executed).toHaveLength(1);
  });

  it('that could not be begun comes again, and is then executed', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    const id = await world.submit(LAMBDA);
    world.watch(({ when, name }) => {
      if (when === 'before' && name === 'runs.commit') {
        throw CRASH;
      }
    });
    await expect(fn.take({ run: id, attempt: 1 })).rejects.toBe(CRASH);
    world.watch(undefined);
    expect(fn.executed).toEqual([]);
    await fn.take({ run: id, attempt: 1 });
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', attempt: 1 });
  });

  it('that nobody takes up for 15 min is given up, and the run tried again', async () => {
    const world = createWorld();
    const id = await world.submit({ ...LAMBDA, timeoutMs: 24 * 3_600_000 });
    await world.live(15 * 60_000 + 2_000);
    expect(await world.run(id)).toMatchObject({
      ...{ attempt: 2, tries: 1, status: 'dispatched' },
      history: [{ outcome: 'timed_out', error: 'The function that executes runs did not take it up in time' }],
    });
  });
});

describe('a function that dies in the middle', () => {
  it('leaves a run that is tried again when the function’s own time is over', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    // A day: much longer than the function may work on anything.
    const id = await world.submit({ ...LAMBDA, timeoutMs: 24 * 3_600_000 });
    fn.during(() => Promise.reject(CRASH));
    await expect(fn.work()).rejects.toBe(CRASH);
    expect((await world.run(id)).status).toBe('running');
    await world.live(FUNCTION_RUN_LIMIT_MS + 14_000);
    expect((await world.run(id)).status).toBe('running');
    expect(world.orders).toHaveLength(1);
    fn.during(undefined);
    await world.live(4_000);
    expect(world.orders.slice(1)).toEqual([{ run: id, attempt: 2 }]);
    await fn.take({ run: id, attempt: 2 });
    expect(await world.run(id)).toMatchObject({
      ...{ status: 'succeeded', attempt: 2, tries: 1 },
      history: [{ attempt: 1, outcome: 'timed_out', error: 'The function that executed it ended without a result' }],
    });
  });

  it('with the last try ends it, with an exception', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    const id = await world.submit({ ...LAMBDA, timeoutMs: 5_000, maxTries: 1 });
    fn.during(() => Promise.reject(CRASH));
    await expect(fn.work()).rejects.toBe(CRASH);
    await world.live(20_000);
    expect(await world.run(id)).toMatchObject({ status: 'timed_out', tries: 1 });
    expect(world.exceptions()).toMatchObject([{ kind: 'run_failed', run: id, reason: 'timed_out' }]);
    expect(runAlarms(world)).toEqual([]);
  });

  it('and the result of an attempt that was given up changes nothing', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    const id = await world.submit({ ...LAMBDA, timeoutMs: 5_000 });
    // Frozen for a minute, and then it goes on.
    fn.during(() => world.live(60_000));
    await fn.take({ run: id, attempt: 1 });
    expect(await world.run(id)).toMatchObject({ status: 'dispatched', attempt: 2, tries: 1 });
  });
});

describe('a run that fails in the function', () => {
  it('is tried again after a backoff, as often as it may', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    fn.answers({ outcome: 'failed', reason: 'handler_failed', error: 'HTTP 503', exitCode: 503 });
    const id = await world.submit({ ...LAMBDA, maxTries: 3 });
    for (let tries = 0; tries < 3; tries += 1) {
      await fn.work();
      await world.live(10_000);
    }
    expect(fn.executed.map(({ attempt, tries }) => [attempt, tries])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
    ]);
    expect(await world.run(id)).toMatchObject({ status: 'failed', tries: 3, exitCode: 503, error: 'HTTP 503' });
    expect(world.exceptions()).toHaveLength(1);
    await world.live(60_000);
    expect(runAlarms(world)).toEqual([]);
  });

  it('for a bad payload is not tried again', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    fn.answers({ outcome: 'failed', reason: 'bad_payload', error: 'url: is no URL' });
    const id = await world.submit({ ...LAMBDA, maxTries: 3 });
    await fn.work();
    expect(await world.run(id)).toMatchObject({ status: 'failed', tries: 1, reason: 'bad_payload' });
  });
});

describe('cancelling a run of the pool without workers', () => {
  it('before it is sent: it never is', async () => {
    const world = createWorld();
    const id = await world.submit({ ...LAMBDA, executeAt: world.now() + 60_000 });
    await world.engine.cancelRun(id);
    await world.live(600_000);
    expect([world.orders, (await world.run(id)).evidence]).toEqual([[], undefined]);
  });

  it('before it is begun: it never is, and that is the evidence', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    const id = await world.submit(LAMBDA);
    await world.engine.cancelRun(id);
    await fn.work();
    expect(fn.executed).toEqual([]);
    const askedAt = world.now();
    await world.live(60_000);
    expect(await world.run(id)).toMatchObject({
      status: 'cancelled',
      evidence: { state: 'exited', at: askedAt + 20_000 },
    });
    expect(runAlarms(world)).toEqual([]);
  });

  it('in the moment before it begins: nothing is executed', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    const id = await world.submit(LAMBDA);
    world.watch(async ({ when, name }) => {
      if (when === 'after' && name === 'runs.get') {
        world.watch(undefined);
        await world.engine.cancelRun(id);
      }
    });
    await fn.work();
    expect([fn.executed, (await world.run(id)).status]).toEqual([[], 'cancelled']);
  });

  it('while it is executed: cancelled at once, and the result is the evidence', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    const id = await world.submit({ ...LAMBDA, timeoutMs: 600_000 });
    fn.answers({ exitCode: 200, output: 'late' });
    fn.during(async () => {
      await world.engine.cancelRun(id);
      expect(await world.run(id)).toMatchObject({ status: 'cancelled', evidence: { state: 'pending' } });
      // Longer than a worker would be asked for.
      await world.live(200_000);
      expect((await world.run(id)).evidence).toEqual({ state: 'pending' });
    });
    await fn.work();
    expect(await world.run(id)).toMatchObject({
      ...{ status: 'cancelled', tries: 0, output: 'late' },
      evidence: { state: 'exited', exitCode: 200 },
    });
    await world.live(600_000);
    expect(runAlarms(world)).toEqual([]);
  });

  it('while a function executes it that then dies: never called ended', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    const id = await world.submit({ ...LAMBDA, timeoutMs: 30_000 });
    fn.during(async () => {
      await world.engine.cancelRun(id);
      throw CRASH;
    });
    await expect(fn.work()).rejects.toBe(CRASH);
    await world.live(60_000);
    expect(await world.run(id)).toMatchObject({ status: 'cancelled', evidence: { state: 'abandoned' } });
    expect(runAlarms(world)).toEqual([]);
  });

  it('by a person’s verdict while it is executed: the result comes too late', async () => {
    const world = createWorld();
    const fn = createFunction(world);
    const id = await world.submit({ ...LAMBDA, maxTries: 5 });
    fn.during(async () => {
      await world.engine.settleRun(id, 'failed');
    });
    await fn.work();
    expect(await world.run(id)).toMatchObject({ status: 'failed', reason: 'operator', attempt: 1 });
    await world.live(60_000);
    expect(world.orders).toHaveLength(1);
  });
});
