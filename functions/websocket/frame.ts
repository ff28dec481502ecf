/** Handles workers' frames and the end of their sockets. */

import { composeFrameAccess } from '../../lib/platform/compose-authentication.ts';
import { composeEngine } from '../../lib/platform/compose-aws.ts';
import { readEnv } from '../../lib/platform/env/read-env.ts';
import { frameEnvSchema } from '../../lib/platform/env/schemas.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { createFrameHandler } from '../../lib/platform/websocket/frame-handler.ts';

const env = readEnv(frameEnvSchema);
const logger = createLogger({ level: env.LOG_LEVEL, fields: { function: 'frame', stage: env.STAGE } });

export const handler = createFrameHandler({
  engine: composeEngine(env, logger),
  access: composeFrameAccess(env, logger),
  logger,
});
