/**
 * What AWS charges for what the meter has counted: list prices of us-east-1, without free tiers, as of November 2026
 * (aws.amazon.com: dynamodb/pricing/on-demand, sqs/pricing, api-gateway/pricing, lambda/pricing, eventbridge/pricing,
 * cloudwatch/pricing).
 */
import type { Use } from './meter.ts';

/** Dollars for a million of each. */
export const PER_MILLION = {
  writeUnits: 0.625,
  readUnits: 0.125,
  /** Standard queue, requests of up to 64 KB. */
  queueRequests: 0.4,
  /** HTTP API, up to 512 KB. */
  httpRequests: 1,
  /** Either direction, 32 KB. */
  socketMessages: 1,
  connectionMinutes: 0.25,
  invocations: 0.2,
  /** arm64 */
  gigabyteSeconds: 13.3334,
  scheduleInvocations: 1,
} as const;

/** Taken in and stored by CloudWatch Logs. */
const LOGS_PER_GIGABYTE = 0.5;

/** `memorySize` of every function. */
const FUNCTION_GIGABYTES = 0.5;
/**
 * How long a function runs is not counted but assumed, on the high side: each call that it waits for takes 5 ms, and each
 * invocation 5 ms of its own.
 */
export const CALL_MS = 5;
export const INVOCATION_MS = 5;

/** Dollars for a million runs, by service. */
export type Bill = {
  readonly api: number;
  readonly sockets: number;
  readonly writes: number;
  readonly reads: number;
  readonly queue: number;
  readonly schedules: number;
  readonly invocations: number;
  readonly computing: number;
};

const sum = (uses: readonly Use[], amountOf: (use: Use) => number): number =>
  uses.reduce((total, use) => total + amountOf(use), 0);

export const countOf = (uses: readonly Use[], service: Use['service']): number =>
  sum(uses, (use) => (use.service === service ? use.count : 0));
export const writesOf = (uses: readonly Use[]): number => sum(uses, ({ writes }) => writes);
export const readsOf = (uses: readonly Use[]): number => sum(uses, ({ reads }) => reads);
export const callsOf = (uses: readonly Use[]): number => sum(uses, ({ calls }) => calls);

/** @param uses of one run */
export const billOf = (uses: readonly Use[]): Bill => {
  const invocations = countOf(uses, 'lambda');
  const seconds = (callsOf(uses) * CALL_MS + invocations * INVOCATION_MS) / 1_000;
  return {
    api: countOf(uses, 'http') * PER_MILLION.httpRequests,
    sockets: countOf(uses, 'socket') * PER_MILLION.socketMessages,
    writes: writesOf(uses) * PER_MILLION.writeUnits,
    reads: readsOf(uses) * PER_MILLION.readUnits,
    queue: countOf(uses, 'sqs') * PER_MILLION.queueRequests,
    schedules: countOf(uses, 'scheduler') * PER_MILLION.scheduleInvocations,
    invocations: invocations * PER_MILLION.invocations,
    computing: seconds * FUNCTION_GIGABYTES * PER_MILLION.gigabyteSeconds,
  };
};

export const totalOf = (bill: Bill): number => Object.values(bill).reduce((total, dollars) => total + dollars, 0);

/** Dollars for the log lines of a million runs. They depend on the stage's log level, so they are shown beside the bill. */
export const logsOf = (uses: readonly Use[]): number => (sum(uses, ({ bytes }) => bytes) / 1_000) * LOGS_PER_GIGABYTE;

/** So many times as much. */
export const scaled = (use: Use, factor: number): Use => ({
  ...use,
  count: use.count * factor,
  calls: use.calls * factor,
  reads: use.reads * factor,
  writes: use.writes * factor,
  bytes: use.bytes * factor,
});
