/** Workers that go: for a moment, for good, or in good order. */
import type { Scenario } from '../execution.ts';
import { areOver, hasBegun, mustEnd, watchLosses } from './checks.ts';

/** A worker dies for good in the middle of its work; another one takes over after its 45 s. */
const workerLost: Scenario = {
  name: 'worker-lost',
  play: async (world) => {
    const { fleet, client } = world;
    const anna = fleet.start('anna', { slots: 1 });
    await world.until(anna.welcomed);
    await client.create({ label: 'a', workMs: 19_000 });
    await world.until(() => hasBegun(world, 'a'), 10_000);
    // Its heartbeat after 15 s tells what it holds.
    await world.timeline.pause(15_200 + Math.floor(world.chance() * 3_000));
    anna.kill();
    fleet.plans.delete('anna');
    fleet.start('bert', { slots: 1 });
    await world.until(() => areOver(world, ['a']), 180_000);
  },
};

/** The socket drops while a run is executed: the session goes on, on the next one. */
const sessionResume: Scenario = {
  name: 'session-resume',
  play: async (world) => {
    const anna = world.fleet.start('anna', { slots: 2 });
    await world.until(anna.welcomed);
    await world.client.create({ label: 'a', workMs: 3_000 });
    await world.until(() => hasBegun(world, 'a'), 10_000);
    world.gateway.drop('anna', 'silent');
    await world.client.create({ label: 'b', workMs: 100 });
    await world.timeline.pause(1_000);
    world.gateway.drop('anna', 'told');
    await world.until(() => areOver(world, ['a', 'b']));
  },
  ending: (world, gentle) => {
    mustEnd(world, gentle, 'a', ['succeeded'], 0);
    mustEnd(world, gentle, 'b', ['succeeded'], 0);
  },
};

/** A worker ends what it has and leaves, while runs go on to come; the next one takes them. */
const drain: Scenario = {
  name: 'drain',
  play: async (world) => {
    const { fleet, client } = world;
    const anna = fleet.start('anna', { slots: 5 });
    await world.until(anna.welcomed);
    await client.create({ label: 'a', workMs: 2_000 });
    await client.create({ label: 'b', workMs: 500 });
    await world.until(() => hasBegun(world, 'a'), 10_000);
    const [drained] = [anna.drain(), await client.create({ label: 'c', workMs: 100 })];
    fleet.plans.delete('anna');
    const bert = fleet.start('bert', { slots: 1 });
    await world.until(bert.welcomed);
    await client.create({ label: 'd', workMs: 100 });
    await client.create({ label: 'e', workMs: 100 });
    await world.until(() => areOver(world, ['a', 'b', 'c', 'd', 'e']));
    await Promise.race([drained, world.timeline.pause(70_000)]);
  },
  ending: ({ faults, ledger, client }) => {
    for (const id of ['d', 'e'].flatMap((label) => [...client.idsOf(label)])) {
      ledger.must(
        faults.struck().length > 0 || ledger.executionsOf(id, 1)[0]?.worker === 'bert',
        'credit_bound',
        () => `run ${id} was given to a worker that had granted nothing since it drained`,
      );
    }
  },
};

/** A worker stands still for a minute with a run in its hands and another in its socket, and wakes without knowing. */
const sleeper: Scenario = {
  name: 'sleeper',
  play: async (world) => {
    const { fleet, client } = world;
    const anna = fleet.start('anna', { slots: 2, idempotent: world.chance() < 0.3 });
    let told = false;
    watchLosses(world, () => !told);
    await world.until(anna.welcomed);
    await client.create({ label: 'a', workMs: 4_000 });
    await world.until(() => hasBegun(world, 'a'), 10_000);
    anna.pause(35_000 + Math.floor(world.chance() * 60_000));
    await client.create({ label: 'b', workMs: 1_000 });
    await world.until(() => areOver(world, ['a', 'b']), 240_000);
    // For a function that stood still since it found the worker silent.
    await world.timeline.pause(100_000);
    told = true;
  },
};

/** A worker that loses its session while its handler, which may run twice, goes on: the run moves with it. */
const adoption: Scenario = {
  name: 'adoption',
  play: async (world) => {
    const { fleet, client, gateway } = world;
    const anna = fleet.start('anna', { slots: 1, idempotent: true });
    await world.until(anna.welcomed);
    await client.create({ label: 'a', workMs: 70_000, progress: true });
    await world.until(() => hasBegun(world, 'a'), 10_000);
    gateway.drop('anna', 'silent');
    anna.pause(40_000);
    await world.until(() => areOver(world, ['a']), 240_000);
  },
};

/** A worker comes back for its run after its session was lost, and another worker has the next attempt of it. */
const tooLate: Scenario = {
  name: 'too-late',
  play: async (world) => {
    const { fleet, client } = world;
    const anna = fleet.start('anna', { slots: 1, idempotent: true });
    await world.until(anna.welcomed);
    await client.create({ label: 'a', workMs: 60_000 });
    await world.until(() => hasBegun(world, 'a'), 10_000);
    fleet.start('bert', { slots: 1, idempotent: true });
    anna.pause(90_000);
    await world.until(() => areOver(world, ['a']), 240_000);
  },
};

/** A run ends while its worker has no socket, and its process ends before it has one: what it did is on its disk. */
const offlineEnd: Scenario = {
  name: 'offline-end',
  play: async (world) => {
    const { fleet, client, gateway, ledger, timeline } = world;
    const anna = fleet.start('anna', { slots: 1 });
    await world.until(anna.welcomed);
    await client.create({ label: 'a', workMs: 2_000 });
    await timeline.pause(1_000);
    gateway.drop('anna', 'silent');
    await world.until(() => ledger.executions().some(({ how }) => how === 'succeeded'), 10_000);
    anna.kill();
    fleet.restart('anna');
    await world.until(() => areOver(world, ['a']));
  },
  ending: ({ client, faults, ledger }) => {
    for (const id of client.idsOf('a')) {
      const run = ledger.runs.get(id);
      ledger.must(
        faults.struck().length > 0 || (run?.status === 'succeeded' && run.attempt === 1),
        'result_kept',
        () => `run ${id} was executed, and is ${run?.status} in attempt ${run?.attempt}`,
      );
    }
  },
};

export const LOSSES: readonly Scenario[] = [workerLost, sessionResume, drain, sleeper, adoption, tooLate, offlineEnd];
