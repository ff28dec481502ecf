import { describe, expect, it } from 'vitest';
import type { Alarm } from '../../lib/domain/alarm.ts';
import { CONCURRENCY_POLICIES, type ConcurrencyPolicy } from '../../lib/domain/job/job.ts';
import { createJobWorld, everyMinute, HOUR_MS, type JobWorld, MINUTE_MS } from '../application/jobs/job-world.ts';
import { CRASH } from '../support/engine-world.ts';
import { NOW } from '../support/rows.ts';

const minutes = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => NOW + (first + at) * MINUTE_MS);
const policy = (concurrency: ConcurrencyPolicy) => ({ concurrency, misfire: 'fire_all', misfireCap: 100 }) as const;

/** A world whose job has fired at NOW and at NOW + 1 min, and is about to fire at NOW + 2 min. */
const beforeFire = async (
  concurrency: ConcurrencyPolicy,
): Promise<{ world: JobWorld; id: string; alarm: Alarm; fired: number }> => {
  const world = createJobWorld();
  const { id } = await world.make({ policy: policy(concurrency) });
  await world.live(MINUTE_MS + 30_000);
  for (const run of await world.runsOf(id)) {
    if (run.status === 'ready') {
      await world.end(run.id);
    }
  }
  const [alarm] = world.chainAlarms(id);
  if (alarm === undefined) {
    throw new Error('Nothing watches the job');
  }
  return { world, id, alarm, fired: (await world.row(id)).fired };
};

/** How many calls of ports a deed makes, each seen before and after. */
const countCalls = async (world: JobWorld, deed: () => Promise<unknown>): Promise<number> => {
  let calls = 0;
  world.watch(() => {
    calls += 1;
  });
  await deed();
  world.watch(undefined);
  return calls;
};

/** Does something at one of the calls of ports, once. */
const atCall = (world: JobWorld, call: number, deed: () => Promise<void> | never): void => {
  let seen = 0;
  world.watch(async () => {
    seen += 1;
    if (seen === call) {
      world.watch(undefined);
      await deed();
    }
  });
};

/** One run for each minute, none skipped, and the chain goes on. */
const expectWhole = async (world: JobWorld, id: string, last: number): Promise<void> => {
  expect(await world.instantsOf(id)).toEqual(minutes(0, last));
  const row = await world.row(id);
  expect(row.next).toBe(NOW + (last + 1) * MINUTE_MS);
  expect(world.chainAlarms(id).filter(({ key }) => key.kind === 'job' && key.n === row.next)).not.toEqual([]);
};

describe('a schedule', () => {
  it('fires each occurrence once, three seconds ahead', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    await world.live(HOUR_MS);
    expect(await world.instantsOf(id)).toEqual(minutes(0, 60));
    const created = (await world.runsOf(id)).slice(1).map(({ createdAt, executeAt }) => executeAt - createdAt);
    expect(new Set(created)).toEqual(new Set([3_000]));
    expect(await world.row(id)).toMatchObject({ fired: 61, rev: 1, lastFiredAt: NOW + HOUR_MS - 3_000 });
    expect(world.warnings).toEqual([]);
  });

  it('of every second keeps up, though its alarms come late', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ schedule: { ...everyMinute, expression: '* * * * * *' } });
    for (let second = 0; second < 30; second += 2) {
      world.pass(1_700);
      await world.live(300);
    }
    const instants = await world.instantsOf(id);
    expect(instants).toEqual(Array.from({ length: instants.length }, (_, at) => NOW + at * 1_000));
    expect(instants.at(-1)).toBeGreaterThanOrEqual(world.now());
  });
});

describe.each(CONCURRENCY_POLICIES)('a fire (%s)', (concurrency) => {
  it('that dies at any call of a port is finished by its message, once', async () => {
    const probe = await beforeFire(concurrency);
    probe.world.pass(probe.alarm.dueAt - probe.world.now());
    const calls = await countCalls(probe.world, () => probe.world.engine.ring(probe.alarm));
    expect(calls).toBeGreaterThan(8);
    for (let call = 1; call <= calls; call += 1) {
      const { world, id, alarm } = await beforeFire(concurrency);
      world.pass(alarm.dueAt - world.now());
      atCall(world, call, () => {
        throw CRASH;
      });
      await world.live(MINUTE_MS + 30_000);
      await expectWhole(world, id, 3).catch((error: unknown) => {
        throw new Error(`After a crash at call ${call}`, { cause: error });
      });
      expect((await world.runsOf(id))[2]?.status, `after a crash at call ${call}`).not.toBe('skipped');
    }
  });

  it('whose message comes twice, one after the other or at once, fires once', async () => {
    const { world, id, alarm, fired } = await beforeFire(concurrency);
    world.pass(alarm.dueAt - world.now());
    await world.engine.ring(alarm);
    await world.engine.ring(alarm);
    expect(await world.row(id)).toMatchObject({ fired: fired + 1 });
    await Promise.all([world.engine.ring(alarm), world.engine.ring(alarm)]);
    await expectWhole(world, id, 2);
    const again = await beforeFire(concurrency);
    again.world.pass(alarm.dueAt - again.world.now());
    await Promise.all([again.world.engine.ring(again.alarm), again.world.engine.ring(again.alarm)]);
    expect(await again.world.row(again.id)).toMatchObject({ fired: fired + 1 });
    await expectWhole(again.world, again.id, 2);
  });

  it('that another handler overtakes at any call of a port fires once', async () => {
    const probe = await beforeFire(concurrency);
    probe.world.pass(probe.alarm.dueAt - probe.world.now());
    const calls = await countCalls(probe.world, () => probe.world.engine.ring(probe.alarm));
    for (let call = 1; call <= calls; call += 1) {
      const { world, id, alarm, fired } = await beforeFire(concurrency);
      world.pass(alarm.dueAt - world.now());
      atCall(world, call, () => world.engine.ring(alarm));
      await world.engine.ring(alarm);
      expect((await world.row(id)).fired, `overtaken at call ${call}`).toBe(fired + 1);
      await expectWhole(world, id, 2);
      expect((await world.runsOf(id)).at(-1)?.status).not.toBe('skipped');
    }
  });

  it('whose alarm comes hours late, many times, or not in order leaves each minute with one account', async () => {
    const { world, id, alarm } = await beforeFire(concurrency);
    world.pass(20 * MINUTE_MS);
    await world.engine.ring(alarm);
    await world.live(MINUTE_MS);
    const alarms = world.chainAlarms(id);
    for (const late of [...alarms, ...alarms, alarm].toReversed()) {
      await world.engine.ring(late);
    }
    await world.live(5 * MINUTE_MS);
    const { next = 0 } = await world.row(id);
    const ledger = await world.engine.jobs.ledger(id, { from: NOW, to: next, limit: 1_000 });
    expect(ledger?.map(({ n }) => n)).toEqual(minutes(0, (next - NOW) / MINUTE_MS - 1));
    expect(ledger?.filter(({ reason }) => reason === 'lost')).toEqual([]);
  });
});

