/** An instance of a function: the real handlers and use cases, composed over ports that lead to the simulated services. */
import { createMemoryHealth } from '../../../lib/adapters/memory/health.ts';
import { createAlarmSchedules } from '../../../lib/adapters/scheduler/alarm-schedules.ts';
import { createAlarmQueue, createBringBack } from '../../../lib/adapters/sqs/alarm-queue.ts';
import { createThreeTierAlarms } from '../../../lib/adapters/three-tier-alarms.ts';
import type { Engine } from '../../../lib/application/api.ts';
import { createEngine } from '../../../lib/application/engine.ts';
import { createAuthentication } from '../../../lib/application/identity/authentication.ts';
import { createFrameAccess } from '../../../lib/application/identity/frame-access.ts';
import type { Throttle } from '../../../lib/application/identity/throttle.ts';
import type { FunctionExecutorPort, FunctionOrder } from '../../../lib/application/ports/function-pool.ts';
import type { TokenVerifier } from '../../../lib/application/ports/identity.ts';
import type { Ports, Settings } from '../../../lib/application/ports/index.ts';
import { createApiHandler } from '../../../lib/platform/http/api-handler.ts';
import type { Logger } from '../../../lib/platform/logger.ts';
import { createAlarmsHandler } from '../../../lib/platform/queue/alarms-handler.ts';
import { createReconcileHandler } from '../../../lib/platform/schedule/reconcile-handler.ts';
import { createCountsHandler } from '../../../lib/platform/stream/counts-handler.ts';
import { createConnectHandler } from '../../../lib/platform/websocket/connect-handler.ts';
import { createFrameHandler } from '../../../lib/platform/websocket/frame-handler.ts';
import type { Stores } from './database.ts';
import type { QueueClient } from './queue.ts';
import type { SchedulesClient } from './schedules.ts';

export type Handlers = {
  readonly connect: ReturnType<typeof createConnectHandler>;
  readonly http: ReturnType<typeof createApiHandler>;
  readonly frame: ReturnType<typeof createFrameHandler>;
  readonly alarms: ReturnType<typeof createAlarmsHandler>;
  readonly counts: ReturnType<typeof createCountsHandler>;
  readonly reconcile: ReturnType<typeof createReconcileHandler>;
  /** Of the pool without workers. */
  readonly execute: (order: FunctionOrder) => Promise<void>;
  /** The use cases themselves, for what no HTTP API asks for yet. */
  readonly engine: Engine;
};
export type FunctionName = keyof Handlers;

/** What an instance reaches. */
export type Services = {
  readonly stores: Stores;
  readonly sockets: Ports['sockets'];
  readonly functionQueue: Ports['functionQueue'];
  readonly execute: FunctionExecutorPort;
  readonly queue: QueueClient;
  readonly schedules: SchedulesClient;
  readonly settings: Settings;
  readonly now: () => number;
  readonly chance: () => number;
  readonly token: () => string;
  readonly pause: (ms: number) => Promise<void>;
};

/** A port call on its way out of the instance: `runs.commit`, its arguments, and what carries it out. */
export type Call = (name: string, args: readonly unknown[], perform: () => Promise<unknown>) => Promise<unknown>;

const TARGET = { group: 'alarms', queueArn: 'queue', roleArn: 'role', deadLetterArn: 'dead-letters' };

/** Whoever calls over HTTP needs no credential (group D is open), and is never held back. */
const throttle: Throttle = async () => ({ kind: 'taken' });
/** Workers have keys, and nobody has a token. */
const verify: TokenVerifier = async () => ({ kind: 'invalid', reason: 'not_ours' });

type AllPorts = Ports & Pick<Stores, 'credentials' | 'audit'>;

const composePorts = (services: Services, call: Call, log: Logger): AllPorts => {
  const through = <Port extends object>(port: string, target: Port): Port =>
    Object.fromEntries(
      Object.entries(target).map(([key, method]) => [
        key,
        (...args: unknown[]) => call(`${port}.${key}`, args, () => method(...args)),
      ]),
    ) as Port;
  const { stores, settings, now, chance, token, pause } = services;
  const { backfills, ...methods } = stores.jobs;
  const alarms = createThreeTierAlarms(
    createAlarmQueue('queue', services.queue),
    createAlarmSchedules(TARGET, services.schedules),
    now,
  );
  return {
    runs: through('runs', stores.runs),
    data: through('data', stores.data),
    sessions: through('sessions', stores.sessions),
    connections: through('connections', stores.connections),
    exceptions: through('exceptions', stores.exceptions),
    idempotency: through('idempotency', stores.idempotency),
    counts: through('counts', stores.counts),
    jobs: { ...through('jobs', methods), backfills: through('backfills', backfills) },
    flows: through('flows', stores.flows),
    sagas: through('sagas', stores.sagas),
    sagaExceptions: through('sagaExceptions', stores.sagaExceptions),
    workers: through('workers', stores.workers),
    categories: through('categories', stores.categories),
    leases: through('leases', stores.leases),
    logs: through('logs', stores.logs),
    needs: through('needs', stores.needs),
    health: createMemoryHealth(),
    credentials: through('credentials', stores.credentials),
    audit: through('audit', stores.audit),
    functionQueue: through('functionQueue', services.functionQueue),
    sockets: through('sockets', services.sockets),
    alarms: through('alarms', alarms),
    log,
    settings,
    now,
    chance,
    token,
    pause,
  };
};

/** @returns the handler of a function, made when it is first asked for */
export const createInstance = (
  services: Services,
  call: Call,
  logger: Logger,
): (<Name extends FunctionName>(name: Name) => Handlers[Name]) => {
  const ports = composePorts(services, call, logger);
  const engine = createEngine(ports);
  const { connections, audit, now } = ports;
  const login = (): never => {
    throw new TypeError('Nobody logs in here');
  };
  const credentials = { key: ports.credentials.key, login };
  const authentication = createAuthentication({ credentials, audit, verify, log: logger, now });
  const made: { -readonly [Name in FunctionName]?: Handlers[Name] } = { engine };
  const bringBack = createBringBack('queue', services.queue);
  const make: { readonly [Name in FunctionName]: () => Handlers[Name] } = {
    http: () =>
      createApiHandler({
        engine,
        admission: { authentication, throttle, openGroups: ['D'] },
        record: audit.append,
        webSocketUrl: 'wss://ws.example.com/test',
        logger,
        now,
      }),
    connect: () => createConnectHandler({ authentication, connections, logger, now }),
    frame: () => {
      const access = createFrameAccess({ connections, credentials, audit, authentication, now });
      return createFrameHandler({ engine, access, logger });
    },
    alarms: () =>
      createAlarmsHandler({
        engine,
        logger,
        bringBack: async (handle, seconds) => {
          await call('alarms.bringBack', [handle, seconds], () => bringBack(handle, seconds));
        },
      }),
    counts: () => createCountsHandler(engine),
    reconcile: () => createReconcileHandler({ jobs: engine.jobs, logger }),
    execute: () => (order) => engine.executeRun(order, services.execute),
    engine: () => engine,
  };
  return (name) => {
    const handler = made[name] ?? make[name]();
    made[name] = handler;
    return handler;
  };
};
