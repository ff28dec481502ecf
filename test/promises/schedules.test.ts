import { describe, expect, it } from 'vitest';
import type { Alarm } from '../../lib/domain/alarm.ts';
import { CREATE_WITHIN_MS } from '../../lib/domain/job/pending.ts';
import {
  createJobWorld,
  DAY_MS,
  everyMinute,
  HOUR_MS,
  type JobWorld,
  MINUTE_MS,
} from '../application/jobs/job-world.ts';
import { CRASH } from '../support/engine-world.ts';
import { NOW } from '../support/rows.ts';
import { createWorker } from '../support/world-worker.ts';

const forbid = { concurrency: 'forbid', misfire: 'fire_once', misfireCap: 100 } as const;
const replace = { ...forbid, concurrency: 'replace' } as const;

/** The next alarm of the job arrives, and its handler dies before (or after) this call of a port. */
const ringUntil = async (world: JobWorld, id: string, when: 'before' | 'after', call: string): Promise<void> => {
  const [alarm] = world.chainAlarms(id);
  if (alarm === undefined) {
    throw new Error('Nothing watches the job');
  }
  world.pass(Math.max(0, alarm.dueAt - world.now()));
  world.watch((seen) => {
    if (seen.when === when && seen.name === call) {
      throw CRASH;
    }
  });
  await expect(world.engine.ring(alarm)).rejects.toBe(CRASH);
  world.watch(undefined);
};

describe('the holes of recurring jobs', () => {
  it('H26: after a pause has returned, no run appears', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    await world.live(30_000);
    const [alarm] = world.chainAlarms(id);
    world.pass((alarm?.dueAt ?? 0) - world.now());
    let atReturn: readonly number[] = [];
    world.watch(async ({ when, name }) => {
      // The handler has fired, and stands still before it creates the run. The pause creates it, and cancels it.
      if (when === 'before' && name === 'runs.create') {
        world.watch(undefined);
        await world.engine.jobs.change(id, { state: 'paused' }, 'ann');
        atReturn = await world.instantsOf(id);
      }
    });
    await world.engine.ring(alarm ?? expect.fail('no alarm'));
    await world.live(HOUR_MS);
    expect(atReturn).toEqual([NOW, NOW + MINUTE_MS]);
    expect(await world.instantsOf(id)).toEqual(atReturn);
    expect((await world.runsOf(id)).at(-1)?.status).toBe('cancelled');
  });

  it('H26: after an edit has returned, no run of the old schedule appears', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    await world.live(30_000);
    await ringUntil(world, id, 'before', 'runs.create');
    await world.engine.jobs.change(id, { schedule: { ...everyMinute, expression: '0 * * * *' } }, 'ann');
    const atReturn = await world.instantsOf(id);
    await world.live(HOUR_MS / 2);
    expect(await world.instantsOf(id)).toEqual(atReturn);
    await world.live(HOUR_MS);
    expect((await world.instantsOf(id)).slice(atReturn.length)).toEqual([NOW + HOUR_MS]);
  });

  it('H27: an alarm that comes again after its run is gone creates nothing', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    await world.live(30_000);
    const [alarm] = world.chainAlarms(id);
    await world.live(MINUTE_MS);
    await world.engine.jobs.change(id, { state: 'paused' }, 'ann');
    // The row of the run has expired and was deleted: nothing but its absence says that it ever was.
    world.pass(DAY_MS);
    const created: string[] = [];
    const { runs } = world.ports;
    Object.assign(world.ports.runs, { get: async () => undefined });
    Object.assign(runs, {
      create: async (run: { readonly id: string }) => {
        created.push(run.id);
        return { kind: 'created' };
      },
    });
    await world.engine.ring(alarm ?? expect.fail('no alarm'));
    expect(created).toEqual([]);
    expect(CREATE_WITHIN_MS).toBeLessThan(DAY_MS);
  });

  it('H28: a pause and a resumption at once leave a chain of their own', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    await world.live(20_000);
    await world.engine.jobs.change(id, { state: 'paused' }, 'ann');
    await world.engine.jobs.change(id, { state: 'active' }, 'ann');
    const { rev, next } = await world.row(id);
    // The alarm of the first chain is for the same occurrence. Only one of a newer revision keeps the job alive.
    const alarms = world.chainAlarms(id).map(({ key, g }) => [key.kind === 'job' ? key.n : 0, g]);
    expect(alarms).toEqual([
      [next, 1],
      [next, rev],
    ]);
    await world.live(5 * MINUTE_MS);
    expect(await world.instantsOf(id)).toEqual([0, 1, 2, 3, 4, 5].map((minute) => NOW + minute * MINUTE_MS));
  });

  it('H29: forbid takes a run that is about to be created for one that goes on', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ policy: forbid });
    await world.live(30_000);
    for (const run of await world.runsOf(id)) {
      await world.end(run.id);
    }
    await ringUntil(world, id, 'before', 'runs.create');
    expect(await world.instantsOf(id)).toEqual([NOW]);
    // The next occurrence comes first to a handler: it helps, and finds the run before still going on.
    await world.live(MINUTE_MS + 3_000);
    expect((await world.runsOf(id)).map(({ status, skip }) => [status, skip])).toEqual([
      ['cancelled', undefined],
      ['ready', undefined],
      ['skipped', 'overlap'],
    ]);
  });

  it('H30: a skip is in the row, so a handler that comes second skips as well', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ policy: forbid });
    await world.live(30_000);
    // At the lead the run before has not ended, so the alarm waits for the instant itself; there its handler dies.
    await world.live(28_000);
    await ringUntil(world, id, 'before', 'runs.create');
    expect((await world.row(id)).pend).toMatchObject({ n: NOW + MINUTE_MS, skip: 'overlap' });
    for (const run of await world.runsOf(id)) {
      await world.end(run.id);
    }
    await world.live(30_000);
    expect((await world.runsOf(id)).map(({ status }) => status)).toEqual(['cancelled', 'skipped']);
  });

  it('H31: nothing has to be cleared: a crash after the end of a run forbids no later one', async () => {
    const world = createJobWorld();
    const worker = createWorker(world, 'worker', { slots: 2 });
    await worker.hello();
    const { id } = await world.make({ policy: forbid });
    await world.live(10_000);
    world.watch(({ when, name }) => {
      if (when === 'after' && name === 'runs.commit') {
        throw CRASH;
      }
    });
    await expect(worker.finish(worker.orders)).rejects.toBe(CRASH);
    world.watch(undefined);
    await worker.heartbeat();
    for (let beat = 0; beat < 4; beat += 1) {
      await world.live(15_000);
      await worker.heartbeat();
    }
    expect((await world.runsOf(id)).map(({ status }) => status)).toEqual(['succeeded', 'dispatched']);
  });
});

