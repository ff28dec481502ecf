/** Gives back their alarms to jobs that lost them. */
import { composeEngine } from '../../lib/platform/compose-aws.ts';
import { readEnv } from '../../lib/platform/env/read-env.ts';
import { engineEnvSchema } from '../../lib/platform/env/schemas.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { createReconcileHandler } from '../../lib/platform/schedule/reconcile-handler.ts';

const env = readEnv(engineEnvSchema);
const logger = createLogger({ level: env.LOG_LEVEL, fields: { function: 'reconcile', stage: env.STAGE } });

export const handler = createReconcileHandler({ jobs: composeEngine(env, logger).jobs, logger });
