/**
 * The ways through the worlds: every single fault at every place, every pair of crashes, and chance. A unit of work is what one
 * thread does at a time; its account says what was covered.
 */
import { execute, type Outcome, type Scenario } from './execution.ts';
import { describeFault, FAULT_KINDS, type Fault, type FaultKind } from './faults.ts';
import type { Violation } from './promises.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { swarm } from './swarm.ts';

export type Unit =
  /** Every opportunity of these kinds in the scenario, one at a time; of what is no crash, each `everyNth`. */
  | {
      readonly way: 'singles';
      readonly scenario: string;
      readonly seed: number;
      readonly kinds: readonly FaultKind[];
      readonly everyNth: number;
    }
  /** One crash, and each crash that can follow it. */
  | { readonly way: 'pairs'; readonly scenario: string; readonly seed: number; readonly first: Fault }
  /** Random worlds from `from`, `count` of them. */
  | { readonly way: 'random'; readonly from: number; readonly count: number };

export type Found = Violation & {
  /** The arguments of the command that shows it again. */
  readonly command: string;
};

export type Account = {
  executions: number;
  /** Executions in which at least one fault took effect. */
  faulted: number;
  /** Faults that took effect. */
  faults: number;
  /** The longest time to come to rest. */
  restMs: number;
  readonly kinds: Partial<Record<FaultKind, number>>;
  /** Port calls that were made, and `before` or `after` which a function died. */
  readonly calls: Set<string>;
  readonly crashed: Set<string>;
  readonly found: Found[];
};

export const emptyAccount = (): Account => ({
  executions: 0,
  faulted: 0,
  faults: 0,
  restMs: 0,
  kinds: {},
  calls: new Set(),
  crashed: new Set(),
  found: [],
});

export const addAccount = (sum: Account, one: Account): void => {
  sum.executions += one.executions;
  sum.faulted += one.faulted;
  sum.faults += one.faults;
  sum.restMs = Math.max(sum.restMs, one.restMs);
  for (const kind of FAULT_KINDS) {
    const struck = (sum.kinds[kind] ?? 0) + (one.kinds[kind] ?? 0);
    if (struck > 0) {
      sum.kinds[kind] = struck;
    }
  }
  for (const call of one.calls) {
    sum.calls.add(call);
  }
  for (const call of one.crashed) {
    sum.crashed.add(call);
  }
  sum.found.push(...one.found);
};

const CRASHES = ['crash_before', 'crash_after'] as const;

/** @throws a plain error on a name that no scenario has */
export const scenarioNamed = (name: string): Scenario => {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) {
    throw new Error(`There is no scenario "${name}": choose one of ${SCENARIOS.map((one) => one.name).join(', ')}`);
  }
  return found;
};

const commandOf = (scenario: string, seed: number, faults: readonly Fault[]): string =>
  `--scenario ${scenario} --seed ${seed}${faults.length === 0 ? '' : ` --faults ${faults.map(describeFault).join(',')}`} --trace`;

export const enter = (account: Account, outcome: Outcome, command: () => string): void => {
  account.executions += 1;
  account.faulted += outcome.struck.length > 0 ? 1 : 0;
  account.faults += outcome.struck.length;
  account.restMs = Math.max(account.restMs, outcome.restMs);
  for (const { kind } of outcome.struck) {
    account.kinds[kind] = (account.kinds[kind] ?? 0) + 1;
  }
  for (const call of outcome.calls.keys()) {
    account.calls.add(call);
  }
  for (const call of outcome.crashed) {
    account.crashed.add(call);
  }
  if (outcome.violation !== undefined) {
    account.found.push({ ...outcome.violation, command: command() });
  }
};

/** Every opportunity of a kind from the `from`th on, as a fault. */
const opportunities = (outcome: Pick<Outcome, 'opportunities'>, kind: FaultKind, from = 1): Fault[] =>
  Array.from({ length: Math.max(0, outcome.opportunities[kind] - from + 1) }, (_, index) => ({
    kind,
    nth: from + index,
  }));

/** The first crashes of all pairs: as many as the scenario has port calls, twice. */
export const firstCrashes = async (scenario: Scenario, seed: number): Promise<readonly Fault[]> => {
  const plain = await execute(scenario, { seed, plan: { faults: [] } });
  return CRASHES.flatMap((kind) => opportunities(plain, kind));
};

/** Violations after which a thread stops: they will all have the same cause. */
const ENOUGH = 5;

export const explore = async (unit: Unit): Promise<Account> => {
  const account = emptyAccount();
  const play = async (scenario: Scenario, seed: number, faults: readonly Fault[]): Promise<Outcome> => {
    const outcome = await execute(scenario, { seed, plan: { faults } });
    enter(account, outcome, () => commandOf(scenario.name, seed, faults));
    return outcome;
  };
  const enough = (): boolean => account.found.length >= ENOUGH;

  if (unit.way === 'random') {
    for (let seed = unit.from; seed < unit.from + unit.count && !enough(); seed += 1) {
      const { scenario, rates } = swarm(seed);
      const outcome = await execute(scenario, { seed, plan: { rates } });
      enter(account, outcome, () => `--seed ${seed} --trace`);
    }
    return account;
  }

  const scenario = scenarioNamed(unit.scenario);
  if (unit.way === 'singles') {
    const plain = await play(scenario, unit.seed, []);
    const isTried = (kind: FaultKind, index: number): boolean =>
      CRASHES.some((crash) => crash === kind) || index % unit.everyNth === 0;
    const tried = unit.kinds.flatMap((kind) => opportunities(plain, kind).filter((_, index) => isTried(kind, index)));
    for (const fault of tried) {
      if (!enough()) {
        await play(scenario, unit.seed, [fault]);
      }
    }
    return account;
  }

  // Not entered: the execution with the first crash alone belongs to the singles.
  const after = await execute(scenario, { seed: unit.seed, plan: { faults: [unit.first] } });
  const [struck] = after.struck;
  for (const kind of CRASHES) {
    for (const second of opportunities(after, kind, (struck?.opportunities[kind] ?? 0) + 1)) {
      if (!enough()) {
        await play(scenario, unit.seed, [unit.first, second]);
      }
    }
  }
  return account;
};
