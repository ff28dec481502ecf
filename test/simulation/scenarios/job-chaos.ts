/** Jobs of all kinds, kept by people who change their minds, for workers who come and go: drawn from the seed. */
import { everySchedule, type JobOrder, payloadOf } from '../clerk.ts';
import type { Scenario } from '../execution.ts';
import { pick } from '../pick.ts';
import type { World } from '../world.ts';
import { workers } from './chaos.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const TAGS = ['gpu'] as const;

const orderOf = (chance: () => number, label: string): JobOrder => {
  const deadlineMs = pick(chance, undefined, undefined, 2 * SECOND_MS, 30 * SECOND_MS);
  return {
    label,
    every: pick(chance, '2s', '5s', '20s', '1m', '20m'),
    startsInMs: pick(chance, 0, 5 * SECOND_MS, -10 * MINUTE_MS),
    concurrency: pick(chance, 'allow', 'forbid', 'replace'),
    misfire: pick(chance, 'skip', 'fire_once', 'fire_all'),
    misfireCap: pick(chance, 1, 3, 100),
    strategy: pick(chance, 'least_loaded', 'round_robin', 'broadcast', 'least_recently_used'),
    state: pick(chance, 'active', 'active', 'active', 'paused'),
    workMs: pick(chance, 50, 500, 8 * SECOND_MS),
    fails: pick(chance, 0, 0, 1, 9),
    maxTries: pick(chance, 1, 3),
    priority: pick(chance, 1, 5, 10),
    ...(chance() < 0.2 ? { needs: { tags: TAGS } } : {}),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  };
};

const deed = async ({ clerk, chance, timeline }: World, id: string, label: string): Promise<void> => {
  const kind = chance();
  if (kind < 0.2) {
    await clerk.pause(id);
  } else if (kind < 0.45) {
    await clerk.resume(id);
  } else if (kind < 0.6) {
    await clerk.trigger(id);
  } else if (kind < 0.7) {
    await clerk.change(id, { schedule: everySchedule(pick(chance, '2s', '7s', '1m'), timeline.now()) });
  } else if (kind < 0.8) {
    await clerk.change(id, { payload: payloadOf({ label: label + 'x'.repeat(pick(chance, 1, 600)), workMs: 100 }) });
  } else if (kind < 0.95) {
    const range = { from: timeline.now() - 5 * MINUTE_MS, to: timeline.now(), parallel: pick(chance, 1, 2, 5) };
    const started = await clerk.backfill(id, range);
    if (started?.kind === 'started' && chance() < 0.5) {
      await timeline.pause(chance() * 20 * SECOND_MS);
      await clerk.cancelBackfill(id, started.backfill.id);
    }
  } else {
    await clerk.remove(id);
  }
};

const jobs = async (world: World): Promise<void> => {
  const { chance, clerk, queue, timeline } = world;
  const labels = Array.from({ length: 1 + Math.floor(chance() * 2) }, (_, index) => `j${index}`);
  await Promise.all(
    labels.map(async (label) => {
      const id = await clerk.create(orderOf(chance, label));
      for (let deeds = Math.floor(chance() * 5); id !== undefined && deeds > 0; deeds -= 1) {
        await timeline.pause(chance() * 25 * SECOND_MS);
        await deed(world, id, label);
      }
    }),
  );
  if (chance() < 0.2) {
    queue.breakDown(chance() * 3 * MINUTE_MS);
  }
  await timeline.pause(chance() * 40 * SECOND_MS);
};

export const jobChaos: Scenario = {
  name: 'job-chaos',
  play: async (world) => {
    const bert = world.fleet.start('gpu', { slots: 2, tags: TAGS });
    await world.until(bert.welcomed);
    await Promise.all([workers(world), jobs(world)]);
  },
};
