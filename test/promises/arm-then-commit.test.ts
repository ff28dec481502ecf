import { describe, expect, it } from 'vitest';
import type { Committed, Created, SessionCreated } from '../../lib/application/ports/index.ts';
import { judge } from '../../lib/domain/alarm.ts';
import { isRunOpen, type Run } from '../../lib/domain/run.ts';
import { CRASH, createWorld, type PortCall, type World } from '../support/engine-world.ts';
import { createWorker } from '../support/world-worker.ts';

const MINUTE_MS = 60_000;

/** A life with everything in it: due, waiting and later runs, failures, a loss, a cancel, a dead socket. */
const liveThroughEverything = async (world: World): Promise<void> => {
  const worker = createWorker(world, 'worker', { slots: 2 });
  const ready = await world.submit();
  await world.submit({ executeAt: world.now() + 20 * MINUTE_MS });
  await worker.hello();
  const cancelled = await world.submit();
  await world.submit();
  await world.engine.cancelRun(cancelled);
  await worker.finish([worker.orderOf(ready)], { outcome: 'failed', error: 'no' });
  await worker.heartbeat();
  await world.live(20_000);
  await worker.heartbeat();
  await world.live(MINUTE_MS);
  const successor = createWorker(world, 'successor', { slots: 5 });
  await successor.hello();
  world.setMood(successor.conn(), 'gone');
  await world.submit();
  world.setMood(successor.conn(), 'open');
  await successor.resume();
  await world.live(20 * MINUTE_MS);
};

/** The row as a call of the run store left it. */
const rowAfter = ({ name, args, answer }: PortCall): Run | undefined => {
  if (name === 'runs.create') {
    return (answer as Created).kind === 'created' ? (args[0] as Run) : undefined;
  }
  const { kind, run } = name === 'runs.commit' ? (answer as Committed) : { kind: 'lost', run: undefined };
  return kind === 'won' ? run : undefined;
};

describe('arm, then commit', () => {
  it('an alarm of its generation exists before a row is open', async () => {
    const world = createWorld();
    let rows = 0;
    world.watch((call) => {
      const run = call.when === 'after' ? rowAfter(call) : undefined;
      if (run !== undefined && isRunOpen(run)) {
        rows += 1;
        const watching = world.alarms().filter(({ key, g }) => key.id === run.id && g === run.g);
        expect(watching, `${run.status} run without an alarm`).not.toEqual([]);
      }
    });
    await liveThroughEverything(world);
    expect(rows).toBeGreaterThan(10);
  });

  it('every arming comes before the write that needs it, never after', async () => {
    const world = createWorld();
    const steps: string[] = [];
    world.watch(({ when, name }) => {
      if (when === 'before' && (name === 'alarms.send' || name === 'runs.create' || name === 'sessions.create')) {
        steps.push(name);
      }
    });
    await world.submit();
    await world.submit({ executeAt: world.now() + MINUTE_MS });
    await createWorker(world, 'worker').hello();
    expect(steps.slice(0, 6)).toEqual([
      ...['alarms.send', 'runs.create'],
      ...['alarms.send', 'runs.create'],
      ...['alarms.send', 'sessions.create'],
    ]);
  });

  it('when nothing can be armed, nothing is written', async () => {
    const world = createWorld();
    const written: string[] = [];
    world.watch(({ when, name }) => {
      if (name === 'alarms.send') {
        throw CRASH;
      }
      if (when === 'after' && /^(runs|sessions)\.(create|commit)$/.test(name)) {
        written.push(name);
      }
    });
    await expect(world.submit()).rejects.toBe(CRASH);
    await expect(createWorker(world, 'worker').hello()).rejects.toBe(CRASH);
    expect(written).toEqual([]);
  });

  it('a crash between the two leaves a harmless alarm, and the late write fails on its void mark (A5, H3)', async () => {
    const world = createWorld();
    let late: readonly unknown[] = [];
    world.watch(({ when, name, args }) => {
      if (when === 'before' && name === 'runs.create') {
        late = args;
        throw CRASH;
      }
    });
    await expect(world.submit({ executeAt: world.now() + MINUTE_MS })).rejects.toBe(CRASH);
    world.watch(undefined);
    const [run, nonce] = late as [Run, string];
    expect(world.alarms()).toHaveLength(1);

    // It waits for the commit, looking every 5 s, and gives up 90 s after it was armed.
    await world.live(3 * MINUTE_MS);
    expect(world.alarms()).toEqual([]);
    expect(await world.engine.getRun(run.id)).toBeUndefined();
    expect(await world.ports.runs.create(run, nonce)).toEqual({ kind: 'voided' });
    expect(await world.engine.getRun(run.id)).toBeUndefined();
  });

  it('a creation that its alarm gave up on is armed and tried once more', async () => {
    const world = createWorld();
    let frozen = false;
    world.watch(async ({ when, name }) => {
      if (when === 'before' && name === 'runs.create' && !frozen) {
        frozen = true;
        await world.live(3 * MINUTE_MS);
      }
    });
    const id = await world.submit({ executeAt: world.now() + MINUTE_MS });
    const run = await world.run(id);
    expect(run.status).toBe('scheduled');
    expect(world.alarms()).toMatchObject([{ key: { id }, g: run.g }]);
  });

  it('a hello that its alarm gave up on is refused: the worker says another', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    world.watch(async ({ when, name }) => {
      if (when === 'before' && name === 'sessions.create') {
        world.watch(undefined);
        await world.live(3 * MINUTE_MS);
      }
    });
    await worker.hello();
    expect(worker.received).toEqual([{ type: 'gone', session: worker.session }]);
    expect((await world.ports.sessions.look({ pool: 'default', shard: 0, reading: 'consistent' })).sessions).toEqual(
      [],
    );
  });

  it('a writer that was fenced while it slept cannot change the row', async () => {
    const world = createWorld();
    const worker = createWorker(world, 'worker');
    await worker.hello();
    const id = await world.submit();
    let slept = false;
    world.watch(async ({ when, name, args }) => {
      const [change] = args as [{ readonly transition?: string }];
      if (when === 'before' && name === 'runs.commit' && change.transition === 'cancel_in_flight' && !slept) {
        slept = true;
        // The alarm that the cancel armed is newer than its row: after 90 s it fences it.
        for (let quarter = 0; quarter < 7; quarter += 1) {
          await worker.heartbeat();
          await world.live(15_000);
        }
        expect((await world.run(id)).fence).toBe(1);
      }
    });
    // It loses its first try, reads again and cancels then.
    expect(await world.engine.cancelRun(id)).toMatchObject({ kind: 'cancelled', run: { fence: 1 } });
  });

  it('no session is created without the alarm that finds its silence', async () => {
    const world = createWorld();
    let created = 0;
    world.watch(({ when, name, args, answer }) => {
      if (when === 'after' && name === 'sessions.create' && (answer as SessionCreated).kind === 'created') {
        created += 1;
        const [session] = args as [{ readonly id: string; readonly g: number; readonly hbAt: number }];
        const watching = world.alarms().find(({ key }) => key.id === session.id);
        expect(watching).toMatchObject({ g: session.g, dueAt: session.hbAt + 45_000 });
        expect(
          watching && judge(watching, { open: true, g: session.g, wakeAt: session.hbAt + 45_000 }, watching.dueAt),
        ).toBe('act');
      }
    });
    await createWorker(world, 'worker').hello();
    expect(created).toBe(1);
  });
});
