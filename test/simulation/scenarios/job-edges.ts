/** Jobs: what reaches further back, further ahead, or to more workers than one. */
import type { Scenario } from '../execution.ts';
import { areOver, hasBegun } from './checks.ts';
import { hasDecided, haveBegun, mustFireOnTime, mustHave, runsOf } from './job-checks.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** D5 and D7: a heartbeat, and the age of an instance's picture of the queues. */
const FOUND_WITHIN_MS = 35 * SECOND_MS;

/** Six minutes that nobody ran, three at a time for a worker of two slots; it is called off half way. */
const backfill: Scenario = {
  name: 'job-backfill',
  play: async (world) => {
    const { clerk, fleet, timeline } = world;
    const anna = fleet.start('anna', { slots: 2 });
    await world.until(anna.welcomed);
    const startsInMs = -6 * MINUTE_MS;
    const id = await clerk.create({ label: 'a', every: '1m', startsInMs, state: 'paused', workMs: 3_000 });
    if (id === undefined) {
      return;
    }
    const range = { from: timeline.now() + startsInMs, to: timeline.now(), parallel: 3 };
    const started = await clerk.backfill(id, range);
    await world.until(() => haveBegun(world, 'a', 4), MINUTE_MS);
    if (started?.kind === 'started') {
      await clerk.cancelBackfill(id, started.backfill.id);
    }
    await timeline.pause(10 * SECOND_MS);
  },
  ending: (world) => {
    const statuses = runsOf(world, 'a').map(({ status }) => status);
    world.ledger.must(
      world.faults.struck().length > 0 || (statuses.includes('succeeded') && statuses.length < 6),
      'backfill_bound',
      () => `the backfill that was called off made ${statuses.join(', ')}`,
    );
  },
};

/** A function dies where it would create the first run; then it is called off, and its job is deleted. */
const backfillCut: Scenario = {
  name: 'job-backfill-cut',
  play: async (world) => {
    const { clerk, fleet, functions, timeline } = world;
    const anna = fleet.start('anna', { slots: 2 });
    await world.until(anna.welcomed);
    const startsInMs = -3 * MINUTE_MS;
    const id = await clerk.create({ label: 'a', every: '1m', startsInMs, state: 'paused' });
    if (id === undefined) {
      return;
    }
    functions.dieBefore('runs.create');
    const range = { from: timeline.now() + startsInMs, to: timeline.now(), parallel: 1 };
    const started = await clerk.backfill(id, range);
    await timeline.pause(5 * SECOND_MS);
    if (started?.kind === 'started') {
      await clerk.cancelBackfill(id, started.backfill.id);
    }
    await clerk.remove(id);
    await timeline.pause(4 * MINUTE_MS);
  },
};

/** One run for each worker that is there. */
const broadcast: Scenario = {
  name: 'job-broadcast',
  play: async (world) => {
    const { clerk, fleet } = world;
    // Whoever only looked for free slots would give both to the first.
    const workers = [fleet.start('anna', { slots: 3 }), fleet.start('bert', { slots: 1 })];
    await world.until(() => workers.every((worker) => worker.welcomed()));
    await clerk.create({ label: 'a', every: '15s', strategy: 'broadcast' });
    await world.until(() => haveBegun(world, 'a', 4));
  },
  ending: (world) => {
    const { faults, ledger } = world;
    const workers = Map.groupBy(runsOf(world, 'a'), ({ executeAt }) => executeAt);
    for (const [executeAt, runs] of workers) {
      ledger.must(
        faults.struck().length > 0 || (runs.length === 2 && new Set(runs.map(({ worker }) => worker)).size === 2),
        'needs_met',
        () => `the broadcast of ${executeAt} went to ${runs.map(({ worker }) => worker).join(' and ')}`,
      );
    }
  },
};

/** One that needs a worker with a tag, behind others that do not, before anybody is there (D7). */
const needs: Scenario = {
  name: 'job-needs',
  play: async (world) => {
    const { client, clerk, faults, fleet, ledger, timeline } = world;
    const labels = ['x', 'y'];
    for (const label of labels) {
      await client.submit({ label, workMs: 500 });
    }
    await clerk.create({ label: 'a', every: '5m', needs: { tags: ['gpu'] } });
    await world.until(() => hasDecided(world, 'a', 1));
    // By now its own alarm has looked twice, and looks again in two minutes: only those who look for it find it.
    await timeline.pause(25 * SECOND_MS);
    fleet.start('anna', { slots: 1 });
    const bert = fleet.start('bert', { slots: 1, tags: ['gpu'] });
    await world.until(bert.welcomed);
    const since = timeline.now();
    await world.until(() => haveBegun(world, 'a', 1) && areOver(world, labels));
    ledger.must(
      faults.struck().length > 0 || timeline.now() - since <= FOUND_WITHIN_MS,
      'served_in_time',
      () => `a run with needs waited for ${timeline.now() - since} ms after its worker had come`,
    );
  },
};

/** An hour ahead: EventBridge carries the chain, under a name of its own for each revision (A4). */
const hourly: Scenario = {
  name: 'job-hourly',
  play: async (world) => {
    const { clerk, fleet, timeline } = world;
    const id = await clerk.create({ label: 'a', every: '1h', startsInMs: HOUR_MS });
    await timeline.pause(5 * SECOND_MS);
    if (id !== undefined) {
      await clerk.pause(id);
      await clerk.resume(id);
      await timeline.pause(HOUR_MS - 2 * MINUTE_MS);
    }
    const anna = fleet.start('anna', { slots: 1 });
    await world.until(anna.welcomed);
    await world.until(() => haveBegun(world, 'a', 1), 5 * MINUTE_MS);
  },
};

