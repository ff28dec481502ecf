/** API E: statistics, from counters that are exact under repeats and lag by 5 s at most. */
import * as z from 'zod';
import { defineOperation } from '../operation.ts';
import { exampleOf, okOf } from './envelope.ts';
import { FAULT, flowIdParams, hoursQuery } from './inputs.ts';

const count = z.int().min(0);

const byStatus = z
  .object({
    running: count,
    compensating: count,
    failed: count,
    success: count,
    compensated: count,
    cancelled: count,
  })
  .meta({ id: 'TransactionsByStatus', description: 'Their present status' });

const rates = {
  success_rate: z.number().min(0).max(1).meta({
    description:
      'success ÷ (success + failed + compensated); 1 where there is none. Without hours: of the last 24. What was cancelled does not count',
  }),
  avg_duration: z.number().min(0).meta({ description: 'Seconds, of those that succeeded' }),
  by_status: byStatus,
};

const BY_STATUS = { running: 0, compensating: 0, failed: 12, success: 950, compensated: 38, cancelled: 0 };
const OF_FLOW = { running: 0, compensating: 0, failed: 4, success: 480, compensated: 16, cancelled: 0 };

export const statsOverview = defineOperation({
  id: 'statsOverview',
  group: 'E',
  method: 'GET',
  path: '/api/v1/stats/overview',
  summary: 'Count transactions and exceptions',
  query: hoursQuery,
  answers: {
    200: {
      description: 'The counts',
      schema: okOf(
        z.object({
          total_transactions: count,
          exceptions_today: count.meta({ description: 'Of this day in UTC' }),
          ...rates,
        }),
      ),
      examples: {
        all: exampleOf({
          total_transactions: 1000,
          success_rate: 0.95,
          avg_duration: 5.2,
          exceptions_today: 5,
          by_status: BY_STATUS,
        }),
      },
    },
  },
  refusals: { 400: 'hours is not a whole number from 1 to 168' },
  fault: FAULT,
});

export const statsOfFlow = defineOperation({
  id: 'statsOfFlow',
  group: 'E',
  method: 'GET',
  path: '/api/v1/stats/flows/:id',
  summary: 'Count the transactions of a flow',
  params: flowIdParams,
  query: hoursQuery,
  answers: {
    200: {
      description: 'The counts',
      schema: okOf(
        z.object({
          flow_id: z.string(),
          total_runs: count,
          success_count: count,
          failed_count: count.meta({ description: 'Those that failed, and those that were compensated' }),
          ...rates,
        }),
      ),
      examples: {
        all: exampleOf({
          flow_id: '774763315200000',
          total_runs: 500,
          success_count: 480,
          failed_count: 20,
          success_rate: 0.96,
          avg_duration: 5.2,
          by_status: OF_FLOW,
        }),
      },
    },
  },
  refusals: { 400: 'hours is not a whole number from 1 to 168', 404: 'There is no such flow' },
  fault: FAULT,
});
