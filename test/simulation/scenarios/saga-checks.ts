import type { SagaStatus } from '../../../lib/domain/saga/saga.ts';
import { stateOf } from '../account/saga-steps.ts';
import { stepRun } from '../account/step-run.ts';
import { type Deed, type FlowPlan, paramsOf } from '../flow-plans.ts';
import type { World } from '../world.ts';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;

export const hire = async (world: World, slots = 4): Promise<void> => {
  const anna = world.fleet.start('anna', { slots });
  await world.until(anna.welcomed);
};

/** @returns whether the teller knows that it was started */
export const begin = async (
  { teller }: World,
  plan: FlowPlan,
  deeds: Readonly<Record<string, Partial<Deed>>> = {},
  instance = `${plan.name}-1`,
): Promise<boolean> => {
  const flow = teller.idOf(plan.name) ?? (await teller.create(plan));
  return flow !== undefined && (await teller.start(instance, plan.name, paramsOf(plan, deeds)));
};

export const statusOf = ({ ledger }: World, instance: string): SagaStatus | undefined =>
  ledger.sagas.bookOf(instance)?.row.status;

const AT_REST: readonly (SagaStatus | undefined)[] = ['succeeded', 'compensated', 'cancelled', 'failed'];
/** It has ended or waits for a person. A teller who was never answered does not know it, and does not wait for it. */
export const rests = (world: World, ...instances: readonly string[]): boolean =>
  instances.every((instance) => {
    const status = statusOf(world, instance);
    return status === undefined || AT_REST.includes(status);
  });

/** The newest run of a step has begun. */
export const hasBegun = ({ ledger }: World, instance: string, step: string): boolean => {
  const row = ledger.sagas.bookOf(instance)?.row;
  const { runs = 0 } = row === undefined ? {} : stateOf(row, step);
  const id = stepRun(row?.no ?? '', step, runs);
  return row === undefined || ledger.executionsOf(id, ledger.runs.get(id)?.attempt ?? 0).length > 0;
};

/** Steps, and `~` undos, in the order in which their first executions began. */
export const toldOf = ({ ledger }: World, instance: string): string => {
  const no = ledger.sagas.bookOf(instance)?.row.no ?? '';
  const own = ledger.executions().filter(({ run }) => run.startsWith(`${no}~`));
  return own
    .toSorted((a, b) => a.beganAt - b.beganAt)
    .map(({ run }) => {
      const [, step = '', n = ''] = run.split('~');
      return n.startsWith('c') ? `~${step}` : step;
    })
    .join(' ');
};

/** Without faults, or with one that is gentle, it ended so. */
export const mustEndAs = (world: World, instance: string, status: SagaStatus, gentle: boolean): void => {
  const is = statusOf(world, instance);
  world.ledger.must(
    !gentle || is === undefined || is === status,
    'saga_complete',
    () => `${instance} is ${is}, and should be ${status}`,
  );
};

/** Without faults it moves on as soon as a step has ended, whatever its alarm does. */
export const mustBePrompt = ({ ledger, faults }: World, instance: string, withinMs: number): void => {
  const { createdAt = 0, endedAt = Number.POSITIVE_INFINITY } = ledger.sagas.bookOf(instance)?.row ?? {};
  ledger.must(
    faults.struck().length > 0 || endedAt - createdAt <= withinMs,
    'on_time',
    () => `${instance} took ${endedAt - createdAt} ms`,
  );
};

/** Without faults its steps began in this order. */
export const mustHaveTold = (world: World, instance: string, told: string): void => {
  const is = toldOf(world, instance);
  world.ledger.must(
    world.faults.struck().length > 0 || is === told,
    'saga_order',
    () => `${instance} went ${is}, and should go ${told}`,
  );
};
