/** The same use cases and handlers on the memory adapters: the engine behind `npm start -- --engine memory`. */
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { createFunctionExecutor } from '../adapters/function-pool/executor.ts';
import { createAlarmClock } from '../adapters/memory/alarm-clock.ts';
import { createMemoryFleetStores } from '../adapters/memory/fleet/stores.ts';
import { createMemoryHealth } from '../adapters/memory/health.ts';
import { createMemoryIdentityStores } from '../adapters/memory/identity/stores.ts';
import { createMemoryJobStore } from '../adapters/memory/jobs/jobs.ts';
import { createMemoryRunStore } from '../adapters/memory/runs.ts';
import { createMemorySagaStores } from '../adapters/memory/sagas/sagas.ts';
import { createMemoryConnectionStore, createMemorySessionStore } from '../adapters/memory/sessions.ts';
import {
  createMemoryCountStore,
  createMemoryDataStore,
  createMemoryExceptionStore,
  createMemoryIdempotencyStore,
} from '../adapters/memory/side-stores.ts';
import { createLocalSigning } from '../adapters/memory/signing-key.ts';
import { createMemoryStepQueues } from '../adapters/memory/step-queues.ts';
import { createBcryptPasswords } from '../adapters/passwords/bcrypt.ts';
import { createTokenVerifier } from '../adapters/tokens/token-verifier.ts';
import type { CountedChange, Engine } from '../application/api.ts';
import { createEngine } from '../application/engine.ts';
import type { Identity } from '../application/identity/api.ts';
import { createAuthentication } from '../application/identity/authentication.ts';
import { createFrameAccess } from '../application/identity/frame-access.ts';
import { createIdentity } from '../application/identity/identity.ts';
import { createThrottle } from '../application/identity/throttle.ts';
import type { AuthenticationPorts } from '../application/ports/identity.ts';
import type { ConnectionStore } from '../application/ports/index.ts';
import { issuerOf } from './compose-authentication.ts';
import { firstAdminOf } from './compose-identity.ts';
import { httpEnvSchema, identityEnvSchema, webSocketUrlOf } from './env/schemas.ts';
import { createApiHandler } from './http/api-handler.ts';
import { createDocsHandler } from './http/docs-handler.ts';
import type { Admission } from './http/http-handler.ts';
import { createIdentityHandler } from './http/identity-handler.ts';
import type { Logger } from './logger.ts';
import { CHANGES } from './memory-stream.ts';
import { pause } from './pause.ts';
import { toSettings } from './settings.ts';
import { makeSecret, makeToken } from './token.ts';
import { createConnectHandler } from './websocket/connect-handler.ts';
import { createFrameHandler } from './websocket/frame-handler.ts';

/** How the engine reaches sockets that somebody else holds. */
export type MemorySockets = {
  readonly post: (conn: string, text: string) => Promise<'sent' | 'gone'>;
  readonly disconnect: (conn: string) => Promise<void>;
};

export type MemoryEngine = {
  readonly engine: Engine;
  readonly connections: ConnectionStore;
  readonly stop: () => void;
};

type Options = {
  readonly sockets: MemorySockets;
  readonly settings: ReturnType<typeof toSettings>;
  readonly log: Logger;
};

/** The queue that steps of flows may send to on this machine. */
const LOCAL_STEP_QUEUE = 'demo';

/** The memory adapters have one stream, with one shard. */
const STREAM_SHARD = 'memory';

