/**
 * Thousands of jobs that are due on the same second, held against the quotas of AWS: EventBridge's fires a second, the ramp of
 * SQS's event source, a function's calls one after the other, and the write units of a partition of DynamoDB.
 */
import { spreadOf } from '../../../lib/adapters/scheduler/alarm-schedules.ts';
import { type Alarm, planAlarm } from '../../../lib/domain/alarm.ts';
import { NOW } from '../../support/rows.ts';
import { seeded } from '../../support/seeded.ts';
import { createTimeline } from '../timeline.ts';
import { createLeanWorld } from './world.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** EventBridge Scheduler in us-east-1 (docs/adr/0005): above it, invocations are delayed; each comes within its minute. */
const FIRES_PER_SECOND = 1_000;
/** lib/infrastructure/stacks/realtime-stack.ts: batches of ten, gathered for up to a second, by up to 100 functions. */
const BATCH = 10;
const WINDOW_MS = 1_000;
const CONCURRENCY_MOST = 100;
/** AWS: a standard queue's event source begins with five functions and adds 300 a minute while messages wait. */
const CONCURRENCY_LEAST = 5;
const CONCURRENCY_PER_SECOND = 5;
/** A new instance of a function of ours, on Node. */
const COLD_MS = 500;
/** From a function to DynamoDB or SQS and back: 3 to 9 ms. */
const CALL_LEAST_MS = 3;
const CALL_MOST_MS = 9;
/** AWS: so many write units a second for a partition; what is beyond is throttled, and the SDK comes again. */
const UNITS_PER_SECOND = 1_000;
/** From the gateway to the worker's process. */
const TRANSIT_MS = 20;

export type Herd = {
  readonly started: number;
  /** From the instant to the start: of all, the last and the one that 99 of 100 were before. */
  readonly lastMs: number;
  readonly p99Ms: number;
  readonly line: string;
};

export const simulateHerd = async (count: number): Promise<Herd> => {
  const began = performance.now();
  const timeline = createTimeline(NOW);
  const chance = seeded(count);
  const dueAt = NOW + 2 * HOUR_MS;
  const startedAt: number[] = [];

  /** When a partition has room again. */
  const freeAt = new Map<string, number>();
  const spend = async ({ partition, writeUnits }: { partition: string; writeUnits: number }): Promise<void> => {
    const from = Math.max(timeline.now(), freeAt.get(partition) ?? 0);
    if (writeUnits > 0) {
      freeAt.set(partition, from + (writeUnits * SECOND_MS) / UNITS_PER_SECOND);
    }
    const latency = CALL_LEAST_MS + chance() * (CALL_MOST_MS - CALL_LEAST_MS);
    await timeline.pause(from - timeline.now() + latency);
  };

  const waiting: Alarm[] = [];
  let busy = 0;
  let warm = 0;
  let busySince: number | undefined;
  let gathering = false;
  const allowed = (): number =>
    Math.min(
      CONCURRENCY_MOST,
      CONCURRENCY_LEAST + ((timeline.now() - (busySince ?? timeline.now())) / SECOND_MS) * CONCURRENCY_PER_SECOND,
    );
  const invoke = async (batch: readonly Alarm[]): Promise<void> => {
    busy += 1;
    if (busy > warm) {
      warm = busy;
      await timeline.pause(COLD_MS);
    }
    await Promise.all(batch.map((alarm) => world.jobs.ring(alarm)));
    busy -= 1;
    deliver();
  };
  const deliver = (): void => {
    while (waiting.length > 0 && busy < Math.floor(allowed())) {
      busySince ??= timeline.now();
      void invoke(waiting.splice(0, BATCH));
    }
    busySince = waiting.length === 0 && busy === 0 ? undefined : busySince;
    if (waiting.length > 0) {
      timeline.after(SECOND_MS / CONCURRENCY_PER_SECOND, deliver);
    }
  };
  /** A full batch does not wait for its window. */
  const arrive = (alarm: Alarm): void => {
    // The alarm of a run comes when the run is over, or is being executed: it costs a read.
    if (alarm.key.kind !== 'job') {
      return;
    }
    waiting.push(alarm);
    if (waiting.length >= BATCH) {
      deliver();
    } else if (!gathering) {
      gathering = true;
      timeline.after(WINDOW_MS, () => {
        gathering = false;
        deliver();
      });
    }
  };

  let nextFireAt = 0;
  const fire = (alarm: Alarm): void => {
    nextFireAt = Math.max(timeline.now(), nextFireAt + SECOND_MS / FIRES_PER_SECOND);
    timeline.at(nextFireAt, () => arrive(alarm));
  };
  const world = createLeanWorld({
    now: timeline.now,
    chance,
    spend,
    send: async (alarm) => {
      const plan = planAlarm(alarm.dueAt, timeline.now(), spreadOf(alarm));
      if (plan.via === 'queue') {
        timeline.after(plan.delaySeconds * SECOND_MS, () => arrive(alarm));
      } else {
        timeline.at(plan.fireAt + chance() * MINUTE_MS, () => fire(alarm));
      }
    },
    pushed: (run) => startedAt.push(Math.max(run.dueAt, timeline.now() + TRANSIT_MS)),
  });

  const pass = async (until: number): Promise<void> => {
    while (await timeline.step(until)) {
      // Time goes on.
    }
    timeline.passTo(until);
  };
  const creating = Promise.all(
    Array.from({ length: count }, (_, index) =>
      world.jobs.create(
        {
          ...{ project: 'default', name: `herd ${index}`, category: 'default', description: '', saveLog: true },
          ...{ handler: 'send_email', payload: '{}', pool: 'default', priority: 5, maxTries: 1, timeoutMs: MINUTE_MS },
          ...{ strategy: 'least_loaded', state: 'active' },
          policy: { concurrency: 'allow', misfire: 'fire_once', misfireCap: 100 },
          schedule: {
            ...{ expression: '@every 720h', timeZone: 'UTC', jitterMs: 0, startAt: dueAt },
            ...{ days: 'or', gap: 'shift', overlap: 'once' },
          },
        },
        'user:1',
      ),
    ),
  );
  await pass(NOW + HOUR_MS);
  await creating;
  await pass(dueAt + 10 * MINUTE_MS);

  const late = startedAt.map((at) => at - dueAt).toSorted((a, b) => a - b);
  const lastMs = Math.ceil(late.at(-1) ?? Number.POSITIVE_INFINITY);
  const p99Ms = Math.ceil(late[Math.floor(late.length * 0.99)] ?? Number.POSITIVE_INFINITY);
  const grouped = (value: number): string => value.toLocaleString('en-US');
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  return {
    started: late.length,
    lastMs,
    p99Ms,
    line: `${grouped(count)} jobs due on one second: ${grouped(late.length)} started, 99 % within ${grouped(p99Ms)} ms, the last after ${grouped(lastMs)} ms, ${seconds} s`,
  };
};
