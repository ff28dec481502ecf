/** The use cases of jobs, wired. */
import { readSchedule } from '../../domain/cron/read.ts';
import { scheduleOf } from '../../domain/job/wanted.ts';
import { createRing } from '../alarms/ring.ts';
import type { Engine } from '../api.ts';
import type { Ports } from '../ports/index.ts';
import type { CreateRun } from '../runs/create-run.ts';
import type { SkipRun } from '../runs/skip-run.ts';
import type { ViewRun } from '../runs/view-run.ts';
import type { Jobs } from './api.ts';
import { createBackfills } from './backfills.ts';
import { createBroadcastWorkers } from './broadcast-workers.ts';
import { createChangeJob } from './change-job.ts';
import { createCreateJob } from './create-job.ts';
import { createFireJob } from './fire-job.ts';
import { createJobRuns } from './job-runs.ts';
import { createListJobs } from './list-jobs.ts';
import { createReadLedger } from './read-ledger.ts';
import { createReadSpec } from './read-spec.ts';
import { createReconcileJobs } from './reconcile-jobs.ts';
import { createRunsOfFire } from './runs-of-fire.ts';
import { createSetStates } from './set-states.ts';
import { createTriggerJob } from './trigger-job.ts';
import { createViewJobs, viewOne } from './view-jobs.ts';
import { createBackfillActs } from './watch-backfill.ts';

export type JobTools = {
  readonly createRun: CreateRun;
  readonly skipRun: SkipRun;
  readonly cancelRun: Engine['cancelRun'];
  readonly viewRun: ViewRun;
};

export const createJobs = (ports: Ports, tools: JobTools): Jobs => {
  const { jobs, now } = ports;
  const readSpec = createReadSpec(ports);
  const jobRuns = createJobRuns(ports);
  const viewJobs = createViewJobs({ jobRuns, readSpec });
  const runsOfFire = createRunsOfFire(ports, { ...tools, readSpec });
  const broadcastWorkers = createBroadcastWorkers(ports);
  const { settle, watch } = createBackfillActs(ports, { ...tools, jobRuns });
  const { endAll, ...backfills } = createBackfills(ports, { jobRuns, settle });
  const fireJob = createFireJob(ports, { jobRuns, runsOfFire, broadcastWorkers });
  const ring = createRing(ports);
  const { change, remove } = createChangeJob(ports, { ...tools, runsOfFire, readSpec, viewJobs, endBackfills: endAll });

  const get: Jobs['get'] = async (id) => {
    const job = await jobs.get(id, 'consistent');
    return job === undefined || job.state === 'deleted' ? undefined : viewOne(viewJobs, job);
  };

  return {
    ...backfills,
    create: createCreateJob(ports, viewJobs),
    get,
    findByName: async (project, name) => {
      const id = await jobs.findId(project, name);
      return id === undefined ? undefined : get(id);
    },
    change,
    remove,
    ...createTriggerJob(ports, { ...tools, jobRuns, runsOfFire, broadcastWorkers }),
    ...createListJobs(ports, { viewJobs, readSpec }),
    read: (schedule) => readSchedule(scheduleOf(schedule, undefined, now()), now()),
    ledger: createReadLedger(ports, jobRuns),
    setStates: createSetStates(ports, change),
    ring: (alarm) => {
      const { key } = alarm;
      switch (key.kind) {
        case 'job':
          return fireJob({ ...alarm, key });
        case 'backfill':
          return ring(alarm, watch(key.job, key.id));
        default:
          throw new Error(`An alarm of a ${key.kind} is none of a job`);
      }
    },
    reconcile: createReconcileJobs(ports, runsOfFire),
  };
};
