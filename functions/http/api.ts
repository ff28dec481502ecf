/** Answers every API request but those of identity. */

import { composeAdmission } from '../../lib/platform/compose-authentication.ts';
import { composeEngine } from '../../lib/platform/compose-aws.ts';
import { readEnv } from '../../lib/platform/env/read-env.ts';
import { httpEnvSchema, webSocketUrlOf } from '../../lib/platform/env/schemas.ts';
import { createApiHandler } from '../../lib/platform/http/api-handler.ts';
import { createLogger } from '../../lib/platform/logger.ts';

const env = readEnv(httpEnvSchema);
const logger = createLogger({ level: env.LOG_LEVEL, fields: { function: 'api', stage: env.STAGE } });

export const handler = createApiHandler({
  engine: composeEngine(env, logger),
  ...composeAdmission(env, logger),
  webSocketUrl: webSocketUrlOf(env),
  logger,
});
