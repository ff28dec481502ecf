/** Workers that may not do what they try: one with a key of another pool, and one whose key is revoked. */
import type { WorkerFrame } from '../../../lib/contracts/frames.ts';
import type { Scenario } from '../execution.ts';
import type { World } from '../world.ts';
import { areOver, hasBegun, mustEnd, watchLosses } from './checks.ts';

const HEARTBEAT_MS = 15_000;
/** From a worker to the row of its session. */
const UNDER_WAY_MS = 100;
const BETWEEN_MS = 100;

const sessionOf = ({ ledger }: World, name: string): string =>
  [...ledger.sessions.values()].find((session) => session.name === name && session.st === 'up')?.id ?? 'none';

type Target = { readonly run: string; readonly attempt: number; readonly session: string };

/** All that can be said of another's run, by one who has guessed its number; `own` is the session of who says it. */
const forgeries = (own: string, pool: string, { run, attempt, session }: Target): readonly WorkerFrame[] => {
  const from = { session: own, pool };
  const report = { ...from, rep: 1, seen: 0, limit: 1 };
  const done = { run, attempt, startedAt: 0, durationMs: 1 };
  const successor = { session: `${own}1`, pool, rep: 1, seen: 0, limit: 0, name: 'nobody', maxTasks: 1, handlers: [] };
  return [
    { type: 'started', ...from, runs: [{ run, attempt, startedAt: 0 }] },
    { type: 'progress', ...from, run, attempt, percent: 99 },
    { type: 'hello', ...successor, tags: [], replaces: session, list: [[run, attempt]] },
    { type: 'result', ...report, results: [{ ...done, outcome: 'failed', error: 'no: forged' }] },
    { type: 'result', ...report, results: [{ ...done, outcome: 'succeeded', output: 'x'.repeat(1_000) }] },
    { type: 'result', ...report, results: [{ ...done, outcome: 'succeeded', output: 'forged' }] },
  ];
};

/** Mallory's key is for another pool. She knows the runs and the sessions of this one, and lies about them. */
const foreignWords: Scenario = {
  name: 'foreign-words',
  play: async (world) => {
    const { client, fleet, gateway, ledger, timeline } = world;
    const anna = fleet.start('anna', { slots: 2 });
    const mallory = fleet.start('mallory', { slots: 1, pool: 'other' });
    let over = false;
    watchLosses(world, () => !over);
    await world.until(() => anna.welcomed() && mallory.welcomed());
    const say = async (frame: WorkerFrame): Promise<void> => {
      gateway.say('mallory', JSON.stringify(frame));
      await timeline.pause(BETWEEN_MS);
    };
    const target = (id = 'none'): Target => {
      const run = ledger.runs.get(id);
      return { run: id, attempt: run?.attempt ?? 1, session: run?.session?.id ?? 'none' };
    };

    const waits = await client.submit({ label: 'a', workMs: 5_000 });
    const stopped = await client.create({ label: 'b', workMs: 5_000 });
    await world.until(() => hasBegun(world, 'a') && hasBegun(world, 'b'), 10_000);
    // For the pool of her key she is heard, and it is of no use.
    for (const frame of forgeries(sessionOf(world, 'mallory'), 'other', target(waits))) {
      await say(frame);
    }
    if (stopped !== undefined) {
      await client.askToCancel(stopped);
      const [, , , killed] = forgeries(sessionOf(world, 'mallory'), 'other', target(stopped));
      await (killed === undefined ? undefined : say(killed));
    }
    // For this one she is refused; the third time costs her the socket.
    const { session } = target(waits);
    await say({ type: 'goodbye', session, pool: 'default' });
    await say({ type: 'heartbeat', session, pool: 'default', rep: 1_000, seen: 0, limit: 100, list: [] });
    await say({ type: 'goodbye', session, pool: 'default' });
    await world.until(() => areOver(world, ['a', 'b']));
    over = true;
  },
  ending: (world, gentle) => {
    mustEnd(world, gentle, 'a', ['succeeded'], 0);
    for (const { run, worker } of world.ledger.executions()) {
      world.ledger.must(worker !== 'mallory', 'key_heeded', () => `run ${run} was given to a worker of another pool`);
    }
  },
};

/** Anna's key is revoked while she works: at her next heartbeat she is out, and what she had is Bert's. */
const revoked: Scenario = {
  name: 'revoked',
  play: async (world) => {
    const { client, fleet, keys, ledger, timeline, faults } = world;
    const anna = fleet.start('anna', { slots: 1 });
    await world.until(anna.welcomed);
    await client.submit({ label: 'a', workMs: 20_000 });
    await world.until(() => hasBegun(world, 'a'), 10_000);
    await keys.revoke(anna.key);
    const revokedAt = timeline.now();
    await timeline.pause(HEARTBEAT_MS + UNDER_WAY_MS);
    ledger.must(
      faults.struck().length > 0 || sessionOf(world, 'anna') === 'none',
      'key_heeded',
      () => `anna has a session ${timeline.now() - revokedAt} ms after her key was revoked`,
    );
    fleet.start('bert', { slots: 1 });
    await world.until(() => areOver(world, ['a']));
  },
  ending: ({ client, faults, ledger }) => {
    for (const id of client.idsOf('a')) {
      const run = ledger.runs.get(id);
      const isTaken = run?.status === 'succeeded' && run.tries === 1 && run.worker === 'bert';
      ledger.must(
        faults.struck().length > 0 || isTaken,
        'key_heeded',
        () => `run ${id} is ${run?.status} by ${run?.worker} after ${run?.tries} tries`,
      );
    }
  },
};

export const ACCESS: readonly Scenario[] = [foreignWords, revoked];
