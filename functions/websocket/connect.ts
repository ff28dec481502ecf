/** Checks a worker's API key when its socket opens. */
import { composeConnect } from '../../lib/platform/compose-authentication.ts';
import { readEnv } from '../../lib/platform/env/read-env.ts';
import { connectEnvSchema } from '../../lib/platform/env/schemas.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { createConnectHandler } from '../../lib/platform/websocket/connect-handler.ts';

const env = readEnv(connectEnvSchema);
const logger = createLogger({ level: env.LOG_LEVEL, fields: { function: 'connect', stage: env.STAGE } });

export const handler = createConnectHandler({ ...composeConnect(env, logger), logger });
