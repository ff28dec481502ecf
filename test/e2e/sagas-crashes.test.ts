/**
 * Many transactions at once on the whole application, while the functions that move them on are ended at random moments. Each
 * ends as its plan says, and what the worker wrote down is a history of a transaction.
 *
 * `SAGAS=1000 npm test -- test/e2e/sagas-crashes` for more of them; `SAGAS_SEED` for other moments.
 */
import { SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Transaction } from '../../lib/contracts/http/e/transaction.ts';
import { prepareCrashes } from '../support/crash-functions.ts';
import { startTestStack, type TestStack } from '../support/local-stack.ts';
import { createSagaClient, type SagaClient } from '../support/saga-client.ts';
import { type HistoryPlan, historyProblems, type SagaEffect } from '../support/saga-history.ts';
import { type SagaWorkerProcess, startSagaWorker } from '../support/saga-worker-process.ts';
import { seeded } from '../support/seeded.ts';
import { until } from '../support/until.ts';

const TRANSACTIONS = Number(process.env.SAGAS ?? 120);
/** Each costs what loading a function costs, and whoever it hits some 15 s. */
const CRASHES = TRANSACTIONS / 4;
const SEED = Number(process.env.SAGAS_SEED ?? 1);
/** On two busy cores a transaction takes half a second, each crash as long, and what is lost in the end half a minute. */
const TIMEOUT_MS = (120 + TRANSACTIONS) * 1_000;

/** What moves transactions on. The others are asked nothing meanwhile. */
const CRASHED = [
  'functions/http/api.ts',
  'functions/websocket/frame.ts',
  'functions/queue/alarms.ts',
  'functions/stream/counts.ts',
];
/** Loading one of them again takes most of a second on a busy machine: so there is about one crash a second. */
const LIFE_MS = 3_000;
/**
 * An alarm that a crashed function held comes back after the visibility timeout, which is three minutes where a function may
 * take half of one.
 */
const VISIBLE_AGAIN_SECONDS = 15;
/** What was lost in a crash keeps its slot until a heartbeat tells: enough of them to go on meanwhile. */
const SLOTS = { workers: 4, maxTasks: 100 };
const STARTED_SIDE_BY_SIDE = 16;

type Step = { readonly needs?: readonly string[]; readonly fails?: number; readonly undoFails?: number };
type Retry = { readonly strategy: string; readonly max_attempts?: number; readonly interval?: number };
type Plan = {
  readonly steps: Readonly<Record<string, Step>>;
  readonly retry: Retry;
  readonly end: 'success' | 'compensated';
};

const AUTO: Retry = { strategy: 'auto', max_attempts: 5, interval: 0.1 };
const ONCE: Retry = { strategy: 'no_retry' };
const chain = (more: Readonly<Record<string, Step>> = {}): Plan['steps'] => ({
  a: { ...more.a },
  b: { needs: ['a'], ...more.b },
  c: { needs: ['b'], ...more.c },
  d: { needs: ['c'], ...more.d },
  e: { needs: ['d'], ...more.e },
});
const diamond = (more: Readonly<Record<string, Step>> = {}): Plan['steps'] => ({
  a: { ...more.a },
  b: { needs: ['a'], ...more.b },
  c: { needs: ['a'], ...more.c },
  d: { needs: ['a'], ...more.d },
  e: { needs: ['b', 'c', 'd'], ...more.e },
});
const NEVER = 99;
const PLANS: readonly Plan[] = [
  { steps: chain(), retry: AUTO, end: 'success' },
  { steps: diamond(), retry: AUTO, end: 'success' },
  { steps: chain({ b: { fails: 1 }, d: { fails: 2 } }), retry: AUTO, end: 'success' },
  { steps: chain({ e: { fails: NEVER } }), retry: ONCE, end: 'compensated' },
  { steps: diamond({ c: { fails: NEVER }, b: { undoFails: 1 } }), retry: ONCE, end: 'compensated' },
  {
    steps: diamond({ e: { fails: NEVER }, a: { undoFails: 2 } }),
    retry: { ...AUTO, max_attempts: 2 },
    end: 'compensated',
  },
];

const toTasks = ({ steps, retry }: Plan): readonly object[] =>
  Object.entries(steps).map(([id, { needs = [], fails = 0, undoFails = 0 }]) => ({
    ...{ id, depends_on: needs, retry, config: { handler: 'do', fails } },
    compensate: { config: { handler: 'undo', fails: undoFails }, retry: { ...AUTO } },
  }));
const toHistory = ({ steps }: Plan): HistoryPlan =>
  Object.fromEntries(Object.entries(steps).map(([id, { needs = [] }]) => [id, { needs, hasUndo: true }]));

let running: TestStack | undefined;
let sagas: SagaClient;
let worker: SagaWorkerProcess | undefined;
const crashFunctions = prepareCrashes(CRASHED);

beforeAll(async () => {
  running = await startTestStack({ engine: 'aws', worker: false });
  const { stack, directory } = running;
  const { aws } = stack;
  if (!aws) {
    throw new Error('This engine has no queue');
  }
  const client = new SQSClient({ endpoint: aws.sqs, region: aws.region, credentials: aws.credentials });
  const [, QueueUrl] = Object.entries(aws.queueUrls).find(([id]) => id.startsWith('Alarms')) ?? [];
  const Attributes = { VisibilityTimeout: String(VISIBLE_AGAIN_SECONDS) };
  await client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
  client.destroy();
  sagas = createSagaClient(stack.url, stack.adminKey);
  worker = startSagaWorker({ url: stack.wsUrl, token: stack.workerKey, name: 'hand', ...SLOTS }, directory);
  await worker.connected;
}, 60_000);

