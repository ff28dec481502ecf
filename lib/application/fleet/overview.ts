/** How everything stands, from counters and the registry: nothing here reads runs. */
import type { JobState } from '../../domain/job/job.ts';
import type { RunStatus } from '../../domain/run.ts';
import {
  HEALTH_SERVICES,
  type HealthService,
  JOB_RUNS,
  type Ports,
  type StatusCounts,
  type Sums,
} from '../ports/index.ts';
import type { Workers, WorkerView } from './workers-api.ts';

export type Overview = {
  /** Jobs in each state. */
  readonly jobs: Readonly<Record<JobState, number>>;
  /** Rows in each status, of runs that were submitted and of those of jobs. */
  readonly runs: { readonly plain: StatusCounts; readonly ofJobs: StatusCounts };
  readonly workers: {
    readonly total: number;
    /** The busy among them. */
    readonly online: number;
    readonly offline: number;
    /** Those that have a socket, or fetch their runs. */
    readonly connected: readonly WorkerView[];
  };
  /** Since midnight, UTC. */
  readonly today: { readonly created: number; readonly ended: StatusCounts };
  /** Percent of what ended by itself in the last 24 hours (and the part of an hour before them), to a tenth; 100 when nothing did. */
  readonly successRate: number;
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Asked for as often as anybody likes, by a public path too, it is put together this seldom. Totals may lag by as much. */
const KEPT_MS = 5_000;
const HEALTH_KEPT_MS = 1_000;

/** Asks anew when the answer is older than `keptMs`; who asks meanwhile waits for the same. */
const keeping = <T>(keptMs: number, now: () => number, ask: () => Promise<T>): (() => Promise<T>) => {
  let asked: { readonly at: number; readonly answer: Promise<T> } | undefined;
  return () => {
    if (asked === undefined || now() - asked.at >= keptMs) {
      const answer = ask();
      asked = { at: now(), answer };
      // A fault is for those who asked, not for who comes next.
      answer.catch(() => {
        asked = undefined;
      });
    }
    return asked.answer;
  };
};

const sumOf = (counts: readonly Sums[], name: string): number => counts.reduce((sum, of) => sum + (of[name] ?? 0), 0);

const successRateOf = (ended: readonly Sums[]): number => {
  const succeeded = sumOf(ended, 'succeeded');
  // What a person cancelled, and what was never begun by policy, is no failure.
  const all = succeeded + sumOf(ended, 'failed') + sumOf(ended, 'timed_out');
  return all === 0 ? 100 : Math.round((succeeded / all) * 1_000) / 10;
};

const STATUSES = ['succeeded', 'failed', 'timed_out', 'cancelled', 'skipped'] as const satisfies readonly RunStatus[];

export const createOverview = (
  { counts, jobs, now }: Pick<Ports, 'counts' | 'jobs' | 'now'>,
  workers: Pick<Workers, 'list'>,
): (() => Promise<Overview>) =>
  keeping(KEPT_MS, now, async () => {
    const at = now();
    const midnight = at - (at % DAY_MS);
    const since = at - DAY_MS;
    const [states, plain, ofJobs, hours, listed] = await Promise.all([
      jobs.count(),
      counts.read(),
      counts.read(JOB_RUNS),
      counts.hours(since - (since % HOUR_MS), at + 1),
      workers.list({ deleted: false }),
    ]);
    const today = hours.filter(({ hour }) => hour >= midnight);
    const counted = today.map(({ sums }) => sums);
    const connected = listed.workers.filter(({ status }) => status !== 'offline');
    return {
      jobs: states.states,
      runs: { plain, ofJobs },
      workers: {
        total: listed.total,
        online: connected.length,
        offline: Math.max(0, listed.total - connected.length),
        connected,
      },
      today: {
        created: sumOf(counted, 'created'),
        ended: Object.fromEntries(STATUSES.map((status) => [status, sumOf(counted, status)])),
      },
      successRate: successRateOf(hours.map(({ sums }) => sums)),
    };
  });

/** How one of the things answered that the engine stands on. */
export type ServiceHealth = { readonly isUp: boolean; readonly latencyMs: number; readonly at: number };
export type Health = Readonly<Record<HealthService, ServiceHealth>>;

export const isHealthy = (health: Health): boolean => HEALTH_SERVICES.every((service) => health[service].isUp);

export const createHealth = ({ health, log, now }: Pick<Ports, 'health' | 'log' | 'now'>): (() => Promise<Health>) => {
  const check = async (service: HealthService): Promise<ServiceHealth> => {
    const askedAt = now();
    const isUp = await health[service]().then(
      () => true,
      (error: unknown) => {
        log.error('A service that everything stands on does not answer', { service, error });
        return false;
      },
    );
    return { isUp, latencyMs: now() - askedAt, at: now() };
  };
  return keeping(HEALTH_KEPT_MS, now, async () => {
    const [dynamodb, sqs] = await Promise.all([check('dynamodb'), check('sqs')]);
    return { dynamodb, sqs };
  });
};
