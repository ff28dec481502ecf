/** Checks a worker's token when its socket opens. */
import { readEnv } from '../../lib/platform/env/read-env.ts';
import { connectEnvSchema } from '../../lib/platform/env/schemas.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { createConnectHandler } from '../../lib/platform/websocket/connect-handler.ts';

const env = readEnv(connectEnvSchema);

export const handler = createConnectHandler({
  workerTokenSha256: env.WORKER_TOKEN_SHA256,
  logger: createLogger({ level: env.LOG_LEVEL, fields: { function: 'connect', stage: env.STAGE } }),
});
