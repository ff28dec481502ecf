/** Health, the overview and the metrics: what monitors ask. */
import type { Engine } from '../../../application/api.ts';
import { isHealthy, type Overview, type ServiceHealth } from '../../../application/fleet/overview.ts';
import { METRICS_TYPE } from '../../../contracts/http/metrics.ts';
import { API_VERSION } from '../../../contracts/version.ts';
import { formatInstant } from '../../../domain/instant.ts';
import type { Handlers } from '../serve.ts';
import { answerWith } from './c-answers.ts';
import { metricsText } from './metrics-text.ts';

export type SystemDependencies = {
  readonly engine: Pick<Engine, 'health' | 'overview'>;
  /** Epoch ms. */
  readonly now: () => number;
};

/** What a public path shows of workers; more of them are counted. */
const SHOWN_WORKERS = 100;

const connection = ({ isUp }: ServiceHealth) => (isUp ? 'connected' : 'disconnected');

const serviceView = ({ isUp, latencyMs, at }: ServiceHealth) => ({
  status: isUp ? ('ok' as const) : ('error' as const),
  latency: latencyMs,
  timestamp: formatInstant(at),
});

const waitingIn = ({ runs: { plain, ofJobs } }: Overview): number =>
  [plain.scheduled, plain.ready, ofJobs.scheduled, ofJobs.ready].reduce<number>(
    (sum, count) => sum + Math.max(0, count ?? 0),
    0,
  );

const fleetView = (overview: Overview | undefined) => ({
  workers: Object.fromEntries(
    (overview?.workers.connected ?? []).slice(0, SHOWN_WORKERS).map(({ id, name, active, lastHeartbeat }) => [
      id,
      {
        id,
        name,
        is_active: active,
        last_active: lastHeartbeat === undefined ? null : formatInstant(lastHeartbeat),
      },
    ]),
  ),
  metrics: {
    websocket_clients: overview?.workers.online ?? 0,
    pending_tasks: overview === undefined ? 0 : waitingIn(overview),
  },
});

export const systemHandlers = ({
  engine,
  now,
}: SystemDependencies): Pick<Handlers, 'systemHealth' | 'systemStatus' | 'healthOfServices' | 'getMetrics'> => {
  const startedAt = now();

  return {
    systemHealth: async () => {
      const health = await engine.health();
      const data = {
        database: connection(health.dynamodb),
        message_queue: connection(health.sqs),
        uptime_seconds: Math.floor((now() - startedAt) / 1_000),
        version: API_VERSION,
      } as const;
      return isHealthy(health)
        ? answerWith(200, '获取成功', { status: 'healthy', ...data }, now())
        : {
            status: 503,
            body: {
              ...{ success: false, code: 503, message: '服务不可用', timestamp: formatInstant(now()) },
              data: { status: 'unhealthy', ...data },
            },
          };
    },

    systemStatus: async () => {
      const { jobs, runs, workers, today, successRate } = await engine.overview();
      const running = Math.max(0, runs.ofJobs.dispatched ?? 0) + Math.max(0, runs.ofJobs.running ?? 0);
      return answerWith(
        200,
        '获取成功',
        {
          tasks: {
            total: jobs.active + jobs.paused + jobs.disabled,
            active: jobs.active,
            paused: jobs.paused,
            running,
          },
          workers: { total: workers.total, online: workers.online, offline: workers.offline },
          runs_today: today.created,
          success_rate: successRate,
        },
        now(),
      );
    },

    healthOfServices: async () => {
      const health = await engine.health();
      const services = { dynamodb: serviceView(health.dynamodb), sqs: serviceView(health.sqs) };
      // What lies in a table that does not answer is not waited for.
      const overview = health.dynamodb.isUp ? await engine.overview() : undefined;
      const rest = { services, ...fleetView(overview), timestamp: formatInstant(now()) };
      return isHealthy(health)
        ? { status: 200, body: { code: 0, message: 'ok', data: { status: 'ok', ...rest } } }
        : { status: 503, body: { code: 503, message: 'degraded', data: { status: 'degraded', ...rest } } };
    },

    getMetrics: async () => ({ status: 200, type: METRICS_TYPE, text: metricsText(await engine.overview()) }),
  };
};
