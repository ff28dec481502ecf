import type { Run } from '../../domain/run.ts';
import type { RunStore } from '../ports/index.ts';

/** Rows fetched by id at a time. */
const BATCH = 100;

/** Runs by id, those that exist, of a reading that may lag. */
export const readRuns =
  ({ getMany }: Pick<RunStore, 'getMany'>) =>
  async (ids: readonly string[]): Promise<ReadonlyMap<string, Run>> => {
    const found = new Map<string, Run>();
    for (let at = 0; at < ids.length; at += BATCH) {
      for (const run of await getMany(ids.slice(at, at + BATCH))) {
        found.set(run.id, run);
      }
    }
    return found;
  };
