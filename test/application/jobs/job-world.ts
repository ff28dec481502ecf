/** Jobs in a world of their own. */
import type { JobInput, JobView } from '../../../lib/application/jobs/api.ts';
import type { Alarm } from '../../../lib/domain/alarm.ts';
import { parseJobRunId, runShard } from '../../../lib/domain/ids.ts';
import type { Job } from '../../../lib/domain/job/job.ts';
import type { Run } from '../../../lib/domain/run.ts';
import { PAYLOAD } from '../../domain/job/a-job.ts';
import { createWorld, type World } from '../../support/engine-world.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export const everyMinute = {
  expression: '* * * * *',
  timeZone: 'UTC',
  days: 'or',
  gap: 'shift',
  overlap: 'once',
  jitterMs: 0,
} as const;

export const jobInput = (fields: Partial<JobInput> = {}): JobInput => ({
  project: 'default',
  name: 'report',
  category: 'default',
  description: '',
  saveLog: true,
  handler: 'send_email',
  payload: PAYLOAD,
  pool: 'default',
  priority: 5,
  maxTries: 1,
  timeoutMs: 300_000,
  strategy: 'least_loaded',
  schedule: everyMinute,
  policy: { concurrency: 'allow', misfire: 'fire_once', misfireCap: 100 },
  state: 'active',
  ...fields,
});

export type JobWorld = World & {
  readonly make: (fields?: Partial<JobInput>) => Promise<JobView>;
  /** The row, which must be there. */
  readonly row: (id: string) => Promise<Job>;
  /** Oldest first. */
  readonly runsOf: (id: string) => Promise<readonly Run[]>;
  /** Instants of the runs of a job, oldest first. */
  readonly instantsOf: (id: string) => Promise<readonly number[]>;
  readonly chainAlarms: (id: string) => readonly Alarm[];
  /** Ends a run that nobody has begun. */
  readonly end: (id: string) => Promise<void>;
};

export const createJobWorld = (options: Parameters<typeof createWorld>[0] = {}): JobWorld => {
  const world = createWorld(options);
  const { engine, ports } = world;
  const runsOf = async (id: string): Promise<readonly Run[]> => {
    const page = { family: 'job', shard: runShard(id), origin: id, limit: 10_000 } as const;
    const ids = await ports.runs.newestIdsOfOrigin(page);
    const rows = await Promise.all(ids.map((run) => ports.runs.get(run, 'consistent')));
    return rows.flatMap((run) => run ?? []).toReversed();
  };
  return {
    ...world,
    make: async (fields = {}) => {
      const made = await engine.jobs.create(jobInput(fields), 'ann');
      if (made.kind !== 'created') {
        throw new Error(`The job was not created: ${JSON.stringify(made)}`);
      }
      return made.job;
    },
    row: async (id) => {
      const job = await ports.jobs.get(id, 'consistent');
      if (job === undefined) {
        throw new Error(`There is no job ${id}`);
      }
      return job;
    },
    runsOf,
    instantsOf: async (id) => (await runsOf(id)).map((run) => parseJobRunId(run.id)?.instant ?? 0),
    chainAlarms: (id) => world.alarms().filter(({ key }) => key.kind === 'job' && key.id === id),
    end: async (id) => {
      const ended = await engine.cancelRun(id);
      if (ended.kind !== 'cancelled') {
        throw new Error(`Run ${id} cannot end: ${ended.kind}`);
      }
    },
  };
};
