import { expect, it } from 'vitest';
import { createFindTasks } from '../../../lib/platform/http/handlers/a/find-tasks.ts';

it.each(['nonsense', '1.1893456000000', '1'.repeat(3_000)])(
  'a cronjob that is no id (%.20s) is not asked for',
  async (cronjob) => {
    const ask = () => Promise.reject(new Error('The store cannot be asked for this'));
    const { find } = createFindTasks({
      listRuns: ask,
      jobs: { find: ask, describe: ask },
      workers: { get: ask },
    });
    const found = await find({ cronjob }, [], { limit: 10, from: { offset: 0 } }, undefined);
    expect(found).toEqual({ kind: 'page', runs: [], total: 0, partial: false });
  },
);