export const composeMemoryEngine = ({ sockets, settings, log }: Options): MemoryEngine => {
  const exceptions = createMemoryExceptionStore();
  let sequence = 0n;
  const count = (change: Omit<CountedChange, 'sequence'>): void => {
    sequence += 1n;
    engine
      .countChanges(STREAM_SHARD, [{ sequence, ...change }])
      .catch((error: unknown) => log.error('Counting failed', { error }));
  };
  const runs = createMemoryRunStore((before, after) => count(CHANGES.run(before, after)), exceptions.recordRun);
  const alarms = createAlarmClock(
    (alarm) => engine.ring(alarm),
    (alarm, error) => log.error('An alarm could not be handled: it comes again', { key: alarm.key, error }),
  );
  const connections = createMemoryConnectionStore();
  const stepQueues = createMemoryStepQueues([LOCAL_STEP_QUEUE], ({ queue, dedup }) =>
    log.info('A step has sent a message, which nobody receives', { queue, run: dedup }),
  );
  const execute = createFunctionExecutor([], stepQueues);
  const engine: Engine = createEngine({
    runs,
    data: createMemoryDataStore(),
    sessions: createMemorySessionStore(),
    connections,
    exceptions,
    jobs: createMemoryJobStore(),
    ...createMemorySagaStores(runs, {
      onSaga: (before, after) => count(CHANGES.saga(before, after)),
      onException: (before, after) => count(CHANGES.exception(before, after)),
    }),
    ...createMemoryFleetStores(),
    health: createMemoryHealth(),
    idempotency: createMemoryIdempotencyStore(),
    counts: createMemoryCountStore(),
    sockets: {
      post: (conn, frame) => sockets.post(conn, JSON.stringify(frame)),
      close: sockets.disconnect,
    },
    alarms,
    functionQueue: {
      send: async (order) => {
        setImmediate(() =>
          engine
            .executeRun(order, execute)
            .catch((error: unknown) => log.error('A run could not be executed', { ...order, error })),
        );
      },
    },
    log,
    settings,
    now: Date.now,
    pause,
    chance: Math.random,
    token: makeToken,
  });
  return { engine, connections, stop: alarms.stop };
};

/** The variables that the functions of this engine read; the rest of their environment names AWS resources. */
const memoryEnvSchema = httpEnvSchema
  .pick({
    STAGE: true,
    POOL_SHARDS: true,
    RUN_RETENTION_DAYS: true,
    PRIORITY_AGEING_SECONDS: true,
    OPEN_GROUPS: true,
    CLOSED_METRICS: true,
    TOKEN_ISSUERS: true,
    THROTTLE_RATE: true,
    THROTTLE_BURST: true,
    CONNECTIONS_URL: true,
    WEBSOCKET_URL: true,
  })
  .extend(
    z.object(identityEnvSchema.shape).pick({
      CRONSAGA_ADMIN_USERNAME: true,
      CRONSAGA_ADMIN_PASSWORD: true,
      CRONSAGA_ADMIN_EMAIL: true,
    }).shape,
  );
type MemoryEnv = z.infer<typeof memoryEnvSchema>;

/** Identity on memory stores: the same use cases, real bcrypt, a token key of this process. */
const composeMemoryIdentity = (
  env: MemoryEnv,
  logger: Logger,
): { readonly identity: Identity; readonly admission: Admission; readonly ports: AuthenticationPorts } => {
  const stores = createMemoryIdentityStores();
  const issuer = issuerOf(env.STAGE);
  const verify = createTokenVerifier({ publicKeys: stores.publicKeys.read, issuer, issuers: env.TOKEN_ISSUERS });
  const ports = { credentials: stores.credentials, audit: stores.audit, verify, log: logger, now: Date.now };
  const throttle = createThrottle({
    store: stores.throttle,
    ratePerSecond: env.THROTTLE_RATE,
    burst: env.THROTTLE_BURST,
    now: Date.now,
  });
  return {
    ports,
    admission: {
      authentication: createAuthentication(ports),
      throttle,
      openGroups: env.OPEN_GROUPS,
      closedMetrics: env.CLOSED_METRICS,
    },
    identity: createIdentity({
      ...stores,
      ...{ verify, issuer, throttle, log: logger, now: Date.now },
      ...{ chance: Math.random, token: makeToken, secret: makeSecret },
      passwords: createBcryptPasswords(),
      signing: createLocalSigning(),
      idempotency: createMemoryIdempotencyStore(),
      firstAdmin: firstAdminOf(env),
    }),
  };
};

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
  const { engine, connections, stop } = composeMemoryEngine({
    sockets: { post, disconnect },
    settings: toSettings(env),
    log: logger,
  });
  const { identity, admission, ports } = composeMemoryIdentity(env, logger);
  const { authentication } = admission;
  return {
    handlers: {
      'functions/http/api.ts': asLocal(
        createApiHandler({ engine, admission, record: ports.audit.append, webSocketUrl: webSocketUrlOf(env), logger }),
      ),
      'functions/http/docs.ts': asLocal(createDocsHandler({ logger })),
      'functions/http/identity.ts': asLocal(createIdentityHandler({ identity, admission, logger })),
      'functions/websocket/connect.ts': asLocal(
        createConnectHandler({ authentication, connections, logger, now: Date.now }),
      ),
      'functions/websocket/frame.ts': asLocal(
        createFrameHandler({ engine, access: createFrameAccess({ ...ports, authentication, connections }), logger }),
      ),
    },
    close: async () => stop(),
  };
};
