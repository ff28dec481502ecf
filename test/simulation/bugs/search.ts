/** Looks for the execution that gives a bug away: where its hint points, then at every single fault, then at random. */
import type { Outcome, Scenario } from '../execution.ts';
import { describeFault, FAULT_KINDS, type Fault, type FaultKind, type FaultPlan } from '../faults.ts';
import type { Violation } from '../promises.ts';
import { type Simulation, simulationWith } from './apply.ts';
import type { Bug, Hint } from './bug.ts';

/** One execution. */
export type Play = { readonly scenario: string; readonly seed: number; readonly plan: FaultPlan };

export type Hunted = {
  readonly executions: number;
  /** The first violation. */
  readonly found?: Violation & { readonly play: Play };
};

/** Executions after which a bug counts as not caught: some 10 s. Half go where the hint points and then from story to story, half are random worlds. */
const PATIENCE = 2_000;

/** The arguments of `npm run simulate` that show an execution again, in a code that has the bug. */
export const commandOf = ({ scenario, seed, plan }: Play): string => {
  if ('rates' in plan) {
    return `--seed ${seed}`;
  }
  const faults = plan.faults.map(describeFault).join();
  return `--scenario ${scenario} --seed ${seed}${faults === '' ? '' : ` --faults ${faults}`}`;
};

/** @throws a plain error on a name that no scenario has */
const scenarioNamed = ({ SCENARIOS }: Simulation, name: string): Scenario => {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) {
    throw new Error(`The list of bugs is stale: there is no scenario "${name}"`);
  }
  return found;
};

export const playIn = (simulation: Simulation, { scenario, seed, plan }: Play): Promise<Outcome> =>
  simulation.execute(scenarioNamed(simulation, scenario), { seed, plan });

type Played = { readonly play: Play; readonly outcome: Outcome };

const singlesOf = (kind: FaultKind, from: number, to: number): Fault[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => ({ kind, nth: from + index }));

/** What a hint names, in one world: plans of faults that follow from how the story goes without them. */
const plansOf = ({ kinds = [], from = 1, pairs }: Hint, { opportunities }: Outcome): Fault[][] => {
  const singles = kinds.flatMap((kind) => singlesOf(kind, from, opportunities[kind]));
  if (pairs === undefined) {
    return singles.map((fault) => [fault]);
  }
  const [one, other] = pairs.of.map((kind) => singlesOf(kind, 1, Math.min(pairs.first, opportunities[kind])));
  return (one ?? []).flatMap((first) =>
    (other ?? []).filter(({ kind, nth }) => kind !== first.kind || nth > first.nth).map((second) => [first, second]),
  );
};

/** Plays what a hint names, one execution at a time. */
const follow = async function* (simulation: Simulation, hint: Hint): AsyncGenerator<Played> {
  const { scenario, seeds = [1] } = hint;
  const playOne = async (seed: number, faults: readonly Fault[]): Promise<Played> => {
    const play = { scenario, seed, plan: { faults } };
    return { play, outcome: await playIn(simulation, play) };
  };
  for (const seed of seeds) {
    const plain = await playOne(seed, []);
    yield plain;
    for (const faults of plansOf(hint, plain.outcome)) {
      yield await playOne(seed, faults);
    }
  }
};

const followAll = async function* (simulation: Simulation, hints: readonly Hint[]): AsyncGenerator<Played> {
  for (const hint of hints) {
    yield* follow(simulation, hint);
  }
};

const playAtRandom = async function* (simulation: Simulation): AsyncGenerator<Played> {
  for (let seed = 1; ; seed += 1) {
    const { scenario, rates } = simulation.swarm(seed);
    const play = { scenario: scenario.name, seed, plan: { rates } };
    yield { play, outcome: await playIn(simulation, play) };
  }
};

/** @throws a plain error when the bug's text or its scenario is not there any more */
export const search = async ({ edits, where }: Bug): Promise<Hunted> => {
  const simulation = await simulationWith(edits);
  const singles = simulation.STORIES.map(({ name }): Hint => ({ scenario: name, kinds: FAULT_KINDS }));

  let executions = 0;
  for (const played of [followAll(simulation, [...where, ...singles]), playAtRandom(simulation)]) {
    const end = executions + PATIENCE / 2;
    for await (const { play, outcome } of played) {
      executions += 1;
      if (outcome.violation !== undefined) {
        return { executions, found: { ...outcome.violation, play } };
      }
      if (executions >= end) {
        break;
      }
    }
  }
  return { executions };
};
