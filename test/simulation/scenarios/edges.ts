/** Long texts, lists, frames that are none, long waits, and crowds. */
import type { Scenario } from '../execution.ts';
import { areOver, hasBegun, mustEnd } from './checks.ts';

const HOUR_MS = 60 * 60_000;

/** Payloads and outputs that do not fit on a row, or in a frame; whoever asks gets them back whole. */
const longTexts: Scenario = {
  name: 'long-texts',
  play: async (world) => {
    const { client, fleet } = world;
    await client.create({ label: `a${'x'.repeat(1_000)}`, prints: 1_000, workMs: 500 });
    await client.create({ label: `b${'x'.repeat(30_000)}`, workMs: 200 });
    const worker = fleet.start('anna', { slots: 2 });
    await world.until(worker.welcomed);
    const labels = [...client.asked().keys()];
    await world.until(() => areOver(world, labels));
    for (const id of world.ledger.accepted) {
      await client.get(id);
    }
  },
  ending: ({ client, ledger }) => {
    for (const label of client.asked().keys()) {
      const workMs = label.startsWith('a') ? 500 : 200;
      for (const { run, attempt, beganAt, endedAt, how } of ledger.executions()) {
        ledger.must(
          how !== 'succeeded' || !client.idsOf(label).has(run) || (endedAt ?? 0) - beganAt >= workMs,
          'stale_refused',
          () => `attempt ${attempt} of run ${run} did another's work`,
        );
      }
    }
  },
};

/** Lists by everything that they can be asked by. */
const lists: Scenario = {
  name: 'lists',
  play: async (world) => {
    const { client, fleet } = world;
    await client.create({ label: 'a', handler: 'nobody' });
    await client.create({ label: 'b', handler: 'nobody', inMs: HOUR_MS });
    const worker = fleet.start('anna', { slots: 1 });
    await world.until(worker.welcomed);
    await client.create({ label: 'c', fails: 9, maxTries: 1 });
    await client.create({ label: 'd', workMs: 20_000 });
    await world.until(() => hasBegun(world, 'd'), 10_000);
    for (const query of ['', 'task_type=nobody', 'status=pending', 'status=failed', 'limit=2&offset=1']) {
      await client.list(query);
    }
    for (const label of ['a', 'b']) {
      for (const id of client.idsOf(label)) {
        await client.cancel(id);
      }
    }
    // For those whose cancel came to nothing.
    fleet.start('bert', { slots: 1, handlers: ['nobody'] });
    await world.until(() => areOver(world, ['a', 'c', 'd']));
  },
  ending: (world, gentle) => mustEnd(world, gentle, 'c', ['failed'], 1),
};

/** Somebody speaks nonsense to the gateway: three times within a minute, and his socket is closed. */
const nonsense: Scenario = {
  name: 'nonsense',
  play: async (world) => {
    const worker = world.fleet.start('anna', { slots: 1 });
    await world.until(worker.welcomed);
    await world.client.create({ label: 'a', workMs: 2_000 });
    await world.until(() => hasBegun(world, 'a'), 10_000);
    for (const text of ['{', '{"type":"dance"}', '{"type":"heartbeat","session":"?"}']) {
      world.gateway.say('anna', text);
      await world.timeline.pause(200);
    }
    await world.until(() => areOver(world, ['a']));
  },
};

/** Nobody comes for hours. What the faults of the first two left behind must be gone by then. */
const longWait: Scenario = {
  name: 'long-wait',
  play: async (world) => {
    const { client, timeline, faults, ledger, queue } = world;
    await client.create({ label: 'a', keyed: true });
    await timeline.pause(2.25 * HOUR_MS);
    faults.calm();
    queue.redrive();
    // Siblings of the last minute live until the generation is raised: eight looks, two hours.
    await timeline.pause(2.1 * HOUR_MS);
    const before = queue.sent();
    await timeline.pause(1.75 * HOUR_MS);
    for (const [key, live] of ledger.alarms) {
      ledger.must(live.length === 1, 'alarms_end', () => `${key} has ${live.length} alarms after six hours`);
    }
    // A look each quarter of an hour, each a message; every eighth is a new alarm. A function that stood still is one more.
    const most = 4 * 1.75 * 2 * Math.max(1, ledger.runs.size);
    ledger.must(
      queue.sent() - before <= most,
      'cost_bounded',
      () => `${queue.sent() - before} messages in 105 minutes for ${ledger.runs.size} waiting run`,
    );
    const worker = world.fleet.start('anna', { slots: 1 });
    await world.until(worker.welcomed);
    await world.until(() => areOver(world, ['a']));
  },
};

/** Commits that never come: of a create, a cancel, and a session's alarm that was about to raise the generation (A5, A6). */
const lateCommits: Scenario = {
  name: 'late-commits',
  play: async (world) => {
    const { client, fleet, functions, timeline } = world;
    const worker = fleet.start('anna', { slots: 1 });
    await world.until(worker.welcomed);
    const id = await client.create({ label: 'a', workMs: 8.5 * 60_000 });
    await world.until(() => hasBegun(world, 'a'), 10_000);
    await timeline.pause(20_000);
    functions.dieBefore('runs.create');
    await client.create({ label: 'b' });
    functions.dieBefore('runs.commit');
    await (id === undefined ? undefined : client.askToCancel(id));
    functions.dieBefore('sessions.bump');
    await world.until(() => areOver(world, ['a']), 15 * 60_000);
  },
};

/** A run that fails for hours: its last retries are so far ahead that EventBridge carries them. */
const patience: Scenario = {
  name: 'patience',
  play: async (world) => {
    const { client, fleet, timeline, ledger } = world;
    await client.submit({ label: 'a', fails: 14, maxTries: 15, workMs: 100 });
    let stop = false;
    // Workers come when they are needed: an idle one would say so every 15 s for hours.
    for (let visit = 0; visit < 40 && !stop; visit += 1) {
      const anna = fleet.start('anna', { slots: 1 });
      await world.until(anna.welcomed, 30_000);
      const [id] = client.idsOf('a');
      const run = () => ledger.runs.get(id ?? '');
      await world.until(
        () => id === undefined || areOver(world, ['a']) || (run()?.wakeAt ?? 0) > timeline.now() + 60_000,
        120_000,
      );
      stop = id === undefined || areOver(world, ['a']);
      await Promise.race([anna.drain(), timeline.pause(90_000)]);
      anna.kill();
      await timeline.pause(Math.max(1_000, (run()?.dueAt ?? 0) - timeline.now() - 5_000));
    }
  },
};

/** Two dozen workers, and a herd of runs that turn due at one instant. */
const crowd: Scenario = {
  name: 'crowd',
  play: async (world) => {
    const { client, fleet } = world;
    const labels = Array.from({ length: 36 }, (_, index) => `r${index}`);
    await Promise.all(labels.map((label) => client.submit({ label, workMs: 2_000 })));
    for (let index = 0; index < 24; index += 1) {
      fleet.start(`w${index}`, { slots: 1 });
    }
    await world.until(() => areOver(world, labels), 240_000);
    // It finds every one of them free.
    await client.submit({ label: 'last' });
    await world.until(() => areOver(world, ['last']));
    const { won, lost } = world.ledger.claimed();
    world.ledger.must(
      world.faults.struck().length > 0 || lost <= won,
      'cost_bounded',
      () => `${lost} claims were lost and paid for, for ${won} that were won`,
    );
  },
};

export const EDGES: readonly Scenario[] = [longTexts, lists, nonsense, longWait, lateCommits];
export const RARE: readonly Scenario[] = [patience, crowd];
