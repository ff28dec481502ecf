/**
 * A load of transactions of five steps, one after the other, in virtual time, and what a step of them costs. Two are started
 * in a second, so that steps come ten a second, as runs do in ./scenarios.ts.
 */
import { parseStepRunId } from '../../lib/domain/ids.ts';
import { createMeter, type Use } from '../support/meter.ts';
import { openMeteredCloud } from '../support/meter-cloud.ts';
import { createTimeline } from '../support/meter-timeline.ts';
import { ARRIVAL_MS, connect, type Place, perRun, SETTLING_MS, SLOTS, START, STREAM_SHARDS } from './scenarios.ts';

/** Each is given an order of its own, and what the step before it has put out. */
export const STEPS = ['reserve', 'deduct', 'invoice', 'ship', 'notify'] as const;
const LAST = STEPS[STEPS.length - 1];
const STARTED_EVERY_MS = STEPS.length * ARRIVAL_MS;

const DEFINITION = {
  tasks: STEPS.map((id, index) => {
    const before = STEPS[index - 1];
    return {
      id,
      ...(before === undefined ? {} : { depends_on: [before] }),
      config: {
        ...{ handler: 'send_email', to: 'user@example.com', order: '$.params.order' },
        ...(before === undefined ? {} : { last: `$.${before}.output` }),
      },
      retry: { strategy: 'auto', max_attempts: 3 },
      compensate: { config: { handler: 'shell', command: 'undo' } },
    };
  }),
};
/** With the rest of what a step is given some 120 bytes. */
const ORDER = { id: 'order-20871', customer: 4711, total: 129.9 };

export type TransactionScenario = {
  readonly transactions: number;
  /** How long each step takes. */
  readonly stepMs: number;
  /** Transactions that are there when the first one comes that counts. */
  readonly before: number;
};

/** @param before each of them has about three steps before it: work for as long as the load is not even */
const unevenMs = (before: number): number => 3 * before * ARRIVAL_MS;

/** @returns what one step uses, with its share of its transaction */
export const measureTransactions = async (scenario: TransactionScenario, place: Place): Promise<readonly Use[]> => {
  const { transactions, stepMs, before } = scenario;
  const warmMs = Math.ceil(unevenMs(before) / STARTED_EVERY_MS) * STARTED_EVERY_MS;
  const timeline = createTimeline(START - warmMs - 1_000);
  const meter = createMeter();
  const metered = await openMeteredCloud({
    ...{ ...place, meter, timeline, streamShards: STREAM_SHARDS },
    watchesSessions: false,
  });
  const cloud = {
    ...metered,
    onEnded: (run: string) => {
      metered.onEnded(run);
      const step = parseStepRunId(run);
      if (step !== undefined && step.step === LAST) {
        metered.onEnded(step.saga);
      }
    },
  };
  const flow_id = await cloud.createFlow({
    ...{ name: 'order', description: '', flowType: 'order', createUser: 'meter' },
    definition: JSON.stringify(DEFINITION),
  });
  let started = 0;
  const start = async (): Promise<void> => {
    started += 1;
    await cloud.startTransaction({ instance_id: `order-${started}`, flow_id, params: { order: ORDER } });
  };

  await connect({ workers: 1, runMs: stepMs, heartbeats: false }, cloud, timeline);
  for (let index = 0; index < before; index += 1) {
    timeline.at(START - warmMs - 1_000 + index, start);
  }
  const endAt = START + transactions * STARTED_EVERY_MS;
  for (let at = START - warmMs; at < endAt; at += STARTED_EVERY_MS) {
    timeline.at(at, start);
  }
  await timeline.runUntil(START - 1);
  await cloud.keepTotals();
  cloud.beginCounting();
  await timeline.runUntil(before > 0 ? endAt : endAt + SETTLING_MS);
  await cloud.close();
  return perRun(meter.uses(), transactions * STEPS.length, cloud.totalsEveryMs);
};

/** Transactions that keep a worker's slots busy, and so many steps waiting. */
export const transactionsFor = (waiting: number): number => Math.ceil((3 * (waiting + SLOTS)) / STEPS.length);