describe('concurrency', () => {
  it('forbid decides at the lead when the run before has ended, else at the instant', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ policy: forbid });
    const decided: number[] = [];
    world.watch(({ when, name }) => {
      if (when === 'after' && name === 'jobs.write') {
        decided.push(world.now() - NOW);
      }
    });
    await world.live(5_000);
    await world.end(`${id}.${NOW}`);
    await world.live(MINUTE_MS);
    await world.live(MINUTE_MS);
    expect(decided).toEqual([1_000, 57_000, 120_000]);
  });

  it('replace cancels the run before, and only then starts the next', async () => {
    const world = createJobWorld();
    const worker = createWorker(world, 'worker', { slots: 5 });
    await worker.hello();
    const { id } = await world.make({ policy: replace });
    await world.live(10_000);
    const order = worker.orderOf(`${id}.${NOW}`);
    for (let beat = 0; beat < 4; beat += 1) {
      await worker.heartbeat();
      await world.live(15_000);
    }
    const cancelled = worker.received.findIndex((frame) => frame.type === 'cancel' && frame.run === order.run);
    const started = worker.received.findIndex(
      (frame) => frame.type === 'run' && frame.runs.some(({ run }) => run === `${id}.${NOW + MINUTE_MS}`),
    );
    expect(cancelled).toBeGreaterThan(-1);
    expect(started).toBeGreaterThan(cancelled);
    expect((await world.runsOf(id)).map(({ status }) => status)).toEqual(['cancelled', 'dispatched']);
  });

  it('allow starts one beside the other', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    await world.live(3 * MINUTE_MS);
    expect((await world.runsOf(id)).map(({ status }) => status)).toEqual(['ready', 'ready', 'ready', 'ready']);
  });
});

