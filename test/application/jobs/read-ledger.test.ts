import { describe, expect, it } from 'vitest';
import { NOW } from '../../support/rows.ts';
import { createJobWorld, DAY_MS, everyMinute, MINUTE_MS } from './job-world.ts';

describe('the ledger of a range that an earlier schedule filled', () => {
  it('reads no more runs than it shows, and no starts by hand', async () => {
    const world = createJobWorld();
    const { id } = await world.make();
    await world.live(20 * MINUTE_MS);
    await world.engine.jobs.trigger(id);
    await world.engine.jobs.change(id, { schedule: { ...everyMinute, expression: '0 0 1 1 *' } }, 'ann');
    const asked: string[] = [];
    world.watch(({ when, name, args }) => {
      if (when === 'before' && name === 'runs.getMany') {
        asked.push(...(args[0] as string[]));
      }
    });
    const page = await world.engine.jobs.ledger(id, { from: NOW, to: NOW + DAY_MS, limit: 5 });
    expect(page?.map(({ outcome }) => outcome)).toEqual(Array(5).fill('ran'));
    expect(page?.map(({ run }) => run)).toEqual(asked);
    asked.length = 0;
    const all = await world.engine.jobs.ledger(id, { from: NOW, to: NOW + DAY_MS, limit: 100 });
    expect(all?.slice(0, 5)).toEqual(page);
    expect((await world.runsOf(id)).length).toBe(asked.length + 1);
  });
});
