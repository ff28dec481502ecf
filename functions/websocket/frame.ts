/** Handles workers' frames and the end of their sockets. */

import { composeFrameAccess } from '../../lib/platform/compose-authentication.ts';
import { composeFrames } from '../../lib/platform/compose-frames.ts';
import { readEnv } from '../../lib/platform/env/read-env.ts';
import { engineEnvSchema } from '../../lib/platform/env/schemas.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { createFrameHandler } from '../../lib/platform/websocket/frame-handler.ts';

const env = readEnv(engineEnvSchema);
const logger = createLogger({ level: env.LOG_LEVEL, fields: { function: 'frame', stage: env.STAGE } });

export const handler = createFrameHandler({
  engine: composeFrames(env, logger),
  access: composeFrameAccess(env, logger),
  logger,
});
