/** Whoever ends a run of a step tells its transaction (T3), once the run is settled and not before (T4). */
import { describe, expect, it } from 'vitest';
import { createParts } from '../../lib/application/parts.ts';
import { createFulfilRun } from '../../lib/application/runs/fulfil-run.ts';
import { makeRunId, makeStepRunId } from '../../lib/domain/ids.ts';
import { isRunOpen } from '../../lib/domain/run.ts';
import type { RunRequest } from '../../lib/domain/run-decisions.ts';
import { createWorld, type World } from '../support/engine-world.ts';
import { aRequest } from '../support/rows.ts';
import { createWorker } from '../support/world-worker.ts';

const MINUTE_MS = 60_000;
const SAGA = makeRunId(Date.UTC(2029, 0, 1), 0);
const STEP = makeStepRunId({ saga: SAGA, step: 'pay', undo: false, n: 1 });

/** A run of a step, and what its transaction was told: how its run stood whenever the row was asked for. */
const begin = async (world: World, request: Partial<RunRequest> = {}) => {
  const told: boolean[] = [];
  world.watch(async ({ when, name, args }) => {
    if (when === 'before' && name === 'sagas.get' && args[0] === SAGA && args[1] === 'eventual') {
      told.push(isRunOpen(await world.run(STEP)));
    }
  });
  const parts = createParts(world.ports);
  await parts.createRun(aRequest({ id: STEP, executeAt: world.now(), maxTries: 1, ...request }));
  return { told, parts };
};

const withWorker = async () => {
  const world = createWorld();
  const worker = createWorker(world, 'worker');
  await worker.hello();
  return { world, worker };
};

const SETTLED_ONCE = [false];

describe('a transaction is told of the run of a step', () => {
  it.each(['succeeded', 'failed', 'timed_out'] as const)('that its worker says has %s', async (outcome) => {
    const { world, worker } = await withWorker();
    const { told } = await begin(world);
    await worker.finish([worker.orderOf(STEP)], { outcome });
    expect(told).toEqual(SETTLED_ONCE);
  });

  it('only when its last try has failed', async () => {
    const { world, worker } = await withWorker();
    const { told } = await begin(world, { maxTries: 2, backoff: { everyMs: MINUTE_MS, factor: 1 } });
    const failedAt = world.now();
    await worker.finish([worker.orderOf(STEP)], { outcome: 'failed' });
    expect(told).toEqual([]);
    expect(await world.run(STEP)).toMatchObject({ status: 'scheduled', dueAt: failedAt + MINUTE_MS });
    while ((await world.run(STEP)).status === 'scheduled') {
      await world.live(10_000);
      await worker.heartbeat();
    }
    await worker.finish([worker.orderOf(STEP)], { outcome: 'failed' });
    expect(told).toEqual(SETTLED_ONCE);
  });

  it('that a worker without a socket says has ended', async () => {
    const world = createWorld();
    const input = { worker: 'poller', pool: 'default', handlers: ['send_email'], tags: [], maxTasks: 1 };
    await world.engine.poll({ ...input, running: [], results: [] });
    const { told } = await begin(world);
    const { runs } = await world.engine.poll({ ...input, running: [], results: [] });
    expect(runs).toMatchObject([{ run: STEP, attempt: 1 }]);
    const result = { run: STEP, attempt: 1, outcome: 'succeeded', startedAt: world.now(), durationMs: 1 } as const;
    await world.engine.poll({ ...input, running: [], results: [result] });
    expect(told).toEqual(SETTLED_ONCE);
  });

  it('that a function executed', async () => {
    const world = createWorld();
    const { told } = await begin(world, { pool: 'lambda', handler: 'http' });
    for (const order of world.orders) {
      const { run, attempt } = order;
      const startedAt = world.now();
      await world.engine.executeRun(order, async () => ({
        run,
        attempt,
        outcome: 'succeeded',
        startedAt,
        durationMs: 1,
      }));
    }
    expect(told).toEqual(SETTLED_ONCE);
  });

  it('whose worker was lost', async () => {
    const { world } = await withWorker();
    const { told } = await begin(world);
    await world.live(2 * MINUTE_MS);
    expect(await world.run(STEP)).toMatchObject({ status: 'failed', reason: 'worker_lost' });
    expect(told).toEqual(SETTLED_ONCE);
  });

  it('that ran out of time', async () => {
    const { world, worker } = await withWorker();
    const { told } = await begin(world, { timeoutMs: MINUTE_MS });
    await worker.started(worker.orderOf(STEP));
    for (let beats = 0; beats < 20; beats += 1) {
      await world.live(5_000);
      await worker.heartbeat();
    }
    expect(await world.run(STEP)).toMatchObject({ status: 'timed_out', reason: 'timed_out' });
    expect(told).toEqual(SETTLED_ONCE);
  });

  it('that a person ended', async () => {
    const { world } = await withWorker();
    const { told } = await begin(world);
    await world.engine.settleRun(STEP, 'failed');
    expect(told).toEqual(SETTLED_ONCE);
  });

  it('that was cancelled before it began', async () => {
    const world = createWorld();
    const { told } = await begin(world);
    await world.engine.cancelRun(STEP);
    expect(told).toEqual(SETTLED_ONCE);
  });

  it('that was cancelled while it ran: when its worker has proved that it ended', async () => {
    const { world, worker } = await withWorker();
    const { told } = await begin(world);
    await world.engine.cancelRun(STEP);
    expect(told).toEqual([]);
    await worker.finish([worker.orderOf(STEP)], { outcome: 'cancelled' });
    expect(told).toEqual(SETTLED_ONCE);
  });

  it('that was cancelled while it ran: when its worker was given up', async () => {
    const { world } = await withWorker();
    const { told } = await begin(world);
    await world.engine.cancelRun(STEP);
    await world.live(10 * MINUTE_MS);
    expect(await world.run(STEP)).toMatchObject({ status: 'cancelled', evidence: { state: 'abandoned' } });
    expect(told).toEqual(SETTLED_ONCE);
  });
});

