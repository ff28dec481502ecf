/** Looks for the execution that gives a bug away: where its hint points, then at every single fault, then at random. */
import type { Outcome, Scenario } from '../execution.ts';
import { describeFault, FAULT_KINDS, type Fault, type FaultKind, type FaultPlan, parseFault } from '../faults.ts';
import type { Violation } from '../promises.ts';
import { type Simulation, simulationWith } from './apply.ts';
import type { Bug, Hint } from './bug.ts';

/** One execution. */
export type Play = { readonly scenario: string; readonly seed: number; readonly plan: FaultPlan };

export type Hunted = {
  readonly executions: number;
  readonly ms: number;
  /** The first violation. */
  readonly found?: Violation & { readonly play: Play };
};

/** Executions after which a bug counts as not caught: some 10 s. Half of them are single faults, half are random worlds. */
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

/** Every pair of the first opportunities of a kind. */
const pairsOf = (kind: FaultKind, upTo: number): Fault[][] =>
  Array.from({ length: upTo }, (_, index) => index + 1).flatMap((first) =>
    Array.from({ length: upTo - first }, (_, index): Fault[] => [
      { kind, nth: first },
      { kind, nth: first + 1 + index },
    ]),
  );

/** What a hint names, in one world: plans of faults that follow from how the story goes without them. */
const plansOf = (hint: Exclude<Hint, { random: number }>, { opportunities }: Outcome): Fault[][] => {
  if ('pairs' in hint) {
    return pairsOf(hint.pairs, hint.upTo);
  }
  if ('kinds' in hint) {
    const { kinds, from = 1 } = hint;
    return kinds.flatMap((kind) =>
      Array.from({ length: Math.max(0, opportunities[kind] - from + 1) }, (_, index) => [{ kind, nth: from + index }]),
    );
  }
  return hint.faults === undefined ? [] : [hint.faults.split(',').map((one) => parseFault(one.trim()))];
};

/** Plays what a hint names, one execution at a time. */
export const follow = async function* (simulation: Simulation, hint: Hint): AsyncGenerator<Played> {
  const playOne = async (play: Play): Promise<Played> => ({ play, outcome: await playIn(simulation, play) });
  if ('random' in hint) {
    const { scenario, rates } = simulation.swarm(hint.random);
    yield await playOne({ scenario: scenario.name, seed: hint.random, plan: { rates } });
    return;
  }
  const { scenario, seeds = [1] } = hint;
  for (const seed of seeds) {
    const plain = await playOne({ scenario, seed, plan: { faults: [] } });
    yield plain;
    for (const faults of plansOf(hint, plain.outcome)) {
      yield await playOne({ scenario, seed, plan: { faults } });
    }
  }
};

const followAll = async function* (simulation: Simulation, hints: readonly Hint[]): AsyncGenerator<Played> {
  for (const hint of hints) {
    yield* follow(simulation, hint);
  }
};

/** @throws a plain error when the bug's text or its scenario is not there any more */
export const search = async ({ edits, where }: Bug): Promise<Hunted> => {
  const began = performance.now();
  const simulation = await simulationWith(edits);
  const singles = simulation.STORIES.map(({ name }): Hint => ({ scenario: name, kinds: FAULT_KINDS }));
  const random = Array.from({ length: PATIENCE }, (_, index): Hint => ({ random: 1 + index }));
  const told = (executions: number): Hunted => ({ executions, ms: Math.round(performance.now() - began) });

  let executions = 0;
  for (const hints of [[...where, ...singles], random]) {
    const end = executions + PATIENCE / 2;
    for await (const { play, outcome } of followAll(simulation, hints)) {
      executions += 1;
      if (outcome.violation !== undefined) {
        return { ...told(executions), found: { ...outcome.violation, play } };
      }
      if (executions >= end) {
        break;
      }
    }
  }
  return told(executions);
};
