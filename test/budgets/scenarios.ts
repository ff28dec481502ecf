/** Loads of plain one-shot runs and of jobs' runs, at 10 a second, in virtual time, and what they cost. */
import { runKey, sessionKey } from '../../lib/adapters/dynamodb/keys.ts';
import type { JobInput } from '../../lib/application/jobs/api.ts';
import type { NamedTemplate } from '../../lib/local/template/resolver.ts';
import { createMeter, type Use } from '../support/meter.ts';
import { scaled } from '../support/meter-bill.ts';
import { type MeteredCloud, openMeteredCloud } from '../support/meter-cloud.ts';
import { createTimeline, type Timeline } from '../support/meter-timeline.ts';
import { createVirtualWorker, type VirtualWorker } from '../support/meter-worker.ts';

export type Scenario = {
  readonly runs: number;
  /** Of 10 slots each. */
  readonly workers: number;
  /** How long each run takes. */
  readonly runMs: number;
  /** How far ahead each run is due. */
  readonly aheadMs: number;
  /** Runs that wait for a slot before the first counted one comes, and as many when the last has come. */
  readonly backlog?: number;
};

export type Place = { readonly endpoint: string; readonly templates: readonly NamedTemplate[] };

export const ARRIVAL_MS = 100;
export const SLOTS = 10;
/** What a worker registers that allows the built-in handlers and has one of its own. */
const HANDLERS = ['send_email', 'shell', 'http', 'python'];
/** Of the runs that wait, so many are submitted, and the rest copied from one of them. */
const SUBMITTED_BACKLOG = 30;
/** By then the last run of an idle fleet has ended. */
export const SETTLING_MS = 5_000;
/**
 * Shards of the table's stream: one for each partition. A new on-demand table sustains 4,000 writes/s (DynamoDB developer
 * guide, "warm throughput"), and a partition takes 1,000.
 */
export const STREAM_SHARDS = 4;
export const START = Date.UTC(2030, 0, 1, 12);

/** Some 120 bytes. */
const PAYLOAD = {
  ...{ to: 'user@example.com', template: 'welcome', customer: 4711 },
  references: ['order-20871', 'invoice-7'],
};

const task = (executeAt: number) => ({
  execute_at: new Date(executeAt).toISOString(),
  task_type: 'send_email',
  payload: PAYLOAD,
});

type Fleet = Pick<Scenario, 'workers' | 'runMs'> & { readonly heartbeats: boolean };

/** The first worker says hello; the rows of the others are copied from its own. */
export const connect = async (fleet: Fleet, cloud: MeteredCloud, timeline: Timeline): Promise<void> => {
  const { runMs, heartbeats } = fleet;
  const make = (index: number): VirtualWorker => {
    const conn = `${String(index).padStart(8, '0')}-connection=`;
    const worker = createVirtualWorker({
      ...{ name: `worker-${index}`, conn, slots: SLOTS, handlers: HANDLERS, runMs, heartbeats, timeline },
      ...{ send: cloud.receive, onRun: cloud.onPushed, onEnd: cloud.onEnded },
    });
    cloud.attach(conn, worker.receive);
    return worker;
  };
  const first = make(0);
  const others = Array.from({ length: fleet.workers - 1 }, (_, index) => make(index + 1));
  await cloud.letIn([first, ...others].map(({ conn }) => conn));
  const hello = first.hello();
  await cloud.receive(first.conn, hello);
  await cloud.copyRow(
    sessionKey({ pool: hello.pool, shard: 0, id: hello.session }),
    others.map((worker) => {
      const { session: sk, name } = worker.hello();
      return { sk, name, conn: worker.conn };
    }),
  );
};

const submitBacklog = async (count: number, submit: () => Promise<string>, cloud: MeteredCloud): Promise<void> => {
  const first = await submit();
  for (let submitted = 1; submitted < Math.min(count, SUBMITTED_BACKLOG); submitted += 1) {
    await submit();
  }
  const copies = Array.from({ length: Math.max(0, count - SUBMITTED_BACKLOG) }, (_, index) =>
    String(Number(first) + 1_000_000 + index),
  );
  await cloud.copyRow(runKey(first), copies.map(runKey));
  for (const copy of copies) {
    cloud.copyAlarm(first, copy);
  }
};

/**
 * A batch of changes costs the same whatever its size, and short loads have half-empty ones at both ends: what counts is the
 * cost of one and how many there are at this rate.
 */
export const perRun = (uses: readonly Use[], runs: number, totalsEveryMs: number): readonly Use[] => {
  const batches = uses.find(({ service, target }) => service === 'lambda' && target === 'counts')?.count ?? 1;
  const batchesPerRun = (STREAM_SHARDS * ARRIVAL_MS) / totalsEveryMs;
  return uses.map((use) => scaled(use, use.phase === 'counts' ? batchesPerRun / batches : 1 / runs));
};