describe('a start by hand', () => {
  it('that dies after its write is finished by an alarm of its own, also of a job without a schedule', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ state: 'paused' });
    await world.engine.jobs.change(id, { schedule: null }, 'ann');
    world.watch(({ when, name }) => {
      if (when === 'after' && name === 'jobs.write') {
        throw CRASH;
      }
    });
    await expect(world.engine.jobs.trigger(id)).rejects.toBe(CRASH);
    world.watch(undefined);
    expect(await world.runsOf(id)).toEqual([]);
    await world.live(MINUTE_MS);
    expect(await world.runsOf(id)).toMatchObject([{ trigger: 'manual' }]);
    expect(world.chainAlarms(id)).toEqual([]);
  });

  it('by ten people in the same millisecond makes ten runs', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ state: 'paused' });
    const started = [];
    for (let person = 0; person < 10; person += 1) {
      started.push(await world.engine.jobs.trigger(id));
    }
    expect(started.map(({ kind }) => kind)).toEqual(Array(10).fill('started'));
    expect(await world.instantsOf(id)).toEqual(Array.from({ length: 10 }, (_, at) => NOW + 1 + at));
  });

  it('between a fire and its run helps, for the fire is forgotten after it', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    await world.live(30_000);
    await ringUntil(world, id, 'before', 'runs.create');
    expect(await world.instantsOf(id)).toEqual([NOW]);
    await world.engine.jobs.trigger(id);
    const { pend } = await world.row(id);
    expect(await world.instantsOf(id)).toEqual([NOW, pend?.n, NOW + MINUTE_MS]);
  });

  it('under forbid is refused while a run goes on, and so is the schedule after it', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ policy: forbid });
    await world.live(5_000);
    expect(await world.engine.jobs.trigger(id)).toEqual({ kind: 'busy', run: `${id}.${NOW}` });
    await world.end(`${id}.${NOW}`);
    const started = await world.engine.jobs.trigger(id);
    expect(started.kind).toBe('started');
    await world.live(MINUTE_MS);
    expect((await world.runsOf(id)).map(({ status }) => status)).toEqual(['cancelled', 'ready', 'skipped']);
  });
});

describe('a deadline', () => {
  const strict = { concurrency: 'allow', misfire: 'fire_once', misfireCap: 100, deadlineMs: 30_000 } as const;

  it('ends a run that nobody could begin in time', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ policy: strict });
    await world.live(50_000);
    expect(await world.runsOf(id)).toMatchObject([
      { status: 'timed_out', reason: 'not_started', startBy: NOW + 30_000 },
    ]);
  });

  it('skips an occurrence whose alarm comes too late', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ policy: strict });
    await world.live(10_000);
    world.pass(85_000);
    await world.live(1_000);
    expect((await world.runsOf(id))[1]).toMatchObject({
      status: 'skipped',
      skip: 'deadline',
      executeAt: NOW + MINUTE_MS,
    });
  });
});

describe('after an outage', () => {
  const outage = async (
    misfire: 'skip' | 'fire_once' | 'fire_all',
    misfireCap = 100,
  ): Promise<JobWorld & { id: string }> => {
    const world = createJobWorld();
    const { id } = await world.make({ policy: { concurrency: 'allow', misfire, misfireCap } });
    await world.live(MINUTE_MS);
    world.pass(10 * MINUTE_MS + 30_000);
    await world.live(2 * MINUTE_MS);
    return { ...world, id };
  };
  const account = async (world: JobWorld & { id: string }): Promise<string[]> => {
    const entries = await world.engine.jobs.ledger(world.id, { from: NOW, to: NOW + 14 * MINUTE_MS, limit: 100 });
    return (entries ?? []).map(({ outcome, reason }) => reason ?? outcome);
  };

  it.each([
    ['skip', 100, [...Array(2).fill('ran'), ...Array(10).fill('skip'), 'ran', 'ran']],
    ['fire_once', 100, [...Array(2).fill('ran'), ...Array(9).fill('fire_once'), 'ran', 'ran', 'ran']],
    ['fire_all', 100, Array(14).fill('ran')],
    ['fire_all', 3, [...Array(2).fill('ran'), ...Array(7).fill('fire_all'), ...Array(5).fill('ran')]],
  ] as const)('%s (cap %i) accounts for each occurrence', async (misfire, cap, expected) => {
    expect(await account(await outage(misfire, cap))).toEqual(expected);
  });
});

