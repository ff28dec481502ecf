/** What executes the runs of the pool without workers. */
import { createFunctionExecutor } from '../adapters/function-pool/executor.ts';
import { createStepQueues } from '../adapters/sqs/step-queues.ts';
import { createExecuteRun } from '../application/function-pool/execute-run.ts';
import { createParts } from '../application/parts.ts';
import { composePorts } from './compose-ports.ts';
import type { ExecuteEnv } from './env/schemas.ts';
import type { Logger } from './logger.ts';

/** It reaches public addresses only. */
export const composeExecute = (env: ExecuteEnv, log: Logger) => {
  const ports = composePorts(env, log);
  return {
    engine: { executeRun: createExecuteRun(ports, createParts(ports)) },
    execute: createFunctionExecutor([], createStepQueues(env.STEP_QUEUES)),
  };
};
