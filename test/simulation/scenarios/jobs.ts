/** Jobs: schedules that fire, that must not overlap, and that are changed while they do. */
import { everySchedule, payloadOf } from '../clerk.ts';
import type { Scenario } from '../execution.ts';
import type { World } from '../world.ts';
import { hasDecided, haveBegun, mustFireOnTime, mustHave, mustHaveHalted, runsOf } from './job-checks.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
/** SQS takes whole seconds and waits one for a batch; the third is theirs to be slow. */
const ALARM_LATE_MS = 3 * SECOND_MS;

const hire = async (world: World, slots = 2): Promise<void> => {
  const anna = world.fleet.start('anna', { slots });
  await world.until(anna.welcomed);
};

/** How far a job is within its period: 0 at an occurrence. */
const until = async ({ ledger, timeline }: World, id: string, beforeMs: number): Promise<void> => {
  const { next = timeline.now() } = ledger.jobs.get(id) ?? {};
  await timeline.pause(Math.max(0, next - beforeMs - timeline.now()));
};

/** Three times, each at its second. */
const everyFew: Scenario = {
  name: 'job',
  play: async (world) => {
    await hire(world);
    await world.clerk.create({ label: 'a', every: '5s' });
    await world.until(() => haveBegun(world, 'a', 3));
  },
  ending: (world) => mustFireOnTime(world, 'a'),
};

/** Runs that take longer than the time between them: every second one is left out. The next is due when one has just ended. */
const forbid: Scenario = {
  name: 'job-forbid',
  play: async (world) => {
    await hire(world);
    await world.clerk.create({ label: 'a', every: '10s', concurrency: 'forbid', workMs: 19_700 });
    await world.until(() => hasDecided(world, 'a', 4));
  },
  ending: (world) => {
    mustFireOnTime(world, 'a', ALARM_LATE_MS);
    mustHave(world, 'a', ['succeeded', 'skipped', 'succeeded', 'skipped']);
  },
};

/** What fails does not keep the next one from starting. */
const forbidFailing: Scenario = {
  name: 'job-failing',
  play: async (world) => {
    await hire(world);
    await world.clerk.create({ label: 'a', every: '20s', concurrency: 'forbid', fails: 9, handler: 'send_email' });
    await world.until(() => hasDecided(world, 'a', 2));
  },
  ending: (world) => mustHave(world, 'a', ['failed', 'failed']),
};

/** The run before is cancelled where it has not ended. */
const replace: Scenario = {
  name: 'job-replace',
  play: async (world) => {
    await hire(world);
    await world.clerk.create({ label: 'a', every: '10s', concurrency: 'replace', workMs: MINUTE_MS });
    await world.until(() => haveBegun(world, 'a', 3));
  },
  ending: (world) => {
    mustFireOnTime(world, 'a', ALARM_LATE_MS);
    mustHave(world, 'a', ['cancelled', 'cancelled']);
  },
};

/** Another schedule, and then other work, while an occurrence is being fired that both schedules have. */
const edit: Scenario = {
  name: 'job-edit',
  play: async (world) => {
    const { clerk, ledger, timeline } = world;
    await hire(world);
    const id = await clerk.create({ label: 'a', every: '10s' });
    if (id !== undefined) {
      const startAt = ledger.jobs.get(id)?.schedule?.startAt ?? timeline.now();
      await world.until(() => hasDecided(world, 'a', 1));
      await clerk.change(id, { schedule: everySchedule('5s', startAt) });
      await world.until(() => hasDecided(world, 'a', 2));
      await clerk.change(id, { payload: payloadOf({ label: 'x'.repeat(600), workMs: 200 }) });
      await world.until(() => hasDecided(world, 'a', 3));
      // Called back: by the new schedule it would be due a second later.
      await clerk.change(id, { schedule: everySchedule('7s', timeline.now() + 3_500) });
      const editedAt = timeline.now();
      await world.until(() => haveBegun(world, 'a', 4), MINUTE_MS);
      mustHaveHalted(world, 'a', editedAt, editedAt + 2_600);
    }
  },
  ending: (world) => mustFireOnTime(world, 'a'),
};