/** Nobody is there, and after some seconds it is too late to begin (R8). */
const deadline: Scenario = {
  name: 'job-deadline',
  play: async (world) => {
    const { clerk, fleet, timeline } = world;
    await clerk.create({ label: 'a', every: '30s', deadlineMs: 8_000 });
    await world.until(() => hasDecided(world, 'a', 1));
    await timeline.pause(20 * SECOND_MS);
    const anna = fleet.start('anna', { slots: 1 });
    await world.until(anna.welcomed);
    await world.until(() => haveBegun(world, 'a', 1));
  },
  ending: (world) => {
    for (const run of runsOf(world, 'a')) {
      const [first] = world.ledger.executionsOf(run.id, 1);
      // Dispatched in time, it may lie with a worker for as long as that takes to start it.
      world.ledger.must(
        world.faults.struck().length > 0 || first === undefined || first.beganAt <= (run.startBy ?? first.beganAt),
        'starts_in_time',
        () => `run ${run.id} began ${(first?.beganAt ?? 0) - (run.startBy ?? 0)} ms after its last start`,
      );
    }
    mustHave(world, 'a', ['timed_out', 'succeeded']);
    mustFireOnTime(world, 'a');
  },
};

/** It has ended and is deleted while somebody is still about to create it (J5). */
const gone: Scenario = {
  name: 'job-run-deleted',
  play: async (world) => {
    const { clerk, fleet, ledger, timeline } = world;
    const anna = fleet.start('anna', { slots: 1 });
    await world.until(anna.welcomed);
    await clerk.create({ label: 'a', every: '30s' });
    await world.until(() => runsOf(world, 'a').some(({ status }) => status === 'succeeded'), MINUTE_MS);
    const [run] = runsOf(world, 'a');
    if (run !== undefined) {
      await clerk.insist('delete run', (engine) => engine.noteRun(run.id, { hidden: true }));
    }
    await timeline.pause(20 * SECOND_MS);
    for (const { id, expiresAt, executeAt, hidden } of runsOf(world, 'a')) {
      ledger.must(
        expiresAt === undefined || expiresAt - executeAt >= 24 * HOUR_MS,
        'fired_once',
        () => `run ${id}${hidden ? ', which was deleted,' : ''} is kept for ${(expiresAt ?? 0) - executeAt} ms`,
      );
    }
  },
};

/** A person says what became of a run, while its worker is at it (R9). */
const verdict: Scenario = {
  name: 'verdict',
  play: async (world) => {
    const { client, clerk, fleet } = world;
    const anna = fleet.start('anna', { slots: 1 });
    await world.until(anna.welcomed);
    const failed = await client.submit({ label: 'a', workMs: 20_000, maxTries: 3 });
    const waits = await client.submit({ label: 'b', workMs: 300 });
    await world.until(() => hasBegun(world, 'a'), 10_000);
    if (failed !== undefined) {
      await clerk.insist('settle', (engine) => engine.settleRun(failed, 'failed'));
    }
    if (waits !== undefined) {
      await clerk.insist('settle', (engine) => engine.settleRun(waits, 'cancelled'));
    }
    await world.until(() => areOver(world, ['a', 'b']));
  },
  ending: (world) => {
    const { client, faults, ledger } = world;
    for (const id of client.idsOf('a')) {
      const run = ledger.runs.get(id);
      ledger.must(
        faults.struck().length > 0 || (run?.status === 'failed' && run.reason === 'operator' && run.tries === 1),
        'terminal_final',
        () => `run ${id} was settled, and is ${run?.status} by ${run?.reason} after ${run?.tries} tries`,
      );
      const [execution] = ledger.executionsOf(id, 1);
      ledger.must(
        faults.struck().length > 0 || (execution?.endedAt ?? 0) - (run?.endedAt ?? 0) <= SECOND_MS,
        'cancel_heeded',
        () => `run ${id} ran on for ${(execution?.endedAt ?? 0) - (run?.endedAt ?? 0)} ms after it was settled`,
      );
    }
  },
};

/** One of the last class among many of the first: after ten minutes it is its turn (D6). */
const ageing: Scenario = {
  name: 'ageing',
  play: async (world) => {
    const { client, fleet } = world;
    await client.submit({ label: 'last', priority: 10, workMs: 300 });
    for (let index = 0; index < 20; index += 1) {
      await client.submit({ label: `first-${index}`, priority: 1, workMs: MINUTE_MS });
    }
    const anna = fleet.start('anna', { slots: 1 });
    await world.until(anna.welcomed);
    await world.until(() => areOver(world, ['last']), 40 * MINUTE_MS);
  },
  ending: ({ client, faults, ledger }) => {
    for (const id of client.idsOf('last')) {
      const run = ledger.runs.get(id);
      const waitedMs = (ledger.executionsOf(id, 1)[0]?.beganAt ?? Number.POSITIVE_INFINITY) - (run?.createdAt ?? 0);
      ledger.must(
        faults.struck().length > 0 || waitedMs < 13 * MINUTE_MS,
        'aged_first',
        () => `run ${id} of the last class waited for ${waitedMs} ms`,
      );
    }
  },
};

export const JOB_EDGES: readonly Scenario[] = [
  backfill,
  backfillCut,
  broadcast,
  needs,
  hourly,
  deadline,
  gone,
  verdict,
];
export const AGED: readonly Scenario[] = [ageing];
