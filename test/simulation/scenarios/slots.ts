/** Credit under load: pushes that are always on their way, that overtake each other, and slots that nobody asks for. */
import type { Scenario } from '../execution.ts';
import type { World } from '../world.ts';
import { areOver } from './checks.ts';

const MINUTE_MS = 60_000;

/** In a world without faults. */
const mustBeginWithin = ({ client, ledger, faults }: World, labels: readonly string[], withinMs: number): void => {
  for (const label of labels) {
    for (const id of client.idsOf(label)) {
      const lateMs = (ledger.executionsOf(id, 1)[0]?.beganAt ?? 0) - (ledger.runs.get(id)?.executeAt ?? 0);
      ledger.must(
        faults.struck().length > 0 || (lateMs >= 0 && lateMs <= withinMs),
        'on_time',
        () => `${label} (run ${id}) began ${lateMs} ms after it was asked for`,
      );
    }
  }
};

/** A worker whose slots suffice by a quarter: a push or a result is on its way at every moment, and nothing may wait for it. */
const busy: Scenario = {
  name: 'busy',
  play: async (world) => {
    const { client, fleet, timeline } = world;
    const anna = fleet.start('anna', { slots: 3 });
    await world.until(anna.welcomed);
    const labels = Array.from({ length: 60 }, (_, index) => `r${index}`);
    for (const label of labels) {
      void client.submit({ label, workMs: 100 });
      await timeline.pause(70);
    }
    await world.until(() => areOver(world, labels));
  },
  ending: (world) => mustBeginWithin(world, [...world.client.asked().keys()], 300),
};

/** The pushes of a full worker come in another order than they were sent: what is missing may still come. */
const overtaken: Scenario = {
  name: 'overtaken',
  play: async (world) => {
    const { client, fleet, timeline } = world;
    const anna = fleet.start('anna', { slots: 2 });
    await world.until(anna.welcomed);
    for (const [label, workMs] of [
      ['a', 100],
      ['b', 100],
      ['c', 25_000],
      ['d', 25_000],
    ] as const) {
      await client.submit({ label, workMs });
      await timeline.pause(100);
    }
    await world.until(() => areOver(world, ['a', 'b', 'c', 'd']));
  },
};

/** A run has waited so long that its next look is minutes away when a worker comes. */
const lateWorker: Scenario = {
  name: 'late-worker',
  play: async (world) => {
    await world.client.create({ label: 'a' });
    await world.timeline.pause(5 * MINUTE_MS);
    const anna = world.fleet.start('anna', { slots: 1 });
    await world.until(anna.welcomed);
    await world.until(() => areOver(world, ['a']), MINUTE_MS);
  },
};

/** The wall clock of a worker jumps a minute ahead while it holds a run for every 22 ms of the next second. */
const clockJump: Scenario = {
  name: 'clock-jump',
  play: async (world) => {
    const { client, fleet, timeline } = world;
    const anna = fleet.start('anna', { slots: 50 });
    await world.until(anna.welcomed);
    const labels = Array.from({ length: 50 }, (_, index) => `r${index}`);
    for (const [index, label] of labels.entries()) {
      void client.submit({ label, workMs: 100, inMs: 1_000 + 22 * index });
    }
    await timeline.pause(900);
    anna.stepClock(MINUTE_MS);
    await world.until(() => areOver(world, labels));
  },
};

export const SLOTS: readonly Scenario[] = [overtaken, lateWorker];
export const LOAD: readonly Scenario[] = [busy, clockJump];
