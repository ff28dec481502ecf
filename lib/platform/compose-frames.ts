/** What takes workers' frames: of the engine the sessions, and no schedules. */
import { createFrames, type Frames } from '../application/frames.ts';
import { createParts } from '../application/parts.ts';
import { composePorts, type Surroundings } from './compose-ports.ts';
import type { EngineEnv } from './env/schemas.ts';
import type { Logger } from './logger.ts';

export const composeFrames = (env: EngineEnv, log: Logger, surroundings: Surroundings = {}): Frames => {
  const ports = composePorts(env, log, surroundings);
  return createFrames(ports, createParts(ports));
};
