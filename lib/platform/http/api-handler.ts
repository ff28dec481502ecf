/** The API function: tasks, health, and what workers fetch. */
import { apiOperations } from '../../contracts/http/api-operations.ts';
import { pause as realPause } from '../pause.ts';
import { type CategoryDependencies, categoryHandlers } from './handlers/a/category-handlers.ts';
import { type CronjobDependencies, cronjobHandlers } from './handlers/a/cronjob-handlers.ts';
import { type LockDependencies, lockHandlers } from './handlers/a/lock-handlers.ts';
import { rootHandlers } from './handlers/a/root-handlers.ts';
import { type CronjobTaskDependencies, cronjobTaskHandlers } from './handlers/a/task-handlers.ts';
import { type TaskLogDependencies, taskLogHandlers } from './handlers/a/task-log-handlers.ts';
import { type WhyDependencies, whyHandlers } from './handlers/a/why-handlers.ts';
import { registeredWorkerHandlers } from './handlers/a/worker-handlers.ts';
import { type JobDependencies, jobHandlers } from './handlers/b/job-handlers.ts';
import { type PollDependencies, pollHandlers } from './handlers/b/poll-handlers.ts';
import { type RunDependencies, runHandlers } from './handlers/b/run-handlers.ts';
import { type WorkerDependencies, workerHandlers } from './handlers/b/worker-handlers.ts';
import { type ExceptionDependencies, exceptionHandlers } from './handlers/e/exception-handlers.ts';
import { type FlowDependencies, flowHandlers } from './handlers/e/flow-handlers.ts';
import { type StatsDependencies, statsHandlers } from './handlers/e/stats-handlers.ts';
import { type TransactionDependencies, transactionHandlers } from './handlers/e/transaction-handlers.ts';
import { type PlatformDependencies, platformHandlers } from './handlers/platform-handlers.ts';
import { type SystemDependencies, systemHandlers } from './handlers/system-handlers.ts';
import { type TaskDependencies, taskHandlers } from './handlers/task-handlers.ts';
import { createHttpHandler, type HttpDependencies } from './http-handler.ts';
import type { HandlersOf } from './serve.ts';

type ApiOperations = typeof apiOperations;

type HandlerDependencies = CategoryDependencies &
  ExceptionDependencies &
  FlowDependencies &
  StatsDependencies &
  TransactionDependencies &
  CronjobDependencies &
  CronjobTaskDependencies &
  JobDependencies &
  RunDependencies &
  LockDependencies &
  PollDependencies &
  WorkerDependencies &
  SystemDependencies &
  TaskDependencies &
  TaskLogDependencies &
  PlatformDependencies &
  WhyDependencies;

export type ApiDependencies = Omit<HandlerDependencies, 'now' | 'pause'> &
  Pick<HttpDependencies<ApiOperations>, 'admission' | 'logger'> & {
    /** Epoch ms. */
    readonly now?: () => number;
    readonly pause?: HandlerDependencies['pause'];
  };

/** Every operation's handler, by its id. */
export const createHandlers = (dependencies: HandlerDependencies): HandlersOf<ApiOperations> => ({
  ...taskHandlers(dependencies),
  ...rootHandlers(),
  ...cronjobHandlers(dependencies),
  ...cronjobTaskHandlers(dependencies),
  ...categoryHandlers(dependencies),
  ...lockHandlers(dependencies),
  ...taskLogHandlers(dependencies),
  ...whyHandlers(dependencies),
  ...jobHandlers(dependencies),
  ...runHandlers(dependencies),
  ...workerHandlers(dependencies),
  ...pollHandlers(dependencies),
  ...registeredWorkerHandlers(dependencies),
  ...systemHandlers(dependencies),
  ...flowHandlers(dependencies),
  ...transactionHandlers(dependencies),
  ...exceptionHandlers(dependencies),
  ...statsHandlers(dependencies),
  ...platformHandlers(dependencies),
});

export const createApiHandler = ({
  admission,
  logger,
  now = Date.now,
  pause = realPause,
  ...dependencies
}: ApiDependencies) =>
  createHttpHandler({
    operations: apiOperations,
    handlers: createHandlers({ ...dependencies, now, pause }),
    admission,
    logger,
    now,
  });
