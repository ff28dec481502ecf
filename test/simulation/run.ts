/**
 * `npm run simulate`: the whole control plane against everything that can go wrong. Ends with
 * `N executions, F faults, P of P port calls crashed, B of B bugs caught, V violations`; exits 1 on a violation, a deliberate bug
 * that was not caught, or a fault or port call that was never tried.
 */
import { parseArgs } from 'node:util';
import { huntAll } from './bugs/hunt.ts';
import { BUGS } from './bugs/list.ts';
import { addAccount, emptyAccount, enter, type Found } from './explore.ts';
import { parseFault } from './faults.ts';
import { DAYS, simulateDaily } from './lean/daily.ts';
import { simulateHerd } from './lean/herd.ts';
import { playOne } from './one.ts';
import { crashedCalls, gapsOf, SLICE, unitsOf, WHOLE } from './plan.ts';
import { exploreAll } from './pool.ts';
import { describeViolation } from './promises.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { BAD_YEAR, simulateYear } from './year.ts';

const HELP = `npm run simulate                          everything: some minutes on two cores
npm run simulate -- --slice               what every change has to pass: under a minute
npm run simulate -- --seed N [--trace]    one random world, told line by line
npm run simulate -- --scenario NAME [--seed N] [--faults KIND:NTH,…] [--trace]
npm run simulate -- --from N              everything, with random worlds from seed N on
scenarios: ${SCENARIOS.map(({ name }) => name).join(', ')}, year, bad-year`;

// `… | head` has seen enough.
process.stdout.on('error', () => process.exit());

const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const grouped = (value: number): string => value.toLocaleString('en-US');
const seconds = (since: number): string => `${((performance.now() - since) / 1_000).toFixed(1)} s`;

const whole = (text: string | undefined, otherwise: number): number => {
  if (text === undefined) {
    return otherwise;
  }
  if (!/^\d{1,9}$/.test(text)) {
    throw new Error(`"${text}" is no seed: a whole number, please`);
  }
  return Number(text);
};

/** Violations that are told in full. */
const TOLD = 20;

const tell = (found: readonly Found[]): void => {
  for (const { promise, detail, command } of found.slice(0, TOLD)) {
    write(`${describeViolation({ promise, detail })}\n  npm run simulate -- ${command}`);
  }
};

/** A year of daily schedules takes no longer than this on a machine of two cores, and a herd starts within ten seconds. */
const DAILY_WITHIN_MS = 60_000;
const HERD_WITHIN_MS = 10_000;

/** What is promised in numbers. @returns what is wrong */
const measure = async (schedules: number, herd: number): Promise<readonly string[]> => {
  const began = performance.now();
  const daily = await simulateDaily(schedules);
  const took = performance.now() - began;
  write(daily.line);
  const many = await simulateHerd(herd);
  write(many.line);
  return [
    ...(daily.problem === undefined ? [] : [daily.problem]),
    ...(daily.fires === schedules * DAYS ? [] : [`${daily.fires} fires of ${schedules * DAYS}`]),
    ...(took <= DAILY_WITHIN_MS ? [] : [`the year took ${Math.round(took)} ms`]),
    ...(many.started === herd && many.lastMs <= HERD_WITHIN_MS
      ? []
      : [`${many.started} started, the last ${many.lastMs} ms late`]),
  ];
};

/** @returns whether all is well */
const everything = async (slice: boolean, firstSeed: number): Promise<boolean> => {
  const sum = emptyAccount();
  const began = performance.now();
  const units = await unitsOf(slice ? SLICE : WHOLE, firstSeed);
  await exploreAll(units, (account) => {
    addAccount(sum, account);
    return sum.found.length < TOLD;
  });
  write(
    `${grouped(sum.executions)} executions in ${seconds(began)}: ${grouped(sum.faulted)} of them with faults, ${grouped(sum.faults)} faults of ${Object.keys(sum.kinds).length} kinds; every run over within ${Math.ceil(sum.restMs / 60_000)} calm minutes`,
  );

  for (const rates of slice ? [undefined] : [undefined, BAD_YEAR]) {
    const year = await simulateYear(rates === undefined ? { seed: firstSeed } : { seed: firstSeed, rates });
    write(year.line);
    enter(sum, year.outcome, () => year.command);
  }

  const wrong = await measure(slice ? 50 : 1_000, slice ? 1_000 : 10_000);
  for (const problem of wrong) {
    write(`NOT KEPT: ${problem}`);
  }

  const hunted = performance.now();
  // In code that breaks its promises by itself, no deliberate bug could be told from that.
  const bugs = sum.found.length > 0 ? { total: BUGS.length, caught: 0, missed: [] } : await huntAll();
  for (const { bug, problem } of bugs.missed) {
    write(`NOT CAUGHT: ${bug}: ${problem}`);
  }
  write(`${bugs.caught} of ${bugs.total} deliberate bugs caught in ${seconds(hunted)}`);

  tell(sum.found);
  const gaps = gapsOf(sum);
  for (const gap of gaps) {
    write(`NOT TRIED: ${gap}`);
  }
  write(
    `${sum.executions} executions, ${sum.faults} faults, ${crashedCalls(sum)} of ${sum.calls.size} port calls crashed, ${bugs.caught} of ${bugs.total} bugs caught, ${sum.found.length} violations`,
  );
  return sum.found.length === 0 && wrong.length === 0 && bugs.missed.length === 0 && gaps.length === 0;
};

const playYear = async (seed: number, bad: boolean, trace: boolean): Promise<boolean> => {
  const year = await simulateYear({ seed, ...(bad ? { rates: BAD_YEAR } : {}), ...(trace ? { write } : {}) });
  write(year.line);
  tell(year.outcome.violation === undefined ? [] : [{ ...year.outcome.violation, command: year.command }]);
  return year.outcome.violation === undefined;
};

const main = async (): Promise<boolean> => {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      slice: { type: 'boolean', default: false },
      from: { type: 'string' },
      seed: { type: 'string' },
      scenario: { type: 'string' },
      faults: { type: 'string' },
      trace: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    write(HELP);
    return true;
  }
  if (values.seed === undefined && values.scenario === undefined && values.faults === undefined) {
    return everything(values.slice, whole(values.from, 1));
  }
  const { scenario, trace } = values;
  if (values.faults !== undefined && scenario === undefined) {
    throw new Error('--faults needs a --scenario: a random world has its own');
  }
  const seed = whole(values.seed, 1);
  const faults = (values.faults ?? '').split(',').filter(Boolean).map(parseFault);
  if (scenario === 'year' || scenario === 'bad-year') {
    return playYear(seed, scenario === 'bad-year', trace);
  }
  const one = { seed, faults, trace };
  const { violation } = await playOne(scenario === undefined ? one : { ...one, scenario }, write);
  return violation === undefined;
};

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}\n`);
  process.exitCode = 2;
}