describe('a run that nobody executes (T8)', () => {
  const HOUR_MS = 60 * MINUTE_MS;
  const wait = async (world: World, forMs = HOUR_MS) => {
    const until = world.now() + forMs;
    const { told, parts } = await begin(world, { executeAt: until, startBy: until });
    return { told, until, fulfil: createFulfilRun(world.ports, parts.ended) };
  };

  it.each([0, 1_000, 2_999, HOUR_MS])(
    'is left alone by workers with free slots, and is out of time after %i ms',
    async (forMs) => {
      const { world, worker } = await withWorker();
      const { told, until } = await wait(world, forMs);
      while (world.now() < until) {
        expect((await world.run(STEP)).status).toBe('scheduled');
        await world.live(Math.min(10_000, until - world.now()));
        await worker.heartbeat();
      }
      await world.live(10_000);
      expect(await world.run(STEP)).toMatchObject({ status: 'timed_out', reason: 'not_started', attempt: 0 });
      expect(worker.orders).toEqual([]);
      expect(told).toEqual(SETTLED_ONCE);
      expect(world.alarms().filter(({ key }) => key.kind === 'run')).toEqual([]);
    },
  );

  it.each(['7', 'long '.repeat(12_000)])('succeeds with what it is told, whole', async (output) => {
    const world = createWorld();
    const { told, fulfil } = await wait(world);
    expect(await fulfil(STEP, { output })).toMatchObject({ status: 'succeeded' });
    expect(await world.engine.getRun(STEP)).toMatchObject({ status: 'succeeded', output });
    expect(told).toEqual(SETTLED_ONCE);
    expect(world.exceptions()).toEqual([]);
  });

  it('fails where it is told that it waits in vain, and that is told to people', async () => {
    const world = createWorld();
    const { told, fulfil } = await wait(world);
    await fulfil(STEP, { error: 'It ended as compensated' });
    const failed = { status: 'failed', reason: 'not_fulfilled', error: 'It ended as compensated' };
    expect(await world.run(STEP)).toMatchObject(failed);
    expect(told).toEqual(SETTLED_ONCE);
    expect(world.exceptions()).toMatchObject([{ run: STEP, reason: 'not_fulfilled' }]);
  });

  it('is told once: what comes later, or for a run that is executed, changes nothing', async () => {
    const { world } = await withWorker();
    const { fulfil, told } = await wait(world);
    await fulfil(STEP, { output: '1' });
    expect(await fulfil(STEP, { output: '2' })).toBeUndefined();
    expect(await fulfil(STEP, { error: 'no' })).toBeUndefined();
    expect(await fulfil(`${SAGA}~none~1`, { output: '1' })).toBeUndefined();
    expect(await world.run(STEP)).toMatchObject({ status: 'succeeded', output: '1' });
    expect(told).toEqual(SETTLED_ONCE);

    const other = await withWorker();
    const { parts } = await begin(other.world);
    expect(await createFulfilRun(other.world.ports, parts.ended)(STEP, { output: '1' })).toBeUndefined();
    expect(await other.world.run(STEP)).toMatchObject({ status: 'dispatched' });
  });
});
