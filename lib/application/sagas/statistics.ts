import { SAGA_STATUSES } from '../../domain/saga/saga.ts';
import { type Ports, SAGA_EXCEPTIONS, SAGAS, type Sums, sagasOf } from '../ports/index.ts';
import type { SagaStatistics, SagaStats } from './api.ts';

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;

const sumUp = (all: readonly Sums[]): Sums => {
  const sums: Record<string, number> = {};
  for (const one of all) {
    for (const [name, value] of Object.entries(one)) {
      sums[name] = (sums[name] ?? 0) + value;
    }
  }
  return sums;
};

const of = (sums: Sums, name: string): number => Math.max(0, sums[name] ?? 0);

const byStatusOf = (sums: Sums): SagaStats['byStatus'] =>
  Object.fromEntries(SAGA_STATUSES.map((status) => [status, of(sums, status)])) as SagaStats['byStatus'];

/** What a person cancelled without anything to undo is neither a success nor a failure. */
const successRateOf = (sums: Sums): number => {
  const succeeded = of(sums, 'succeeded');
  const all = succeeded + of(sums, 'failed') + of(sums, 'compensated');
  return all === 0 ? 1 : succeeded / all;
};

const averageSecondsOf = (sums: Sums): number => {
  const succeeded = of(sums, 'succeeded');
  return succeeded === 0 ? 0 : of(sums, 'durationMs') / succeeded / 1_000;
};

/** @param rated what the rates are taken from */
const toStats = (sums: Sums, rated: Sums): SagaStats => {
  const byStatus = byStatusOf(sums);
  return {
    total: SAGA_STATUSES.reduce((total, status) => total + byStatus[status], 0),
    byStatus,
    averageSeconds: averageSecondsOf(rated),
    successRate: successRateOf(rated),
  };
};

/** How transactions went, from the counters that the stream keeps: nothing here reads transactions. */
export const createStatistics = ({ counts, flows, now }: Pick<Ports, 'counts' | 'flows' | 'now'>): SagaStatistics => {
  /** Of the last hours, and the part of an hour before them. */
  const inLast = async (counter: string, hours: number): Promise<Sums> => {
    const since = now() - hours * HOUR_MS;
    const found = await counts.hours(since - (since % HOUR_MS), now() + 1, counter);
    return sumUp(found.map(({ sums }) => sums));
  };

  const statsOf = async (counter: string, hours: number | undefined): Promise<SagaStats> => {
    const recent = await inLast(counter, hours ?? DAY_HOURS);
    return toStats(hours === undefined ? await counts.read(counter) : recent, recent);
  };

  return {
    overview: async (hours) => {
      const midnight = now() - (now() % (DAY_HOURS * HOUR_MS));
      const [stats, today] = await Promise.all([
        statsOf(SAGAS, hours),
        counts.hours(midnight, now() + 1, SAGA_EXCEPTIONS),
      ]);
      return { ...stats, exceptionsToday: of(sumUp(today.map(({ sums }) => sums)), 'created') };
    },
    ofFlow: async (flow, hours) => {
      const row = await flows.get(flow);
      return row === undefined || row.deletedAt !== undefined ? undefined : statsOf(sagasOf(flow), hours);
    },
  };
};
