/**
 * The metrics in Prometheus' text exposition format 0.0.4. They come from the counters that the stream keeps, so they are the
 * same whichever instance is asked; nothing has a label that grows with jobs, runs or callers.
 *
 * A counter has to grow until it begins anew. Rows go after their retention, so the totals of rows are gauges; what happened
 * is counted since midnight (UTC), and begins anew there, which `rate` and `increase` take for a restart.
 */
import type { Overview } from '../../../application/fleet/overview.ts';
import { RUN_STATUSES, type RunStatus } from '../../../domain/run.ts';
import { STATUS_WORD } from './b/run-view.ts';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];
type Metric = {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly Sample[];
};

const escapeText = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const sampleLine = (name: string, [labels, value]: Sample): string => {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeText(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`;
};

const metricText = ({ name, type, help, samples }: Metric): string =>
  `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.map((sample) => sampleLine(name, sample)).join('')}`;

/** As API A words them, as far as a status alone tells: what could not run is among the failed. */
const STATUS_OF_A: Readonly<Record<RunStatus, string>> = {
  scheduled: 'pending',
  ready: 'pending',
  dispatched: 'pending',
  running: 'running',
  succeeded: 'success',
  failed: 'failed',
  timed_out: 'timeout',
  cancelled: 'canceled',
  skipped: 'canceled',
};

/** Sums by the word of a status. */
const byWord = (
  words: Readonly<Record<RunStatus, string>>,
  statuses: readonly RunStatus[],
  countOf: (status: RunStatus) => number,
): readonly Sample[] => {
  const sums = new Map<string, number>();
  for (const status of statuses) {
    sums.set(words[status], (sums.get(words[status]) ?? 0) + countOf(status));
  }
  return [...sums].map(([status, value]) => [{ status }, value]);
};

const ENDED = ['succeeded', 'failed', 'timed_out', 'cancelled', 'skipped'] as const satisfies readonly RunStatus[];
const one = (value: number): readonly Sample[] => [[{}, value]];

export const metricsText = ({ jobs, runs, workers, today }: Overview): string => {
  // A counter may have been read between two halves of a change: no gauge of rows is less than none.
  const rows = (status: RunStatus): number =>
    Math.max(0, runs.plain[status] ?? 0) + Math.max(0, runs.ofJobs[status] ?? 0);
  const ended = (status: RunStatus): number => today.ended[status] ?? 0;
  const allOf = (statuses: readonly RunStatus[], countOf: (status: RunStatus) => number): number =>
    statuses.reduce((sum, status) => sum + countOf(status), 0);
  const failures = allOf(['failed', 'timed_out'], ended);
  const waiting = one(rows('ready'));
  const online = one(workers.online);
  const jobsThere = jobs.active + jobs.paused + jobs.disabled;

  const metrics: readonly Metric[] = [
    { name: 'cronjob_cronjobs_total', type: 'gauge', help: 'Jobs that are not deleted.', samples: one(jobsThere) },
    {
      name: 'cronjob_cronjobs_active',
      type: 'gauge',
      help: 'Jobs that fire by their schedule.',
      samples: one(jobs.active),
    },
    {
      name: 'cronjob_tasks_total',
      type: 'gauge',
      help: 'Runs that are kept, by status.',
      samples: byWord(STATUS_OF_A, RUN_STATUSES, rows),
    },
    {
      name: 'cronjob_task_executions_total',
      type: 'counter',
      help: 'Runs that ended since midnight UTC, by status.',
      samples: byWord(STATUS_OF_A, ENDED, ended),
    },
    {
      name: 'cronjob_task_errors_total',
      type: 'counter',
      help: 'Runs that failed or timed out since midnight UTC.',
      samples: one(failures),
    },
    { name: 'cronjob_task_queue_size', type: 'gauge', help: 'Due runs that wait for a worker.', samples: waiting },
    { name: 'cronjob_workers_connected', type: 'gauge', help: 'Workers that are online or busy.', samples: online },
    {
      name: 'scheduler_tasks',
      type: 'gauge',
      help: 'Tasks, by status.',
      samples: [
        [{ status: 'active' }, jobs.active],
        [{ status: 'paused' }, jobs.paused],
        [{ status: 'disabled' }, jobs.disabled],
      ],
    },
    {
      name: 'scheduler_task_runs',
      type: 'gauge',
      help: 'Runs that are kept, by status.',
      samples: byWord(STATUS_WORD, RUN_STATUSES, rows),
    },
    {
      name: 'scheduler_task_runs_created_total',
      type: 'counter',
      help: 'Runs created since midnight UTC.',
      samples: one(today.created),
    },
    {
      name: 'scheduler_task_executions_total',
      type: 'counter',
      help: 'Runs that ended since midnight UTC, by status.',
      samples: byWord(STATUS_WORD, ENDED, ended),
    },
    {
      name: 'scheduler_task_failures_total',
      type: 'counter',
      help: 'Runs that failed or timed out since midnight UTC.',
      samples: one(failures),
    },
    { name: 'scheduler_queue_depth', type: 'gauge', help: 'Due runs that wait for a worker.', samples: waiting },
    { name: 'scheduler_active_workers', type: 'gauge', help: 'Workers that are online or busy.', samples: online },
  ];
  return metrics.map(metricText).join('');
};
