/** What people look up and keep beside jobs and runs: categories, workers, logs, locks, lists. */
import type { Scenario } from '../execution.ts';
import { areOver, hasBegun } from './checks.ts';

const MINUTE_MS = 60_000;
/** More than one page of the store: then they are counted. */
const CATEGORIES = 200;
const AT_ONCE = { descending: false, limit: 10, from: { offset: 0 } } as const;

/** Each of it once, in a world in which every call may fail. */
const desk: Scenario = {
  name: 'desk',
  play: async (world) => {
    const { client, clerk, fleet, stores, timeline } = world;
    const { insist } = clerk;
    const anna = fleet.start('anna', { slots: 1 });
    await world.until(anna.welcomed);
    const run = await client.submit({ label: 'a', workMs: 2_000 });
    await world.until(() => hasBegun(world, 'a'), 10_000);

    const fields = { code: 'night', name: 'Night', setup: '', teardown: '', check: '', description: '' };
    for (let index = 1; index <= CATEGORIES; index += 1) {
      const times = { version: 1, createdAt: timeline.now(), updatedAt: timeline.now() };
      await stores.categories.create({ ...fields, code: `c${index}`, id: String(index), ...times });
    }
    await insist('create category', (engine) => engine.categories.create(fields));
    await insist('change category', (engine) => engine.categories.change('night', { name: 'At night' }));
    await insist('list categories', (engine) =>
      engine.categories.list({ deleted: false, matches: () => true, compare: () => 0, offset: 0, limit: 10 }),
    );
    await insist('first category', (engine) => engine.categories.list({ deleted: false, offset: 0, limit: 1 }));
    await insist('remove category', (engine) => engine.categories.remove('night'));

    await insist('list workers', (engine) => engine.workers.list({ deleted: false }));
    await insist('change worker', (engine) => engine.workers.change('anna', { maxTasks: 1 }));
    await insist('overview', (engine) => engine.overview());

    const id = await clerk.create({ label: 'b', every: '1h', state: 'paused' });
    await insist('list jobs', (engine) => engine.jobs.list({ ...AT_ONCE, index: { by: 'name' } }));
    await insist('find name', (engine) => engine.jobs.findByName('default', 'b').then((job) => job ?? 'nobody'));
    if (id !== undefined) {
      const range = { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 10 };
      await insist('ledger', (engine) => engine.jobs.ledger(id, range).then((entries) => entries ?? 'no job'));
      await insist('list backfills', (engine) => engine.jobs.listBackfills(id).then((found) => found ?? 'no job'));
    }

    if (run !== undefined) {
      await insist('write log', (engine) => engine.logs.append(run, { text: 'one\n' }));
      await insist('rewrite log', (engine) => engine.logs.replace(run, { text: 'two\n' }));
      await insist('read log', (engine) => engine.logs.read(run, 0, 100).then((text) => text ?? 'no log'));
      await insist('list logs', (engine) => engine.logs.list({ matches: () => true, offset: 0, limit: 10 }));
      await insist('remove log', (engine) => engine.logs.remove(run).then(String));
    }
    await world.until(() => areOver(world, ['a']));
  },
};

/** Two ask for one lock at once; whoever comes later has the higher number. */
const locks: Scenario = {
  name: 'locks',
  play: async (world) => {
    const { clerk, functions, ledger, timeline } = world;
    let newest = 0;
    for (let turn = 0; turn < 2; turn += 1) {
      const asked = await Promise.all(
        ['anna', 'bert'].map(() => functions.invoke('engine', (engine) => engine.leases.acquire('deploy', MINUTE_MS))),
      );
      const held = asked.flatMap((ended) => (ended.kind === 'answered' ? (ended.answer ?? []) : []));
      ledger.must(held.length <= 1, 'lock_held_once', () => `the lock was given to ${held.length} at once`);
      for (const { value, fence } of held) {
        ledger.must(fence > newest, 'lock_held_once', () => `number ${fence} came after ${newest}`);
        newest = fence;
        await clerk.insist('refresh', (engine) =>
          engine.leases.refresh('deploy', value, MINUTE_MS).then((lease) => lease ?? 'lost'),
        );
        await clerk.insist('look', (engine) => engine.leases.find('deploy').then((lease) => lease ?? 'free'));
        await clerk.insist('release', (engine) => engine.leases.release('deploy', value));
      }
      await timeline.pause(2 * MINUTE_MS);
    }
  },
};

export const DESK: readonly Scenario[] = [desk, locks];
