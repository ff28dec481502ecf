/** What happens at the same time. */
import type { Scenario } from '../execution.ts';
import { areOver, hasBegun, mustEnd, mustStop } from './checks.ts';

/** A cancel meets the result; another one meets a run that waits for a slot. */
const cancelRace: Scenario = {
  name: 'cancel-race',
  play: async (world) => {
    const worker = world.fleet.start('anna', { slots: 1 });
    await world.until(worker.welcomed);
    const running = await world.client.create({ label: 'a', workMs: 300 });
    const waits = await world.client.create({ label: 'b', workMs: 300 });
    await world.timeline.pause(Math.floor(world.chance() * 500));
    await Promise.all([running, waits].map((id) => (id === undefined ? undefined : world.client.cancel(id))));
    await world.until(() => areOver(world, ['a', 'b']));
  },
  ending: (world, gentle) => {
    mustEnd(world, gentle, 'a', ['succeeded', 'cancelled'], 0);
    mustEnd(world, gentle, 'b', ['succeeded', 'cancelled'], 0);
  },
};

/** A cancel in the same moment as the dispatch: it may overtake the run on its way to the worker. */
const cancelAtOnce: Scenario = {
  name: 'cancel-at-once',
  play: async (world) => {
    const worker = world.fleet.start('anna', { slots: 2 });
    await world.until(worker.welcomed);
    const id = await world.client.create({ label: 'a', inMs: 2_500, workMs: 5_000, progress: true });
    await world.timeline.pause(Math.floor(world.chance() * 4_000));
    if (id !== undefined) {
      await world.client.cancel(id);
    }
    await world.until(() => areOver(world, ['a']));
  },
  ending: (world, gentle) => {
    mustEnd(world, gentle, 'a', ['cancelled'], 0);
    mustStop(world, 'a');
  },
};

/** A run is cancelled while its worker stands still, and longer than its session lives. */
const cancelAsleep: Scenario = {
  name: 'cancel-asleep',
  play: async (world) => {
    const { fleet, client, timeline } = world;
    const anna = fleet.start('anna', { slots: 1 });
    await world.until(anna.welcomed);
    const id = await client.create({ label: 'a', workMs: 30_000 });
    await world.until(() => hasBegun(world, 'a'), 10_000);
    anna.pause(100_000);
    await timeline.pause(1_000);
    await (id === undefined ? undefined : client.cancel(id));
    await world.until(() => areOver(world, ['a']));
    await timeline.pause(2 * 60_000);
  },
  ending: (world, gentle) => mustEnd(world, gentle, 'a', ['cancelled'], 0),
};

/** The worker's timeout meets the end of the work; a run that never ends on a worker that stands still. */
const timeoutRace: Scenario = {
  name: 'timeout-race',
  play: async (world) => {
    const worker = world.fleet.start('anna', { slots: 2 });
    await world.until(worker.welcomed);
    await world.client.submit({ label: 'a', timeoutMs: 1_000, workMs: 1_000, maxTries: 2 });
    await world.client.submit({ label: 'b', timeoutMs: 1_000, workMs: 60_000, maxTries: 1, inMs: 500 });
    await world.until(() => areOver(world, ['a', 'b']));
  },
  ending: (world, gentle) => mustEnd(world, gentle, 'b', ['timed_out'], 1),
};

/** One request twice at once under one key, and a repeat hours later. */
const oneKey: Scenario = {
  name: 'one-key',
  play: async (world) => {
    const order = { label: 'a', keyed: true, inMs: 5_000 };
    await Promise.all([world.client.create(order), world.client.create(order)]);
    const worker = world.fleet.start('anna', { slots: 1 });
    await world.until(worker.welcomed);
    await world.until(() => hasBegun(world, 'a'));
    await world.until(() => areOver(world, ['a']));
  },
  ending: (world, gentle) => mustEnd(world, gentle, 'a', ['succeeded'], 0),
};

export const RACES: readonly Scenario[] = [cancelRace, cancelAtOnce, cancelAsleep, timeoutRace, oneKey];
