/** The whole wiring of the use cases: ports in, engine out. */
import { readDefinition, readStoredDefinition } from '../contracts/flow-definition.ts';
import { createRing } from './alarms/ring.ts';
import { createWatchRun } from './alarms/watch-run.ts';
import { createWatchSession } from './alarms/watch-session.ts';
import type { Engine } from './api.ts';
import { createCategories } from './fleet/categories.ts';
import { createLeases } from './fleet/leases.ts';
import { createLogs } from './fleet/logs.ts';
import { createHealth, createOverview } from './fleet/overview.ts';
import { createWhyJob, createWhyRun } from './fleet/why.ts';
import { createFrames } from './frames.ts';
import { createExecuteRun } from './function-pool/execute-run.ts';
import { createJobs } from './jobs/jobs.ts';
import { createParts } from './parts.ts';
import type { Ports } from './ports/index.ts';
import { createCountChanges } from './runs/count-changes.ts';
import { createListRuns } from './runs/list-runs.ts';
import { createNoteRun } from './runs/note-run.ts';
import { createRetryRun } from './runs/retry-run.ts';
import { createSettleRun } from './runs/settle-run.ts';
import { createSkipRun } from './runs/skip-run.ts';
import { createStoreOutput } from './runs/store-output.ts';
import { createFindSubmitted, createSubmitRun } from './runs/submit-run.ts';
import { createDesk } from './sagas/desk.ts';
import { createFlows } from './sagas/flows.ts';
import { createSagas } from './sagas/sagas.ts';
import { createStatistics } from './sagas/statistics.ts';
import { createWatchSaga } from './sagas/watch-saga.ts';
import { createHeartbeat } from './sessions/keep-alive.ts';
import { createPoll } from './sessions/poll.ts';

export const createEngine = (ports: Ports): Engine => {
  const parts = createParts(ports);
  const { ended, viewRun, createRun, cancelRun, sendCancel, workers, sagaParts } = parts;
  const watchRun = createWatchRun(ports, parts);
  const watchSession = createWatchSession(ports, parts.settleLost);
  const watchSaga = createWatchSaga(ports, sagaParts);
  const ring = createRing(ports);
  const jobs = createJobs(ports, { createRun, skipRun: createSkipRun(ports), cancelRun, viewRun });
  const submitRun = createSubmitRun(ports, { createRun, viewRun });

  return {
    submitRun,
    findSubmitted: createFindSubmitted(ports, viewRun),
    getRun: async (id) => {
      const run = await ports.runs.get(id, 'consistent');
      return run === undefined || run.hidden ? undefined : viewRun(run);
    },
    storeOutput: createStoreOutput(ports),
    cancelRun,
    settleRun: createSettleRun(ports, { viewRun, sendCancel, ended }),
    noteRun: createNoteRun(ports, viewRun),
    retryRun: createRetryRun(ports, { viewRun, submitRun, retryOfJob: jobs.retry }),
    jobs,
    flows: createFlows(ports, { readDefinition, readStoredDefinition }),
    sagas: createSagas(ports, sagaParts),
    desk: createDesk(ports, sagaParts),
    sagaStats: createStatistics(ports),
    workers: { ...workers, heartbeat: createHeartbeat(ports, workers) },
    overview: createOverview(ports, workers),
    health: createHealth(ports),
    categories: createCategories(ports),
    leases: createLeases(ports),
    listRuns: createListRuns(ports, viewRun),
    logs: createLogs(ports),
    why: createWhyRun(ports),
    whyJob: createWhyJob(ports),
    ...createFrames(ports, parts),
    executeRun: createExecuteRun(ports, parts),
    poll: createPoll(ports, parts),
    ring: (alarm) => {
      const { key } = alarm;
      switch (key.kind) {
        case 'run':
          return ring(alarm, watchRun(key.id));
        case 'session':
          return ring(alarm, watchSession(key));
        case 'job':
        case 'backfill':
          return jobs.ring(alarm);
        case 'saga':
          return ring(alarm, watchSaga(key.id));
      }
    },
    countChanges: createCountChanges(ports),
  };
};
