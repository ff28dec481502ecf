/** Transactions of drawn flows, kept by people who change their minds, for workers who come and go: drawn from the seed. */
import type { DeskRequest } from '../../../lib/application/sagas/api.ts';
import type { SagaException } from '../../../lib/domain/saga/saga.ts';
import type { Scenario } from '../execution.ts';
import { DEED, type Deed, drawDeed, drawFlow, type FlowPlan, paramsOf } from '../flow-plans.ts';
import { pick } from '../pick.ts';
import type { World } from '../world.ts';
import { workers } from './chaos.ts';
import { MINUTE_MS, rests, SECOND_MS } from './saga-checks.ts';

const deedsOf = (chance: () => number, plan: FlowPlan): Record<string, Deed> =>
  Object.fromEntries(plan.steps.map(({ id }) => [id, drawDeed(chance)]));

const requestOf = ({ chance, ledger, timeline }: World, { undo, instance, step }: SagaException): DeskRequest => {
  // What a transaction of its own gets is not for its step to do.
  const isFlow = ledger.sagas.bookOf(instance)?.plan.steps.find(({ id }) => id === step)?.type === 'flow';
  const action = pick(chance, 'retry', 'retry', 'skip', 'done', 'compensate', undo ? 'forward' : 'retry');
  switch (action) {
    case 'retry':
      return {
        action,
        ...(chance() < 0.7 ? { at: timeline.now() + Math.floor(chance() * 5 * SECOND_MS) } : {}),
        ...(chance() < 0.4 && !isFlow ? { input: { ...DEED, gives: pick(chance, 1, 9) } } : {}),
      };
    case 'skip':
    case 'done':
      return { action, output: { value: pick(chance, 1, 9), by: 'hand' } };
    default:
      return { action };
  }
};

/** Somebody at the desk, some of the time. */
const attend = async (world: World, instances: readonly string[]): Promise<void> => {
  const { chance, teller, timeline } = world;
  for (let turn = Math.floor(chance() * 5); turn > 0; turn -= 1) {
    await world.until(() => rests(world, ...instances), chance() * 40 * SECOND_MS);
    for (const exception of (await teller.exceptions())?.rows ?? []) {
      const fate = chance();
      if (fate < 0.7) {
        await teller.act(exception, requestOf(world, exception));
      } else if (fate < 0.75) {
        await teller.handle(exception);
      } else if (fate < 0.85) {
        await teller.retry(exception.instance);
      }
    }
    await timeline.pause(chance() * 10 * SECOND_MS);
  }
};

const live = async (world: World, plan: FlowPlan, instance: string): Promise<void> => {
  const { chance, teller, timeline } = world;
  for (let deeds = Math.floor(chance() * 3); deeds > 0; deeds -= 1) {
    await timeline.pause(chance() * 15 * SECOND_MS);
    const fate = chance();
    if (fate < 0.2) {
      await teller.cancel(instance, chance() < 0.3);
    } else if (fate < 0.4) {
      await teller.retry(instance);
    } else if (fate < 0.5) {
      await teller.get(instance);
    } else {
      const waits = plan.steps.find(({ signal }) => signal);
      await (waits === undefined ? undefined : teller.signal(instance, waits.id, { word: deeds }));
    }
  }
};

const sagas = async (world: World): Promise<void> => {
  const { chance, teller, timeline } = world;
  const size = (): number => pick(chance, 2, 4, 6, 6, 9, chance() < 0.3 ? 30 : 5);
  const inner = drawFlow(chance, 'inner', 3);
  const hasChild = chance() < 0.3;
  if (hasChild && (await teller.create(inner)) === undefined) {
    return;
  }
  const plans = new Map([[inner.name, inner]]);
  const instances: string[] = [];
  const flows = Array.from({ length: 1 + Math.floor(chance() * 2) }, (_, index) =>
    drawFlow(chance, `f${index}`, size(), hasChild ? 'inner' : undefined),
  );
  await Promise.all(
    flows.map(async (plan) => {
      if ((await teller.create(plan)) === undefined) {
        return;
      }
      for (let index = 0; index < pick(chance, 1, 1, 2); index += 1) {
        const instance = `${plan.name}-${index}`;
        instances.push(instance);
        const params = paramsOf(plan, { ...deedsOf(chance, inner), ...deedsOf(chance, plan) }, plans);
        if (await teller.start(instance, plan.name, params)) {
          await live(world, plan, instance);
        }
      }
    }),
  );
  await attend(world, instances);
  await timeline.pause(chance() * MINUTE_MS);
};

export const sagaChaos: Scenario = {
  name: 'saga-chaos',
  play: async (world) => {
    await Promise.all([workers(world), sagas(world)]);
  },
};
