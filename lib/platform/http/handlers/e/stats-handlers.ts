/** API E's statistics. */
import type { SagaStatistics, SagaStats } from '../../../../application/sagas/api.ts';
import { isPlainId } from '../../../../domain/ids.ts';
import type { Handlers } from '../../serve.ts';
import { ok, UNKNOWN_FLOW } from './e-answers.ts';

export type StatsDependencies = { readonly engine: { readonly sagaStats: SagaStatistics } };

/** Down to four places: one failure among a million is not a rate of 1. */
const rateOf = (rate: number): number => Math.floor(rate * 10_000) / 10_000;
const toMilliseconds = (seconds: number): number => Math.round(seconds * 1_000) / 1_000;

const ratesOf = ({ successRate, averageSeconds, byStatus: { succeeded, ...others } }: SagaStats) => ({
  success_rate: rateOf(successRate),
  avg_duration: toMilliseconds(averageSeconds),
  by_status: { ...others, success: succeeded },
});

export const statsHandlers = ({ engine }: StatsDependencies): Pick<Handlers, 'statsOverview' | 'statsOfFlow'> => ({
  statsOverview: async ({ query: { hours } }) => {
    const { exceptionsToday, ...stats } = await engine.sagaStats.overview(hours);
    return ok({ total_transactions: stats.total, exceptions_today: exceptionsToday, ...ratesOf(stats) });
  },

  statsOfFlow: async ({ params: { id }, query: { hours } }) => {
    const stats = isPlainId(id) ? await engine.sagaStats.ofFlow(id, hours) : undefined;
    return stats === undefined
      ? UNKNOWN_FLOW
      : ok({
          flow_id: id,
          total_runs: stats.total,
          success_count: stats.byStatus.succeeded,
          failed_count: stats.byStatus.failed + stats.byStatus.compensated,
          ...ratesOf(stats),
        });
  },
});