afterAll(async () => {
  await worker?.stop();
  await running?.stop();
}, 60_000);

/** As a caller does who is answered with a fault: once more. */
const untilAnswered = <T>(what: string, ask: () => Promise<T>): Promise<T> =>
  until(
    what,
    async () => {
      try {
        return await ask();
      } catch (error) {
        if (/answered with 50\d/.test(String(error))) {
          return undefined;
        }
        throw error;
      }
    },
    TIMEOUT_MS,
  );

const instanceAt = (index: number): string => `t-${index}`;

const startAll = async (flowAt: (index: number) => string): Promise<void> => {
  let next = 0;
  const startOnes = async (): Promise<void> => {
    while (next < TRANSACTIONS) {
      const index = next;
      next += 1;
      const instance = instanceAt(index);
      await untilAnswered(`start of ${instance}`, async () => {
        await sagas.start(instance, flowAt(index));
        return true;
      });
    }
  };
  await Promise.all(Array.from({ length: STARTED_SIDE_BY_SIDE }, startOnes));
};

const ended = (instance: string): Promise<Transaction> =>
  until(
    `end of ${instance}`,
    async () => {
      const found = await untilAnswered(instance, () => sagas.get(instance));
      return found.status === 'running' || found.status === 'compensating' ? undefined : found;
    },
    TIMEOUT_MS,
  );

const planAt = (index: number): Plan => {
  const plan = PLANS[index % PLANS.length];
  if (plan === undefined) {
    throw new Error('There is no plan');
  }
  return plan;
};

/** The number that the runs of its steps begin with. */
const numberOf = ({ tasks }: Transaction): string =>
  tasks.find(({ run_id }) => run_id !== undefined)?.run_id?.split('~')[0] ?? '';

const problemsOf = (transaction: Transaction, effects: readonly SagaEffect[], plan: Plan): readonly string[] => {
  const { instance_id, status, error, tasks } = transaction;
  const unknown = new Set(tasks.flatMap((task) => (task.outcome_unknown ? [task.definition_id] : [])));
  return [
    ...(status === plan.end ? [] : [`is ${status}, not ${plan.end}: ${error}`]),
    ...historyProblems(effects, toHistory(plan), plan.end, unknown),
  ].map((problem) => `${instance_id}: ${problem}`);
};

const exceptions = async (query: string): Promise<number> => {
  type Listed = { readonly pagination: { readonly total: number } };
  const { pagination } = await untilAnswered(query, () => sagas.ask<Listed>('GET', `/exceptions?${query}`));
  return pagination.total;
};

/** By the stream, whose function crashed too. */
const expectCounts = async (compensated: number): Promise<void> => {
  type Overview = {
    readonly by_status: Readonly<Record<string, number>>;
    readonly total_transactions: number;
  };
  await until('the statistics', async () => {
    const { by_status, total_transactions } = await sagas.ask<Overview>('GET', '/stats/overview');
    const isExact =
      total_transactions === TRANSACTIONS &&
      by_status.success === TRANSACTIONS - compensated &&
      by_status.compensated === compensated;
    return isExact ? true : undefined;
  });
  // One for each that turned back, and it has been seen to.
  await until('as many exceptions', async () =>
    (await exceptions('handled=true')) === compensated && (await exceptions('handled=false')) === 0 ? true : undefined,
  );
};

it(`${TRANSACTIONS} transactions end right while functions crash`, { timeout: TIMEOUT_MS }, async () => {
  const flows: string[] = [];
  for (const plan of PLANS) {
    flows.push(await sagas.define(toTasks(plan)));
  }
  const begunAt = Date.now();
  const crashes = crashFunctions({ lifeMs: LIFE_MS, most: CRASHES, chance: seeded(SEED) });
  await startAll((index) => flows[index % flows.length] ?? '');
  const startedMs = Date.now() - begunAt;
  const found: Transaction[] = [];
  for (let index = 0; index < TRANSACTIONS; index += 1) {
    found.push(await ended(instanceAt(index)));
  }
  const endedMs = Date.now() - begunAt;
  crashes.stop();

  const effects = worker?.effects() ?? [];
  const bySaga = Map.groupBy(effects, ({ saga }) => saga);
  const problems = found.flatMap((transaction, index) =>
    problemsOf(transaction, bySaga.get(numberOf(transaction)) ?? [], planAt(index)),
  );
  expect(problems).toEqual([]);
  // Nothing was done for a transaction that nobody knows.
  const known = new Set(found.map(numberOf));
  expect([...bySaga.keys()].filter((saga) => !known.has(saga))).toEqual([]);
  await expectCounts(found.filter((_, index) => planAt(index).end === 'compensated').length);
  for (const entry of CRASHED) {
    expect(crashes.counts()[entry], entry).toBeGreaterThan(0);
  }
  if (process.env.SAGAS !== undefined) {
    const attempts = effects.filter(({ what }) => what === 'start').length;
    const figures = { transactions: TRANSACTIONS, attempts, crashes: crashes.counts(), startedMs, endedMs };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  }
});
