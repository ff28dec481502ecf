import { describe, expect, it } from 'vitest';
import { createFulfilRun } from '../../../lib/application/runs/fulfil-run.ts';
import { createWorld } from '../../support/engine-world.ts';

const DAY_MS = 24 * 60 * 60_000;

describe('ending a run that waits', () => {
  it.each([{ output: '1' }, { error: 'It ended as cancelled' }])(
    'leaves alone what is no step’s: %o',
    async (ending) => {
      const world = createWorld();
      const run = await world.submit({ executeAt: world.now() + DAY_MS });
      const fulfil = createFulfilRun(world.ports, async () => undefined);
      expect(await fulfil(run, ending)).toBeUndefined();
      expect(await world.run(run)).toMatchObject({ status: 'scheduled' });
      expect(world.exceptions()).toEqual([]);
    },
  );
});
