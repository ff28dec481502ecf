/** Rings the alarms that are due. */
import { composeAlarms } from '../../lib/platform/compose-aws.ts';
import { readEnv } from '../../lib/platform/env/read-env.ts';
import { engineEnvSchema } from '../../lib/platform/env/schemas.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { createAlarmsHandler } from '../../lib/platform/queue/alarms-handler.ts';

const env = readEnv(engineEnvSchema);
const logger = createLogger({ level: env.LOG_LEVEL, fields: { function: 'alarms', stage: env.STAGE } });

export const handler = createAlarmsHandler({ ...composeAlarms(env, logger), logger });
