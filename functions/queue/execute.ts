/** Executes the runs of the pool without workers. */
import { composeExecute } from '../../lib/platform/compose-execute.ts';
import { readEnv } from '../../lib/platform/env/read-env.ts';
import { executeEnvSchema } from '../../lib/platform/env/schemas.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { createFunctionRunsHandler } from '../../lib/platform/queue/function-runs-handler.ts';

const env = readEnv(executeEnvSchema);
const logger = createLogger({ level: env.LOG_LEVEL, fields: { function: 'execute', stage: env.STAGE } });

export const handler = createFunctionRunsHandler({ ...composeExecute(env, logger), logger });