describe('the reconciler (J6)', () => {
  /** The queue has lost everything. */
  const loseAlarms = (world: JobWorld): void => {
    (world.alarms() as Alarm[]).splice(0);
  };

  it('finds nothing to do while all is well', async () => {
    const world = createJobWorld();
    await world.make();
    for (let minute = 0; minute < 10; minute += 1) {
      await world.live(MINUTE_MS);
      expect(await world.engine.jobs.reconcile(undefined)).toEqual({ repaired: 0 });
    }
  });

  it('arms a chain that has lost its alarm', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    await world.live(MINUTE_MS);
    loseAlarms(world);
    world.pass(5 * MINUTE_MS);
    expect(await world.engine.jobs.reconcile(undefined)).toEqual({ repaired: 1 });
    await world.live(5 * MINUTE_MS);
    const { next } = await world.row(id);
    expect(next).toBeGreaterThan(world.now());
    expect(world.warnings).not.toEqual([]);
  });

  it('creates a run that no message will create any more', async () => {
    const world = createJobWorld();
    const { id } = await world.make({ schedule: { ...everyMinute, expression: '0 * * * *' } });
    await world.live(MINUTE_MS);
    await ringUntil(world, id, 'before', 'runs.create');
    loseAlarms(world);
    world.pass(10 * MINUTE_MS);
    const before = (await world.runsOf(id)).length;
    expect(await world.engine.jobs.reconcile(undefined)).toEqual({ repaired: 1 });
    expect((await world.runsOf(id)).length).toBe(before + 1);
  });

  it('repairs the others where one cannot be repaired', async () => {
    const world = createJobWorld();
    const broken = await world.make({ name: 'broken' });
    await world.make({ name: 'other' });
    world.pass(10 * MINUTE_MS);
    world.watch(({ when, name, args }) => {
      if (when === 'before' && name === 'alarms.send' && JSON.stringify(args).includes(broken.id)) {
        throw CRASH;
      }
    });
    expect(await world.engine.jobs.reconcile(undefined)).toEqual({ repaired: 1 });
    expect(world.warnings).toContain('A job could not be repaired');
    world.watch(undefined);
    expect(await world.engine.jobs.reconcile(undefined)).toEqual({ repaired: 2 });
  });

  it('goes through all active jobs page by page', async () => {
    const world = createJobWorld();
    for (let job = 0; job < 120; job += 1) {
      await world.make({ name: `job ${job}`, ...(job % 10 === 0 ? { state: 'paused' } : {}) });
    }
    world.pass(10 * MINUTE_MS);
    const first = await world.engine.jobs.reconcile(undefined);
    const second = await world.engine.jobs.reconcile(first.cursor);
    expect([first.repaired + second.repaired, second.cursor]).toEqual([108, undefined]);
  });
});

describe('a creation', () => {
  it('that dies before its row leaves an alarm that gives up', async () => {
    const world = createJobWorld();
    world.watch(({ when, name }) => {
      if (when === 'before' && name === 'jobs.create') {
        throw CRASH;
      }
    });
    await expect(world.make()).rejects.toBe(CRASH);
    world.watch(undefined);
    await world.live(5 * MINUTE_MS);
    expect(world.alarms()).toEqual([]);
  });

  it('that dies after its row leaves a job that fires', async () => {
    const world = createJobWorld();
    world.watch(({ when, name }) => {
      if (when === 'after' && name === 'jobs.create') {
        throw CRASH;
      }
    });
    await expect(world.make()).rejects.toBe(CRASH);
    world.watch(undefined);
    await world.live(MINUTE_MS);
    const job = await world.engine.jobs.findByName('default', 'report');
    expect(await world.instantsOf(job?.id ?? '')).toEqual([NOW, NOW + MINUTE_MS]);
  });

  it('an advance that its own alarm has fenced is made again', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    await world.live(30_000);
    const [alarm] = world.chainAlarms(id);
    world.pass((alarm?.dueAt ?? 0) - world.now());
    let slept = false;
    world.watch(async ({ when, name }) => {
      if (when === 'before' && name === 'jobs.write' && !slept) {
        slept = true;
        // Armed for the minute after, and frozen for longer than that alarm waits.
        const { version } = await world.row(id);
        const after = world.chainAlarms(id).find(({ key }) => key.kind === 'job' && key.n === NOW + 2 * MINUTE_MS);
        world.pass(3 * MINUTE_MS);
        await world.engine.ring(after ?? expect.fail('nothing was armed'));
        expect((await world.row(id)).version).toBe(version + 1);
      }
    });
    await world.engine.ring(alarm ?? expect.fail('no alarm'));
    world.watch(undefined);
    await world.live(3 * MINUTE_MS);
    const ledger = await world.engine.jobs.ledger(id, { from: NOW, to: world.now(), limit: 100 });
    expect(ledger?.filter(({ reason }) => reason === 'lost')).toEqual([]);
    expect((await world.row(id)).next).toBeGreaterThan(world.now());
  });
});
