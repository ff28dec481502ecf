/** The same use cases and handlers on the memory adapters: the engine behind `npm start -- --engine memory`. */
import type { Context } from 'aws-lambda';
import { createAlarmClock } from '../adapters/memory/alarm-clock.ts';
import { createMemoryRunStore } from '../adapters/memory/runs.ts';
import { createMemoryConnectionStore, createMemorySessionStore } from '../adapters/memory/sessions.ts';
import {
  createMemoryCountStore,
  createMemoryDataStore,
  createMemoryExceptionStore,
  createMemoryIdempotencyStore,
} from '../adapters/memory/side-stores.ts';
import type { CountedChange, Engine } from '../application/api.ts';
import { createEngine } from '../application/engine.ts';
import type { Run } from '../domain/run.ts';
import { httpEnvSchema } from './env/schemas.ts';
import { createApiHandler } from './http/api-handler.ts';
import { createDocsHandler } from './http/docs-handler.ts';
import type { Logger } from './logger.ts';
import { toSettings } from './settings.ts';
import { makeToken } from './token.ts';
import { createConnectHandler } from './websocket/connect-handler.ts';
import { createFrameHandler } from './websocket/frame-handler.ts';

/** How the engine reaches sockets that somebody else holds. */
export type MemorySockets = {
  readonly post: (conn: string, text: string) => Promise<'sent' | 'gone'>;
  readonly disconnect: (conn: string) => Promise<void>;
};

export type MemoryEngine = { readonly engine: Engine; readonly stop: () => void };

type Options = {
  readonly sockets: MemorySockets;
  readonly settings: ReturnType<typeof toSettings>;
  readonly log: Logger;
};

/** The memory adapters have one stream, with one shard. */
const STREAM_SHARD = 'memory';

const image = (run: Run | undefined): CountedChange['before'] => run && { handler: run.handler, status: run.status };

export const composeMemoryEngine = ({ sockets, settings, log }: Options): MemoryEngine => {
  const exceptions = createMemoryExceptionStore();
  let sequence = 0n;
  const runs = createMemoryRunStore((before, after) => {
    sequence += 1n;
    const [old, current] = [image(before), image(after)];
    const change = { sequence, ...(old && { before: old }), ...(current && { after: current }) };
    engine.countChanges(STREAM_SHARD, [change]).catch((error: unknown) => log.error('Counting failed', { error }));
  }, exceptions.recordRun);
  const alarms = createAlarmClock(
    (alarm) => engine.ring(alarm),
    (alarm, error) => log.error('An alarm could not be handled: it comes again', { key: alarm.key, error }),
  );
  const engine: Engine = createEngine({
    runs,
    data: createMemoryDataStore(),
    sessions: createMemorySessionStore(),
    connections: createMemoryConnectionStore(),
    exceptions,
    idempotency: createMemoryIdempotencyStore(),
    counts: createMemoryCountStore(),
    sockets: {
      post: (conn, frame) => sockets.post(conn, JSON.stringify(frame)),
      close: sockets.disconnect,
    },
    alarms,
    log,
    settings,
    now: Date.now,
    chance: Math.random,
    token: makeToken,
  });
  return { engine, stop: alarms.stop };
};

/** The variables that the functions of this engine read; the rest of their environment names AWS resources. */
const memoryEnvSchema = httpEnvSchema.pick({
  POOL_SHARDS: true,
  RUN_RETENTION_DAYS: true,
  OPEN_GROUPS: true,
  WORKER_TOKEN_SHA256: true,
});

/** A function as a gateway calls it: what it is given is the gateway's to get right, as it is API Gateway's in the cloud. */
export type LocalHandler = (event: unknown, context: unknown) => Promise<unknown>;

const asLocal =
  <Event>(handler: (event: Event, context: Context) => Promise<unknown>): LocalHandler =>
  (event, context) =>
    handler(event as Event, context as Context);

export type MemoryHandlers = {
  /** By entry, as the template names it. Queue and stream have none: alarms and counts stay inside. */
  readonly handlers: Readonly<Record<string, LocalHandler>>;
  readonly close: () => Promise<void>;
};

export const createMemoryHandlers = async (options: {
  readonly post: MemorySockets['post'];
  readonly disconnect: MemorySockets['disconnect'];
  readonly env: Readonly<Record<string, string>>;
  readonly logger: Logger;
}): Promise<MemoryHandlers> => {
  const { post, disconnect, logger } = options;
  const env = memoryEnvSchema.parse(options.env);
  const { engine, stop } = composeMemoryEngine({
    sockets: { post, disconnect },
    settings: toSettings(env),
    log: logger,
  });
  return {
    handlers: {
      'functions/http/api.ts': asLocal(
        createApiHandler({
          engine,
          logger,
          openGroups: env.OPEN_GROUPS,
          workerTokenSha256: env.WORKER_TOKEN_SHA256,
        }),
      ),
      'functions/http/docs.ts': asLocal(createDocsHandler({ logger })),
      'functions/websocket/connect.ts': asLocal(
        createConnectHandler({ workerTokenSha256: env.WORKER_TOKEN_SHA256, logger }),
      ),
      'functions/websocket/frame.ts': asLocal(createFrameHandler({ engine, logger })),
    },
    close: async () => stop(),
  };
};
