/** One execution, told line by line, or in its last line only. */
import { execute, type Outcome } from './execution.ts';
import { scenarioNamed } from './explore.ts';
import { describeFault, type Fault } from './faults.ts';
import { describeViolation } from './promises.ts';
import { swarm } from './swarm.ts';

export type OneExecution = {
  readonly seed: number;
  /** Without one, the seed names its own world, with its own faults. */
  readonly scenario?: string;
  readonly faults?: readonly Fault[];
  readonly trace: boolean;
};

export const playOne = async (
  { seed, scenario, faults = [], trace }: OneExecution,
  write: (line: string) => void,
): Promise<Outcome> => {
  const random = swarm(seed);
  const played = scenario === undefined ? random.scenario : scenarioNamed(scenario);
  const plan = scenario === undefined ? { rates: random.rates } : { faults };
  write(
    `scenario ${played.name}, seed ${seed}, ${'rates' in plan ? 'faults at random' : faults.map(describeFault).join(', ') || 'no faults'}`,
  );
  const outcome = await execute(played, trace ? { seed, plan, write } : { seed, plan });
  const { violation, struck } = outcome;
  write(`${struck.length} faults struck: ${struck.map(describeFault).join(', ') || 'none'}`);
  write(violation === undefined ? 'Every promise held.' : describeViolation(violation));
  return outcome;
};
