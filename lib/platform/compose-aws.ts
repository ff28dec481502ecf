/**
 * The whole wiring on AWS: environment in, engine out. Built once per function instance, at module scope. A function that needs
 * a part of the engine has a composition of its own beside this one, so that its bundle holds no more.
 */
import { createBringBack } from '../adapters/sqs/alarm-queue.ts';
import type { Engine } from '../application/api.ts';
import { createEngine } from '../application/engine.ts';
import { composePorts, type Surroundings } from './compose-ports.ts';
import type { EngineEnv } from './env/schemas.ts';
import type { Logger } from './logger.ts';

export const composeEngine = (env: EngineEnv, log: Logger, surroundings: Surroundings = {}): Engine =>
  createEngine(composePorts(env, log, surroundings));

/** The alarms' consumer also decides when a message that failed comes again. */
export const composeAlarms = (env: EngineEnv, log: Logger) => ({
  engine: composeEngine(env, log),
  bringBack: createBringBack(env.ALARM_QUEUE_URL),
});
