/** Writers that are slow, and rows that need a look for hours. */
import type { Scenario } from '../execution.ts';
import { allAreOver, areOver, hasBegun, mustEnd } from './checks.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Requests that nobody repeats: one under one key from two sides at once, and a cancel. */
const lateWriters: Scenario = {
  name: 'late-writers',
  play: async (world) => {
    const { client, fleet, functions, timeline } = world;
    const idempotency = { caller: 'somebody', key: 'b', fingerprint: 'b' };
    const payload = JSON.stringify({ label: 'b', workMs: 100, fails: 0, prints: 0, progress: false });
    const order = { handler: 'send_email', pool: 'default', priority: 5, maxTries: 3, timeoutMs: MINUTE_MS, payload };
    const executeAt = timeline.now() + 10_000;
    for (let side = 0; side < 2; side += 1) {
      void functions.invoke('engine', (engine) => engine.submitRun({ ...order, executeAt, idempotency }));
    }
    const anna = fleet.start('anna', { slots: 2 });
    await world.until(anna.welcomed);
    const id = await client.create({ label: 'a', workMs: 4 * MINUTE_MS });
    await world.until(() => hasBegun(world, 'a'), 10_000);
    await (id === undefined ? undefined : client.askToCancel(id));
    await world.until(() => areOver(world, ['a']) && allAreOver(world), 10 * MINUTE_MS);
  },
};

/** A run whose retries are minutes apart, each at an instant that is drawn. */
const stubborn: Scenario = {
  name: 'stubborn',
  play: async (world) => {
    const anna = world.fleet.start('anna', { slots: 1 });
    await world.until(anna.welcomed);
    await world.client.submit({ label: 'a', workMs: 100, fails: 7, maxTries: 8 });
    await world.until(() => areOver(world, ['a']), 10 * MINUTE_MS);
  },
  ending: (world, gentle) => mustEnd(world, gentle, 'a', ['succeeded'], 7),
};

/** A run that takes minutes and may take a day: nothing but its worker's word, or its loss, ends it. */
const longRun: Scenario = {
  name: 'long-run',
  play: async (world) => {
    const { client, fleet } = world;
    const anna = fleet.start('anna', { slots: 1 });
    await world.until(anna.welcomed);
    await client.submit({ label: 'a', workMs: 12 * MINUTE_MS, timeoutMs: DAY_MS });
    await world.until(() => areOver(world, ['a']), 30 * MINUTE_MS);
  },
  ending: (world, gentle) => {
    mustEnd(world, gentle, 'a', ['succeeded'], 0);
    for (const id of world.client.idsOf('a')) {
      // Armed, looked at after 20 s, and then each quarter of an hour.
      const messages = world.queue.sentFor('run', id);
      world.ledger.must(
        world.faults.struck().length > 0 || messages <= 4,
        'cost_bounded',
        () => `${messages} messages for one run of twelve minutes`,
      );
    }
  },
};

/**
 * The result of a run is lost, and so is the function that would have asked for it: only the alarm of the run is left to do so,
 * a quarter of an hour after its last look.
 */
const lateQuestion: Scenario = {
  name: 'late-question',
  play: async (world) => {
    const { client, fleet, functions, gateway, timeline } = world;
    const anna = fleet.start('anna', { slots: 1 });
    await world.until(anna.welcomed);
    await client.submit({ label: 'a', workMs: 16 * MINUTE_MS, timeoutMs: DAY_MS });
    await timeline.pause(16 * MINUTE_MS - 1_000);
    gateway.drop('anna', 'silent');
    functions.dieBefore('runs.get');
    await world.until(() => areOver(world, ['a']), 30 * MINUTE_MS);
  },
};

/** A worker and the function that handles its greeting die together: an alarm is left, of a session that never was. */
const stillborn: Scenario = {
  name: 'stillborn',
  play: async (world) => {
    const { fleet, functions, timeline } = world;
    functions.dieBefore('sessions.create');
    const anna = fleet.start('anna', { slots: 1 });
    await timeline.pause(2_000);
    anna.kill();
    await timeline.pause(3 * MINUTE_MS);
  },
};

export const LATE: readonly Scenario[] = [lateWriters, stillborn];
export const LONG: readonly Scenario[] = [stubborn, longRun, lateQuestion];
