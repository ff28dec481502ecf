import { describe, expect, it } from 'vitest';
import type { Committed } from '../../lib/application/ports/index.ts';
import type { RunChange } from '../../lib/domain/run.ts';
import { CRASH, createWorld, type World } from '../support/engine-world.ts';
import { createWorker } from '../support/world-worker.ts';

/** What a dying process was about is gone; whoever waits for it sees no answer. */
const survive = async (work: () => Promise<unknown>): Promise<boolean> => {
  try {
    await work();
    return true;
  } catch (error) {
    if (error !== CRASH) {
      throw error;
    }
    return false;
  }
};

/** Lets the process die at its nth step: before a call of a port, or after it with the answer unheard. */
const dieAt = (
  world: World,
  step: number,
): { readonly died: () => boolean; readonly accepted: Map<string, number> } => {
  let [steps, died] = [0, false];
  const accepted = new Map<string, number>();
  world.watch(({ when, name, args, answer }) => {
    if (when === 'after' && name === 'runs.commit' && (answer as Committed).kind === 'won') {
      const [{ id, transition }] = args as [RunChange];
      accepted.set(id, (accepted.get(id) ?? 0) + (transition === 'succeed' ? 1 : 0));
    }
    steps += 1;
    if (!died && steps > step) {
      died = true;
      throw CRASH;
    }
  });
  return { died: () => died, accepted };
};

describe('wherever the process dies', () => {
  it.each([
    ['with a worker waiting', 'hello first'],
    ['with a run waiting', 'submit first'],
  ])('%s, every run that exists ends by exactly one accepted result', async (_case, order) => {
    let deaths = 0;
    for (let step = 0; ; step += 1) {
      const world = createWorld({ seed: step + 1 });
      const worker = createWorker(world, 'worker', { slots: 2 });
      const { died, accepted } = dieAt(world, step);
      const hello = async (): Promise<void> => {
        // A worker that gets no welcome says it again.
        while (!worker.received.some(({ type }) => type === 'welcome')) {
          await survive(() => worker.hello());
        }
      };
      const submit = async (): Promise<void> => {
        // A client that gets no answer asks again, with whatever the first try left behind.
        while (!(await survive(() => world.submit()))) {}
      };
      for (const act of order === 'hello first' ? [hello, submit, submit] : [submit, submit, hello]) {
        await act();
      }
      for (let round = 0; round < 16; round += 1) {
        const holding = worker.holding();
        if (holding.length > 0) {
          await survive(() => worker.finish(holding));
        }
        await survive(() => worker.heartbeat());
        await world.live(15_000);
      }
      const runs = await world.allRuns();
      expect(runs.length).toBeGreaterThanOrEqual(2);
      for (const run of runs) {
        expect([step, run.status, accepted.get(run.id)]).toEqual([step, 'succeeded', 1]);
      }
      if (!died()) {
        break;
      }
      deaths += 1;
    }
    expect(deaths).toBeGreaterThan(50);
  });
});
