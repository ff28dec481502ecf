/** Prometheus metrics, under the names of APIs A and B. */
import { defineOperation } from './operation.ts';

export const METRICS_TYPE = 'text/plain; version=0.0.4';

export const getMetrics = defineOperation({
  id: 'getMetrics',
  group: 'platform',
  method: 'GET',
  path: '/metrics',
  summary: 'Metrics for Prometheus',
  description:
    'Text exposition format 0.0.4. Public, unless the stage closes it (`closedMetrics`): then it takes the scope `workers:read`. Counters begin anew at midnight, UTC.',
  answers: {
    200: {
      description: 'The metrics',
      text: '# HELP cronjob_cronjobs_active Jobs that fire by their schedule.\n# TYPE cronjob_cronjobs_active gauge\ncronjob_cronjobs_active 120\n',
    },
  },
  refusals: {},
  fault: 'Internal server error',
});
