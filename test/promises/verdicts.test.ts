/** Runs that end without their worker's word: a person says how (R9), or they did not begin in time (R8). */
import { describe, expect, it } from 'vitest';
import type { Settled } from '../../lib/application/api.ts';
import type { Run } from '../../lib/domain/run.ts';
import { CRASH, createWorld, type World } from '../support/engine-world.ts';
import { NOW } from '../support/rows.ts';
import { createWorker } from '../support/world-worker.ts';

const runAlarms = (world: World) => world.alarms().filter(({ key }) => key.kind === 'run');
const runExceptions = (world: World) => world.exceptions().filter(({ kind }) => kind === 'run_failed');

describe('a person says how a run ended', () => {
  it.each<[Settled, Partial<Run>, number]>([
    ['succeeded', { status: 'succeeded', reason: 'operator', tries: 0 }, 0],
    ['failed', { status: 'failed', reason: 'operator', tries: 1 }, 1],
    ['error', { status: 'failed', reason: 'operator_not_run', tries: 1 }, 1],
    ['timed_out', { status: 'timed_out', reason: 'operator', tries: 1 }, 1],
  ])('%s: it has, for good, and the worker’s copy is cancelled', async (as, expected, exceptions) => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit({ maxTries: 5 });
    await worker.started(worker.orderOf(id));
    expect(await world.engine.settleRun(id, as)).toMatchObject({ kind: 'settled', run: { id, ...expected } });
    const settled = await world.run(id);
    expect(worker.received.at(-1)).toMatchObject({ type: 'cancel', run: id, attempt: 1, session: worker.session });
    expect(runExceptions(world)).toHaveLength(exceptions);
    // What the worker says afterwards changes nothing, and frees its slot.
    await worker.finish([worker.orderOf(id)], { outcome: 'cancelled', signal: 'SIGTERM' });
    expect(worker.received.at(-1)).toMatchObject({ type: 'stale' });
    await world.live(3_600_000);
    expect(await world.run(id)).toEqual(settled);
    expect(runAlarms(world)).toEqual([]);
  });

  it('cancelled: as any cancel, with the evidence followed', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    expect(await world.engine.settleRun(id, 'cancelled')).toMatchObject({
      run: { status: 'cancelled', evidence: { state: 'pending' } },
    });
    expect(worker.received.at(-1)).toMatchObject({ type: 'cancel', run: id });
    await worker.finish([worker.orderOf(id)], { outcome: 'cancelled', signal: 'SIGTERM' });
    expect((await world.run(id)).evidence?.state).toBe('exited');
  });

  it.each(['succeeded', 'failed', 'error', 'timed_out'] as const)(
    'a run that waits cannot be %s: it is told so, and goes on waiting',
    async (as) => {
      const world = createWorld();
      const [later, waiting] = [await world.submit({ executeAt: NOW + 600_000 }), await world.submit()];
      expect(await world.engine.settleRun(later, as)).toEqual({ kind: 'illegal', status: 'scheduled' });
      expect(await world.engine.settleRun(waiting, as)).toEqual({ kind: 'illegal', status: 'ready' });
      const worker = createWorker(world, 'worker');
      await worker.hello();
      expect(worker.orders.map(({ run }) => run)).toEqual([waiting]);
      expect(await world.engine.settleRun(later, 'cancelled')).toMatchObject({ kind: 'settled' });
    },
  );

  it('what has ended stays as it ended', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    await worker.finish([worker.orderOf(id)]);
    const ended = await world.run(id);
    for (const as of ['succeeded', 'failed', 'error', 'timed_out', 'cancelled'] as const) {
      expect(await world.engine.settleRun(id, as)).toEqual({ kind: 'illegal', status: 'succeeded' });
    }
    expect(await world.run(id)).toEqual(ended);
    expect(await world.engine.settleRun('1', 'failed')).toEqual({ kind: 'not_found' });
  });

  it('loses against a result that comes first', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    world.watch(async ({ name, when }) => {
      if (name === 'runs.commit' && when === 'before') {
        world.watch(undefined);
        await worker.finish([worker.orderOf(id)]);
      }
    });
    expect(await world.engine.settleRun(id, 'failed')).toEqual({ kind: 'illegal', status: 'succeeded' });
    expect(runExceptions(world)).toEqual([]);
  });
});

describe('a run that has to begin by an instant', () => {
  it.each([
    ['its instant has come and no worker is there', 0, 10_500],
    ['it waits behind others for minutes', 0, 400_000],
    ['its instant was to come later than that', 60_000, 10_500],
    ['the alarm of its instant comes too late for it', 20_000, 20_000],
  ])('ends as not started when it has not: %s', async (_case, aheadMs, startInMs) => {
    const world = createWorld();
    const startBy = NOW + startInMs;
    const id = await world.submit({ executeAt: NOW + aheadMs, startBy });
    await world.live(startInMs - 1);
    expect(['scheduled', 'ready']).toContain((await world.run(id)).status);
    await world.live(1);
    expect(await world.run(id)).toMatchObject({
      ...{ status: 'timed_out', reason: 'not_started', attempt: 0, tries: 0, endedAt: startBy },
      error: `Not started by ${new Date(startBy).toISOString()}`,
    });
    expect((await world.run(id)).readyShard).toBeUndefined();
    expect(runExceptions(world)).toMatchObject([{ run: id, reason: 'not_started' }]);
    const worker = createWorker(world, 'worker');
    await worker.hello();
    await world.live(3_600_000);
    expect(worker.orders).toEqual([]);
    expect(runAlarms(world)).toEqual([]);
  });

  it('is not given to a worker that comes before the alarm of that instant', async () => {
    const world = createWorld();
    const id = await world.submit({ startBy: NOW + 10_500 });
    world.pass(10_500);
    const worker = createWorker(world, 'worker');
    await worker.hello();
    expect(worker.orders).toEqual([]);
    await world.live(0);
    expect(await world.run(id)).toMatchObject({ status: 'timed_out', reason: 'not_started' });
  });

  it('is left in peace once it has begun, however often it is tried', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit({ startBy: NOW + 10_500, maxTries: 2 });
    world.pass(11_000);
    await worker.finish([worker.orderOf(id)], { outcome: 'failed', error: 'no' });
    expect((await world.run(id)).status).toBe('scheduled');
    await world.live(5_000);
    await worker.finish([worker.orderOf(id)]);
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', tries: 1 });
  });

  it('is not begun by a creation that comes too late', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit({ startBy: NOW });
    expect(worker.orders).toEqual([]);
    await world.live(6_000);
    expect(await world.run(id)).toMatchObject({ status: 'timed_out', reason: 'not_started' });
  });

  it('ends though the function dies before it could write that', async () => {
    const world = createWorld();
    const id = await world.submit({ startBy: NOW + 10_500 });
    let deaths = 0;
    world.watch(({ name, when }) => {
      if (name === 'runs.commit' && when === 'before' && deaths < 3) {
        deaths += 1;
        throw CRASH;
      }
    });
    await world.live(200_000);
    expect(deaths).toBe(3);
    expect(await world.run(id)).toMatchObject({ status: 'timed_out', reason: 'not_started' });
  });
});