/** What was fired ahead is called back, and the chain goes on where it is resumed. */
const pause: Scenario = {
  name: 'job-pause',
  play: async (world) => {
    const { clerk, timeline } = world;
    await hire(world);
    const id = await clerk.create({ label: 'a', every: '20s' });
    if (id === undefined) {
      return;
    }
    await world.until(() => hasDecided(world, 'a', 1));
    await clerk.pause(id);
    const pausedAt = timeline.now();
    await timeline.pause(30 * SECOND_MS);
    const resumedAt = timeline.now();
    await clerk.resume(id);
    await world.until(() => haveBegun(world, 'a', 1), MINUTE_MS);
    mustHaveHalted(world, 'a', pausedAt, resumedAt);
  },
  ending: (world) => mustFireOnTime(world, 'a'),
};

/** A message of its is being handled while it is deleted. */
const remove: Scenario = {
  name: 'job-delete',
  play: async (world) => {
    const { clerk, timeline } = world;
    await hire(world);
    const id = await clerk.create({ label: 'a', every: '20s' });
    if (id !== undefined) {
      await world.until(() => hasDecided(world, 'a', 1));
      await clerk.remove(id);
      const removedAt = timeline.now();
      await timeline.pause(30 * SECOND_MS);
      mustHaveHalted(world, 'a', removedAt, Number.POSITIVE_INFINITY);
    }
  },
};

/** By hand, twice at once, and by its schedule: one of them. */
const byHand: Scenario = {
  name: 'job-by-hand',
  play: async (world) => {
    const { clerk } = world;
    await hire(world);
    const id = await clerk.create({ label: 'a', every: '20s', concurrency: 'forbid', workMs: 4_000 });
    if (id !== undefined) {
      await until(world, id, 2_200);
      await Promise.all([clerk.trigger(id), clerk.trigger(id)]);
      await world.until(() => hasDecided(world, 'a', 3));
    }
  },
};

/** Nothing is delivered for three minutes. Each policy leaves out what it should, and says so. */
const outage: Scenario = {
  name: 'job-outage',
  play: async (world) => {
    const { clerk, queue, timeline } = world;
    await hire(world, 8);
    const jobs = [
      { label: 'a', misfire: 'skip' },
      { label: 'b', misfire: 'fire_once' },
      { label: 'c', misfire: 'fire_all', misfireCap: 3 },
    ] as const;
    await Promise.all(jobs.map((job) => clerk.create({ ...job, every: '30s' })));
    await timeline.pause(SECOND_MS);
    queue.breakDown(3 * MINUTE_MS);
    await timeline.pause(3 * MINUTE_MS);
    await world.until(() =>
      jobs.every(({ label }) => (world.ledger.jobs.get(clerk.idOf(label) ?? '')?.next ?? 0) > timeline.now()),
    );
  },
  ending: (world) => {
    const ran = (label: string): number =>
      runsOf(world, label).filter(({ executeAt, createdAt }) => createdAt > executeAt + MINUTE_MS).length;
    const { faults, ledger } = world;
    const late = ['a', 'b', 'c'].map(ran).join();
    ledger.must(
      faults.struck().length > 0 || ran('a') === 0,
      'occurrences_accounted',
      () => `after the outage ${late} late runs were made`,
    );
    ledger.must(
      faults.struck().length > 0 || ran('c') <= 3,
      'occurrences_accounted',
      () => `after the outage ${ran('c')} late runs were made, and the cap is 3`,
    );
  },
};

/** Asked for once, by somebody who does not ask again: where it comes later than its alarm waits, it is found (J6). */
const asked: Scenario = {
  name: 'job-late',
  play: async (world) => {
    await hire(world);
    await world.clerk.askFor({ label: 'a', every: '50s' });
    await world.timeline.pause(MINUTE_MS);
  },
};

export const JOBS: readonly Scenario[] = [
  ...[everyFew, forbid, forbidFailing, replace, edit, pause, remove, byHand, outage, asked],
];
