import { describe, expect, it } from 'vitest';
import type { BackfillResult, BackfillView } from '../../../lib/application/jobs/api.ts';
import { CRASH } from '../../support/engine-world.ts';
import { NOW } from '../../support/rows.ts';
import { createWorker } from '../../support/world-worker.ts';
import { createJobWorld, DAY_MS, everyMinute, HOUR_MS, type JobWorld, MINUTE_MS } from './job-world.ts';

const hours = (count: number): number[] => Array.from({ length: count }, (_, at) => NOW - (count - at) * HOUR_MS);
const hourly = { ...everyMinute, expression: '0 * * * *' };
const begun = (result: BackfillResult): BackfillView => {
  if (result.kind !== 'started') {
    throw new Error(`It was not started: ${JSON.stringify(result)}`);
  }
  return result.backfill;
};

/** A paused job of every hour, and a worker that ends what it gets whenever it is told to. */
const createFilled = async (): Promise<{ world: JobWorld; id: string }> => {
  const world = createJobWorld();
  const { id } = await world.make({ schedule: hourly, state: 'paused' });
  return { world, id };
};
const range = (count: number) => ({ from: NOW - count * HOUR_MS, to: NOW, dryRun: false });

describe('a backfill', () => {
  it('that is only planned counts, and creates nothing', async () => {
    const { world, id } = await createFilled();
    expect(await world.engine.jobs.backfill(id, { ...range(5), parallel: 2, dryRun: true }, 'ann')).toEqual({
      ...{ kind: 'planned', total: 5, first: NOW - 5 * HOUR_MS, last: NOW - HOUR_MS },
    });
    expect(world.alarms()).toEqual([]);
    expect(await world.engine.jobs.listBackfills(id)).toEqual([]);
  });

  it('creates a run for each past occurrence, so many at a time, tagged and due now', async () => {
    const { world, id } = await createFilled();
    const worker = createWorker(world, 'worker', { slots: 50 });
    await worker.hello();
    const { id: backfill } = begun(await world.engine.jobs.backfill(id, { ...range(7), parallel: 3 }, 'ann'));
    let most = 0;
    for (let beat = 0; beat < 12; beat += 1) {
      await world.live(5_000);
      most = Math.max(most, worker.holding().length);
      await worker.finish(worker.holding());
    }
    expect(most).toBe(3);
    const runs = await world.runsOf(id);
    expect(runs.map((run) => run.id)).toEqual(hours(7).map((n) => `${id}.${n}`));
    expect(new Set(runs.map((run) => [run.trigger, run.backfill, run.status].join()))).toEqual(
      new Set([`backfill,${backfill},succeeded`]),
    );
    expect(runs.every(({ executeAt }) => executeAt >= NOW)).toBe(true);
    expect(await world.engine.jobs.listBackfills(id)).toMatchObject([
      { id: backfill, state: 'done', total: 7, created: 7, parallel: 3 },
    ]);
    expect(world.alarms().filter(({ key }) => key.kind === 'backfill')).toEqual([]);
  });

  it('leaves out what has a run, and what the schedule will still fire', async () => {
    const { world, id } = await createFilled();
    await world.engine.jobs.backfill(
      id,
      { from: NOW - 3 * HOUR_MS, to: NOW - 2 * HOUR_MS, parallel: 9, dryRun: false },
      'a',
    );
    await world.live(10_000);
    await world.engine.jobs.change(id, { state: 'active' }, 'ann');
    const plan = { from: NOW - 5 * HOUR_MS, to: NOW + DAY_MS, parallel: 9, dryRun: true };
    expect(await world.engine.jobs.backfill(id, plan, 'ann')).toMatchObject({ total: 5, last: NOW });
    begun(await world.engine.jobs.backfill(id, { ...plan, dryRun: false }, 'ann'));
    await world.live(20_000);
    expect(await world.instantsOf(id)).toEqual([...hours(5), NOW]);
  });

  it.each([
    ['a job without a schedule', null, range(3), 'no_schedule'],
    ['a range that has no occurrence', hourly, { from: NOW, to: NOW, dryRun: false }, 'nothing_to_do'],
    ['more than 10,000', { ...everyMinute, expression: '* * * * * *' }, range(3), 'too_many'],
  ])('of %s is refused', async (_case, schedule, asked, kind) => {
    const { world, id } = await createFilled();
    await world.engine.jobs.change(id, { schedule }, 'ann');
    expect((await world.engine.jobs.backfill(id, { ...asked, parallel: 1 }, 'ann')).kind).toBe(kind);
  });

  it('of a short interval among thousands that ran passes over them quickly', async () => {
    const { world, id } = await createFilled();
    await world.engine.jobs.change(id, { schedule: everyMinute }, 'ann');
    const asked = { from: NOW - 300 * MINUTE_MS, to: NOW, parallel: 100, dryRun: false };
    begun(await world.engine.jobs.backfill(id, { ...asked, from: NOW - 100 * MINUTE_MS }, 'ann'));
    await world.live(10_000);
    for (const run of await world.runsOf(id)) {
      await world.end(run.id);
    }
    begun(await world.engine.jobs.backfill(id, asked, 'ann'));
    for (let look = 0; look < 10; look += 1) {
      await world.live(5_000);
      for (const run of await world.runsOf(id)) {
        await world.engine.cancelRun(run.id);
      }
    }
    expect(await world.runsOf(id)).toHaveLength(300);
    expect((await world.engine.jobs.listBackfills(id))?.map(({ state, created }) => [state, created])).toEqual([
      ['done', 200],
      ['done', 100],
    ]);
  });

  it('that is cancelled cancels what is open, and creates no more', async () => {
    const { world, id } = await createFilled();
    const { id: backfill } = begun(await world.engine.jobs.backfill(id, { ...range(9), parallel: 2 }, 'ann'));
    await world.live(10_000);
    expect(await world.engine.jobs.cancelBackfill(id, backfill)).toMatchObject({ state: 'cancelled', created: 2 });
    await world.live(MINUTE_MS);
    expect((await world.runsOf(id)).map(({ status }) => status)).toEqual(['cancelled', 'cancelled']);
    expect(await world.engine.jobs.cancelBackfill(id, backfill)).toMatchObject({ state: 'cancelled' });
    expect(await world.engine.jobs.cancelBackfill(id, '42')).toBeUndefined();
    expect(world.alarms().filter(({ key }) => key.kind === 'backfill')).toEqual([]);
  });

  it('of a job that is deleted ends, and no run appears after', async () => {
    const { world, id } = await createFilled();
    begun(await world.engine.jobs.backfill(id, { ...range(9), parallel: 2 }, 'ann'));
    await world.live(10_000);
    await world.engine.jobs.remove(id, 'ann');
    const instants = await world.instantsOf(id);
    await world.live(MINUTE_MS);
    expect(await world.instantsOf(id)).toEqual(instants);
    expect(new Set((await world.runsOf(id)).map(({ status }) => status))).toEqual(new Set(['cancelled']));
  });

  it('that dies at any call of a port fills each occurrence once', async () => {
    const fill = async (call: number): Promise<number> => {
      const { world, id } = await createFilled();
      begun(await world.engine.jobs.backfill(id, { ...range(4), parallel: 2 }, 'ann'));
      let calls = 0;
      world.watch(() => {
        calls += 1;
        if (calls === call) {
          throw CRASH;
        }
      });
      await world.live(6_000);
      const seen = calls;
      world.watch(undefined);
      for (let look = 0; look < 15; look += 1) {
        await world.live(10_000);
        for (const run of await world.runsOf(id)) {
          await world.engine.cancelRun(run.id);
        }
      }
      expect(await world.instantsOf(id), `after a crash at call ${call}`).toEqual(hours(4));
      expect(await world.engine.jobs.listBackfills(id)).toMatchObject([{ state: 'done', created: 4 }]);
      return seen;
    };
    const calls = await fill(0);
    expect(calls).toBeGreaterThan(10);
    for (let call = 1; call <= calls; call += 1) {
      await fill(call);
    }
  });

  it.each([
    ['cancelled', (world: JobWorld, id: string, backfill: string) => world.engine.jobs.cancelBackfill(id, backfill)],
    ['deleted with its job', (world: JobWorld, id: string) => world.engine.jobs.remove(id, 'ann')],
  ] as const)('that is %s in the middle of a look, at any call of a port, creates no more', async (_case, end) => {
    let reached = 0;
    for (let call = 1; call === reached + 1; call += 1) {
      const { world, id } = await createFilled();
      const { id: backfill } = begun(await world.engine.jobs.backfill(id, { ...range(4), parallel: 2 }, 'ann'));
      let [calls, atReturn] = [0, undefined as readonly number[] | undefined];
      world.watch(async () => {
        calls += 1;
        if (calls === call) {
          world.watch(undefined);
          await end(world, id, backfill);
          atReturn = await world.instantsOf(id);
        }
      });
      await world.live(1_500);
      world.watch(undefined);
      if (atReturn !== undefined) {
        reached = call;
        await world.live(MINUTE_MS);
        expect(await world.instantsOf(id), `at call ${call}`).toEqual(atReturn);
        const statuses = (await world.runsOf(id)).map(({ status }) => status);
        expect(statuses.filter((status) => status !== 'cancelled')).toEqual([]);
      }
    }
    expect(reached).toBeGreaterThan(10);
  });
});