describe('deeds of people', () => {
  const deeds: Record<string, (world: JobWorld, id: string) => Promise<unknown>> = {
    'a pause': (world, id) => world.engine.jobs.change(id, { state: 'paused' }, 'ann'),
    'an edit of the schedule': (world, id) =>
      world.engine.jobs.change(id, { schedule: { ...everyMinute, expression: '*/2 * * * *' } }, 'ann'),
    'an edit of the specification': (world, id) => world.engine.jobs.change(id, { priority: 1 }, 'ann'),
    'a start by hand': (world, id) => world.engine.jobs.trigger(id),
    'a deletion': (world, id) => world.engine.jobs.remove(id, 'ann'),
  };

  /** Every run that the row speaks of is there, once nothing is in motion. */
  const expectNothingLost = async (world: JobWorld, id: string): Promise<void> => {
    const row = await world.row(id);
    const runs = new Set((await world.runsOf(id)).map((run) => run.id));
    expect(row.last === undefined || runs.has(row.last)).toBe(true);
    if (row.state === 'active') {
      expect(
        world.chainAlarms(id).some(({ key, g }) => key.kind === 'job' && g === row.rev && key.n === row.next),
      ).toBe(true);
    } else {
      expect(row).not.toHaveProperty('next');
    }
    const account = await world.engine.jobs.ledger(id, { from: NOW, to: world.now(), limit: 1_000 });
    expect((account ?? []).filter(({ reason }) => reason === 'lost')).toEqual([]);
  };

  it.each(Object.keys(deeds))(
    '%s that dies at any call of a port leaves a whole job, and can be done again',
    async (name) => {
      const deed = deeds[name];
      const probe = await beforeFire('allow');
      const calls = await countCalls(probe.world, async () => deed?.(probe.world, probe.id));
      expect(calls).toBeGreaterThan(3);
      for (let call = 1; call <= calls; call += 1) {
        const { world, id } = await beforeFire('allow');
        atCall(world, call, () => {
          throw CRASH;
        });
        await expect(deed?.(world, id)).rejects.toBe(CRASH);
        await world.live(3 * MINUTE_MS);
        await expectNothingLost(world, id);
        await deed?.(world, id);
        await world.live(3 * MINUTE_MS);
        await expectNothingLost(world, id);
      }
    },
  );

  it.each(Object.keys(deeds))('%s in the middle of a fire, at any call of a port, loses nothing', async (name) => {
    const deed = deeds[name];
    const probe = await beforeFire('allow');
    probe.world.pass(probe.alarm.dueAt - probe.world.now());
    const calls = await countCalls(probe.world, () => probe.world.engine.ring(probe.alarm));
    for (let call = 1; call <= calls; call += 1) {
      const { world, id, alarm } = await beforeFire('allow');
      world.pass(alarm.dueAt - world.now());
      atCall(world, call, async () => {
        await deed?.(world, id);
      });
      await world.engine.ring(alarm);
      await world.live(3 * MINUTE_MS);
      await expectNothingLost(world, id);
    }
  });

  it.each(Object.keys(deeds))('a fire in the middle of %s, at any call of a port, loses nothing', async (name) => {
    const deed = deeds[name];
    const probe = await beforeFire('allow');
    const calls = await countCalls(probe.world, async () => deed?.(probe.world, probe.id));
    for (let call = 1; call <= calls; call += 1) {
      const { world, id, alarm } = await beforeFire('allow');
      world.pass(alarm.dueAt - world.now());
      atCall(world, call, () => world.engine.ring(alarm));
      await deed?.(world, id);
      await world.live(3 * MINUTE_MS);
      await expectNothingLost(world, id);
    }
  });
});
