/** Whatever may happen, at any time: drawn from the seed. */
import type { Scenario } from '../execution.ts';
import type { WorkerHandle } from '../fleet/fleet.ts';
import { pick } from '../pick.ts';
import type { World } from '../world.ts';
import { areOver } from './checks.ts';

const MINUTE_MS = 60_000;

export const workers = async (world: World): Promise<void> => {
  const { chance, fleet, timeline } = world;
  const fleetSize = 1 + Math.floor(chance() * 3);
  const handles: WorkerHandle[] = [];
  for (let index = 0; index < fleetSize; index += 1) {
    await timeline.pause(chance() * 5_000);
    handles.push(
      fleet.start(pick(chance, 'anna', 'bert', 'cleo') + index, {
        slots: 1 + Math.floor(chance() * 3),
        idempotent: chance() < 0.3,
      }),
    );
  }
  for (const handle of handles) {
    await timeline.pause(chance() * 40_000);
    const fate = chance();
    if (fate < 0.15) {
      handle.pause(chance() * 2 * MINUTE_MS);
    } else if (fate < 0.3) {
      world.gateway.drop(handle.name, pick(chance, 'told', 'silent'));
    } else if (fate < 0.4) {
      await Promise.race([handle.drain(), timeline.pause(70_000)]);
      handle.kill();
    } else if (fate < 0.5) {
      handle.stepClock(pick(chance, -MINUTE_MS, MINUTE_MS));
    }
  }
};

const tasks = async (world: World): Promise<void> => {
  const { chance, client, timeline } = world;
  const count = 1 + Math.floor(chance() * 6);
  const labels = Array.from({ length: count }, (_, index) => `t${index}`);
  await Promise.all(
    labels.map(async (label) => {
      await timeline.pause(chance() * 20_000);
      const order = {
        label,
        workMs: pick(chance, 50, 500, 3_000, 20_000),
        fails: pick(chance, 0, 0, 0, 1, 2, 9),
        prints: pick(chance, 0, 0, 500),
        maxTries: pick(chance, 1, 2, 3, 5),
        inMs: pick(chance, 50, 50, 1_000, 10_000, 20 * MINUTE_MS),
        progress: chance() < 0.2,
      };
      const id =
        chance() < 0.7
          ? await client.create({ ...order, keyed: chance() < 0.7 })
          : await client.submit({ ...order, timeoutMs: pick(chance, 2_000, 10_000, 300_000) });
      if (id !== undefined && chance() < 0.25) {
        await timeline.pause(chance() * 10_000);
        await client.cancel(id);
      }
    }),
  );
  await world.until(() => areOver(world, labels), 3 * MINUTE_MS);
};

export const chaos: Scenario = {
  name: 'chaos',
  play: async (world) => {
    await Promise.all([workers(world), tasks(world)]);
  },
};