/** @returns what one run uses */
export const measureRuns = async (scenario: Scenario, place: Place): Promise<readonly Use[]> => {
  const { runs, workers, runMs, backlog = 0, aheadMs } = scenario;
  const endAt = START + runs * ARRIVAL_MS;
  // The first of those that wait came when all of them were still to come.
  const timeline = createTimeline(START - backlog * ARRIVAL_MS);
  const meter = createMeter();
  const options = { ...place, meter, timeline, streamShards: STREAM_SHARDS };
  const cloud = await openMeteredCloud({ ...options, watchesSessions: false });
  const submit = () => cloud.submit(task(timeline.now() + aheadMs));

  if (backlog > 0) {
    // Those who have waited long are looked at every 15 minutes: not within this load.
    await cloud.postponingAlarms(endAt + 1, ARRIVAL_MS, () => submitBacklog(backlog + workers * SLOTS, submit, cloud));
  }
  timeline.at(START - 1, async () => {
    await connect({ workers, runMs, heartbeats: false }, cloud, timeline);
    await cloud.keepTotals();
    meter.reset();
  });
  for (let index = 0; index < runs; index += 1) {
    timeline.at(START + index * ARRIVAL_MS, async () => {
      await submit();
    });
  }
  await timeline.runUntil(backlog > 0 ? endAt : endAt + aheadMs + SETTLING_MS);
  await cloud.close();

  return perRun(meter.uses(), runs, cloud.totalsEveryMs);
};

/** Occurrences are whole seconds: at 10 runs/s ten jobs are due in each. */
const DUE_TOGETHER = 1_000 / ARRIVAL_MS;
/** Too far ahead for SQS alone, and near enough for a fire to look whether the run before is there: the dearer half of both. */
const PERIOD_MINUTES = 30;
const PERIOD_MS = PERIOD_MINUTES * 60_000;
/** By then EventBridge has brought none of the alarms for START: it does so 14 minutes ahead at the most. */
const BEFORE_ALARMS_MS = 15 * 60_000;

/** As API B makes a job that says no more of itself than what it does and when. */
const job = (index: number): JobInput => {
  const second = Math.floor(index / DUE_TOGETHER);
  const minute = Math.floor(second / 60);
  return {
    ...{ project: 'default', name: `welcome customer ${index}`, category: 'default', description: '', saveLog: true },
    ...{ handler: 'send_email', payload: JSON.stringify(PAYLOAD), pool: 'default', priority: 5, maxTries: 4 },
    ...{ timeoutMs: 3_600_000, strategy: 'least_loaded', state: 'active' },
    schedule: {
      expression: `${second % 60} ${minute},${minute + PERIOD_MINUTES} * * * *`,
      ...{ timeZone: 'UTC', days: 'or', gap: 'shift', overlap: 'once', jitterMs: 0 },
    },
    policy: { concurrency: 'forbid', misfire: 'fire_once', misfireCap: 100 },
  };
};

/** Each of so many jobs fires twice; the second time counts. */
export type CronScenario = Pick<Scenario, 'workers' | 'runMs'> & { readonly jobs: number };

/** @returns what one run of a job uses, with the moving on of its job */
export const measureCron = async ({ jobs, ...fleet }: CronScenario, place: Place): Promise<readonly Use[]> => {
  if (jobs * ARRIVAL_MS > BEFORE_ALARMS_MS - 2 * SETTLING_MS) {
    throw new Error(`${jobs} jobs have not all fired once when the second round begins`);
  }
  const timeline = createTimeline(START - PERIOD_MS - BEFORE_ALARMS_MS);
  const meter = createMeter();
  const options = { ...place, meter, timeline, streamShards: STREAM_SHARDS };
  const cloud = await openMeteredCloud({ ...options, watchesSessions: false });
  for (let index = 0; index < jobs; index += 1) {
    // One millisecond holds 4,096 ids, and a draw that is taken costs another.
    await timeline.runUntil(timeline.now() + 1);
    await cloud.createJob(job(index));
  }
  timeline.at(START - PERIOD_MS - 2 * SETTLING_MS, async () => {
    await connect({ ...fleet, heartbeats: false }, cloud, timeline);
    await cloud.keepTotals();
  });
  timeline.at(START - BEFORE_ALARMS_MS, async () => meter.reset());
  await timeline.runUntil(START + jobs * ARRIVAL_MS + SETTLING_MS);
  await cloud.close();
  return perRun(meter.uses(), jobs, cloud.totalsEveryMs);
};

const HOUR_MS = 60 * 60_000;
const WATCHED_MS = HOUR_MS / 2;

/** @returns what a worker uses in an hour without runs */
export const measureIdleWorker = async (place: Place): Promise<readonly Use[]> => {
  const timeline = createTimeline(START);
  const meter = createMeter();
  const options = { ...place, meter, timeline, streamShards: STREAM_SHARDS };
  const cloud = await openMeteredCloud({ ...options, watchesSessions: true });
  await connect({ workers: 1, runMs: 0, heartbeats: true }, cloud, timeline);
  await timeline.runUntil(START);
  meter.reset();
  await timeline.runUntil(START + WATCHED_MS);
  const uses = meter.uses();
  await cloud.close();
  return uses.map((use) => scaled(use, HOUR_MS / WATCHED_MS));
};
