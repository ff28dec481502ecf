/** What happens every day: a run now, a run later, a run that waits, a run that fails. */
import type { Scenario } from '../execution.ts';
import { areOver, mustBeDelivered, mustBePunctual, mustEnd } from './checks.ts';

const MINUTE_MS = 60_000;

/** An idle worker, and a run for it. */
const oneShot: Scenario = {
  name: 'one-shot',
  play: async (world) => {
    const worker = world.fleet.start('anna', { slots: 1 });
    await world.until(worker.welcomed);
    await world.client.create({ label: 'a' });
    await world.until(() => areOver(world, ['a']));
  },
  ending: (world, gentle) => {
    mustEnd(world, gentle, 'a', ['succeeded'], 0);
    mustBeDelivered(world, gentle, 'a');
    mustBePunctual(world, 'a');
  },
};

/** Two runs under keys wait for a worker with one slot. */
const waiting: Scenario = {
  name: 'waiting',
  play: async (world) => {
    await Promise.all(['a', 'b'].map((label) => world.client.create({ label, keyed: true })));
    const worker = world.fleet.start('anna', { slots: 1 });
    await world.until(worker.welcomed);
    await world.until(() => areOver(world, ['a', 'b']));
  },
  ending: (world, gentle) => {
    mustEnd(world, gentle, 'a', ['succeeded'], 0);
    mustEnd(world, gentle, 'b', ['succeeded'], 0);
  },
};

/** Forty minutes ahead: the far tier of the timer brings it to the near one. */
const ahead: Scenario = {
  name: 'ahead',
  play: async (world) => {
    await world.client.create({ label: 'a', inMs: 40 * MINUTE_MS });
    await world.timeline.pause(39 * MINUTE_MS);
    const worker = world.fleet.start('anna', { slots: 1 });
    await world.until(worker.welcomed);
    await world.until(() => areOver(world, ['a']), 5 * MINUTE_MS);
  },
  ending: (world, gentle) => {
    mustEnd(world, gentle, 'a', ['succeeded'], 0);
    mustBePunctual(world, 'a');
  },
};

/** One fails and succeeds, one fails for good. */
const retry: Scenario = {
  name: 'retry',
  play: async (world) => {
    const worker = world.fleet.start('anna', { slots: 2 });
    await world.until(worker.welcomed);
    await world.client.create({ label: 'a', fails: 1, maxTries: 3 });
    await world.client.create({ label: 'b', fails: 9, maxTries: 2 });
    await world.until(() => areOver(world, ['a', 'b']));
  },
  ending: (world, gentle) => {
    mustEnd(world, gentle, 'a', ['succeeded'], 1);
    mustEnd(world, gentle, 'b', ['failed'], 2);
    mustBePunctual(world, 'a');
  },
};

/** More runs than slots, of several priorities, for two workers. */
const backlog: Scenario = {
  name: 'backlog',
  play: async (world) => {
    const labels = ['a', 'b', 'c', 'd', 'e'];
    for (const [index, label] of labels.entries()) {
      await world.client.submit({ label, priority: 1 + (index % 3), workMs: 150 });
    }
    world.fleet.start('anna', { slots: 2 });
    world.fleet.start('bert', { slots: 1 });
    await world.until(() => areOver(world, labels));
  },
};

export const PLAIN: readonly Scenario[] = [oneShot, waiting, ahead, retry, backlog];
