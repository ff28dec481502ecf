/** Looks for the execution that gives a bug away: where its hint points, then at every single fault, then at random. */
import type { Outcome, Scenario } from '../execution.ts';
import { describeFault, FAULT_KINDS, type Fault, type FaultPlan, parseFault } from '../faults.ts';
import type { Violation } from '../promises.ts';
import { type Simulation, simulationWith } from './apply.ts';
import type { Bug, Hint } from './bug.ts';

export type Hunted = {
  readonly bug: string;
  readonly executions: number;
  readonly ms: number;
  /** The first violation, and the arguments of the command that would show it in the code with the bug. */
  readonly found?: Violation & { readonly command: string; readonly play: Play };
  /** Whether it names a promise that the bug breaks. Another one means that nobody would know what is wrong. */
  readonly caught: boolean;
};

/** One execution. */
type Play = { readonly scenario: string; readonly seed: number; readonly plan: FaultPlan };

/** Executions after which a bug counts as not caught: the simulation is too weak, or the hint too old. */
export const PATIENCE = 4_000;
/** Of which so many are left for random worlds. */
const RANDOM = 1_000;

const commandOf = ({ scenario, seed, plan }: Play): string =>
  'rates' in plan
    ? `--seed ${seed}`
    : [
        `--scenario ${scenario} --seed ${seed}`,
        ...(plan.faults.length > 0 ? [plan.faults.map(describeFault).join()] : []),
      ].join(' --faults ');

/** @throws a plain error on a name that no scenario has */
const scenarioNamed = ({ SCENARIOS }: Simulation, name: string): Scenario => {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) {
    throw new Error(`The list of bugs is stale: there is no scenario "${name}"`);
  }
  return found;
};

const parseFaults = (text: string): Fault[] => text.split(',').map((one) => parseFault(one.trim()));

type Player = (play: Play) => Promise<Outcome>;

const playRandom = (simulation: Simulation, player: Player, seed: number): Promise<Outcome> => {
  const { scenario, rates } = simulation.swarm(seed);
  return player({ scenario: scenario.name, seed, plan: { rates } });
};

/** Plays what a hint names, one execution at a time. */
export const follow = async function* (simulation: Simulation, player: Player, hint: Hint): AsyncGenerator<Outcome> {
  if ('random' in hint) {
    yield await playRandom(simulation, player, hint.random);
    return;
  }
  const { scenario, seeds = [1] } = hint;
  for (const seed of seeds) {
    const faults = 'faults' in hint && hint.faults !== undefined ? parseFaults(hint.faults) : [];
    const first = await player({ scenario, seed, plan: { faults } });
    yield first;
    for (const kind of 'kinds' in hint ? hint.kinds : []) {
      for (let nth = 1; nth <= first.opportunities[kind]; nth += 1) {
        yield await player({ scenario, seed, plan: { faults: [{ kind, nth }] } });
      }
    }
  }
};

const search = async function* (
  simulation: Simulation,
  player: Player,
  where: readonly Hint[],
): AsyncGenerator<Outcome> {
  const everywhere = simulation.STORIES.map((story): Hint => ({ scenario: story.name, kinds: FAULT_KINDS }));
  let played = 0;
  for (const hint of [...where, ...everywhere]) {
    if (played >= PATIENCE - RANDOM) break;
    for await (const outcome of follow(simulation, player, hint)) {
      yield outcome;
      played += 1;
      if (played >= PATIENCE - RANDOM) {
        break;
      }
    }
  }
  for (let seed = 1; seed <= RANDOM; seed += 1) {
    yield await playRandom(simulation, player, seed);
  }
};

export const playerOf =
  (simulation: Simulation): Player =>
  ({ scenario, seed, plan }) =>
    simulation.execute(scenarioNamed(simulation, scenario), { seed, plan });

export const hunt = async ({ name, edits, breaks, where }: Bug): Promise<Hunted> => {
  const begin = performance.now();
  const simulation = await simulationWith(edits);
  const play = playerOf(simulation);
  let executions = 0;
  let last: Play | undefined;
  const player: Player = (next) => {
    executions += 1;
    last = next;
    return play(next);
  };
  const done = (): { bug: string; executions: number; ms: number } => ({
    bug: name,
    executions,
    ms: Math.round(performance.now() - begin),
  });
  for await (const { violation } of search(simulation, player, where)) {
    if (violation !== undefined && last !== undefined) {
      const expected: readonly string[] = typeof breaks === 'string' ? [breaks] : breaks;
      const found = { ...violation, command: commandOf(last), play: last };
      return { ...done(), found, caught: expected.includes(violation.promise) };
    }
  }
  return { ...done(), caught: false };
};
