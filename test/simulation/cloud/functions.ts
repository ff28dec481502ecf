/**
 * Lambda: instances that handle one event at a time. An instance that dies in the middle of a port call is never heard of
 * again; what it had sent by then is still carried out.
 */

import { createAlarmSchedules } from '../../../lib/adapters/scheduler/alarm-schedules.ts';
import { createAlarmQueue, createBringBack } from '../../../lib/adapters/sqs/alarm-queue.ts';
import { createThreeTierAlarms } from '../../../lib/adapters/three-tier-alarms.ts';
import type { Engine } from '../../../lib/application/api.ts';
import { createEngine } from '../../../lib/application/engine.ts';
import type { Ports, Settings } from '../../../lib/application/ports/index.ts';
import { createApiHandler } from '../../../lib/platform/http/api-handler.ts';
import type { Logger } from '../../../lib/platform/logger.ts';
import { createAlarmsHandler } from '../../../lib/platform/queue/alarms-handler.ts';
import { createCountsHandler } from '../../../lib/platform/stream/counts-handler.ts';
import { createFrameHandler } from '../../../lib/platform/websocket/frame-handler.ts';
import type { Faults } from '../faults.ts';
import type { Ledger } from '../ledger.ts';
import type { Timeline } from '../timeline.ts';
import type { Say } from '../trace.ts';
import type { Stores } from './database.ts';
import type { Ended } from './ended.ts';
import type { Network } from './network.ts';
import type { QueueClient } from './queue.ts';
import type { SchedulesClient } from './schedules.ts';

export type Handlers = {
  readonly http: ReturnType<typeof createApiHandler>;
  readonly frame: ReturnType<typeof createFrameHandler>;
  readonly alarms: ReturnType<typeof createAlarmsHandler>;
  readonly counts: ReturnType<typeof createCountsHandler>;
  /** The use cases themselves, for what no HTTP API asks for yet. */
  readonly engine: Engine;
};
export type FunctionName = keyof Handlers;

export type Functions = {
  /** Runs a function. Never rejects: what a handler throws has died, as it has for Lambda. */
  readonly invoke: <Name extends FunctionName, Answer>(
    name: Name,
    work: (handler: Handlers[Name]) => Promise<Answer>,
  ) => Promise<Ended<Answer>>;
  /** The next function that makes this port call dies before it: a story that needs a crash to begin with. */
  readonly dieBefore: (name: string) => void;
  /** Invocations that are at work. */
  readonly atWork: () => number;
  /** Calls of each port so far, of every port that there is. */
  readonly calls: ReadonlyMap<string, number>;
  /** Ports whose calls were crashed at: `<when> <name>`. */
  readonly crashed: ReadonlySet<string>;
};

type Surroundings = {
  readonly timeline: Timeline;
  readonly chance: () => number;
  readonly token: () => string;
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly say: Say;
  readonly network: Network;
  readonly stores: Stores;
  readonly sockets: Ports['sockets'];
  readonly queue: QueueClient;
  readonly schedules: SchedulesClient;
  readonly settings: Settings;
};

type Invocation = { readonly label: string; alive: boolean; readonly die: () => void };
type Instance = { invocation: Invocation | undefined; readonly handlers: Partial<Handlers>; readonly ports: Ports };

/** For whoever waits for a process that is no more. One of its own each time: those who wait for it go with it. */
const never = (): Promise<never> => new Promise(() => undefined);

/** A function that stood still longer than any alarm waits for its commit (90 s). */
const FROZEN_LEAST_MS = 20_000;
const FROZEN_MOST_MS = 150_000;
/** One read unit's worth (D2). */
const SESSIONS_PER_LOOK = 8;

const brief = (value: unknown): string => {
  const text = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner));
  return text === undefined ? '' : text.length > 160 ? `${text.slice(0, 157)}…` : text;
};

export const createFunctions = (world: Surroundings): Functions => {
  const { timeline, chance, faults, ledger, say, network } = world;
  const calls = new Map<string, number>(
    Object.entries({ ...world.stores, sockets: world.sockets }).flatMap(([port, methods]) =>
      Object.keys(methods).map((method) => [`${port}.${method}`, 0]),
    ),
  );
  const crashed = new Set<string>();
  const idle = new Map<FunctionName, Instance[]>();
  /** The port call before which the next function dies, as the story wants it. */
  let doomed: string | undefined;
  let invocations = 0;
  let atWork = 0;

  const log = (invocation: () => Invocation | undefined): Logger => {
    const at = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
      const reason = fields?.error;
      say(() => [
        invocation()?.label ?? 'function',
        `${level}: ${message} ${reason instanceof Error ? reason.message : brief(fields)}`,
      ]);
      // What the code under test gets wrong by itself is no fault of the world.
      if (reason instanceof TypeError || reason instanceof RangeError || reason instanceof ReferenceError) {
        ledger.fail('no_error', `${message}: ${reason.stack}`);
      }
    };
    const logger: Logger = {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      with: () => logger,
    };
    return logger;
  };

  /** What costs: sessions read in one look, and claims that were lost (H14, H16). */
  const account = (name: string, [first]: readonly unknown[], answer: unknown): void => {
    if (name === 'sessions.look') {
      const read = (answer as { readonly sessions: readonly unknown[] }).sessions.length;
      ledger.must(read <= SESSIONS_PER_LOOK, 'cost_bounded', () => `a look for credit read ${read} sessions`);
    } else if (name === 'runs.commit' && (first as { readonly transition: string }).transition === 'claim') {
      ledger.onClaim((answer as { readonly kind: string }).kind === 'won');
    }
  };

  const call = async (
    instance: Instance,
    name: string,
    args: readonly unknown[],
    perform: () => Promise<unknown>,
  ): Promise<unknown> => {
    const { invocation } = instance;
    if (invocation?.alive !== true) {
      return never();
    }
    calls.set(name, (calls.get(name) ?? 0) + 1);
    if (doomed === name || faults.strike('crash_before')) {
      doomed = undefined;
      crashed.add(`before ${name}`);
      invocation.die();
      return never();
    }
    if (faults.strike('frozen')) {
      await timeline.pause(FROZEN_LEAST_MS + chance() * (FROZEN_MOST_MS - FROZEN_LEAST_MS));
    }
    let answer: unknown;
    try {
      answer = await network.send(name, args, perform);
    } catch (error) {
      say(() => [
        invocation.label,
        `${name} ${brief(args)} failed: ${error instanceof Error ? error.message : String(error)}`,
      ]);
      if (!invocation.alive) {
        return never();
      }
      throw error;
    }
    say(() => [invocation.label, `${name} ${brief(args)} → ${brief(answer)}`]);
    account(name, args, answer);
    if (invocation.alive && faults.strike('crash_after')) {
      crashed.add(`after ${name}`);
      invocation.die();
    }
    return invocation.alive ? answer : never();
  };

  const createInstance = (): Instance => {
    const through = <Port extends object>(port: string, target: Port): Port =>
      Object.fromEntries(
        Object.entries(target).map(([key, method]) => [
          key,
          (...args: unknown[]) => call(instance, `${port}.${key}`, args, () => method(...args)),
        ]),
      ) as Port;
    const { stores } = world;
    const ports: Ports = {
      runs: through('runs', stores.runs),
      data: through('data', stores.data),
      sessions: through('sessions', stores.sessions),
      connections: through('connections', stores.connections),
      exceptions: through('exceptions', stores.exceptions),
      idempotency: through('idempotency', stores.idempotency),
      counts: through('counts', stores.counts),
      sockets: through('sockets', world.sockets),
      alarms: through(
        'alarms',
        createThreeTierAlarms(
          createAlarmQueue('queue', world.queue),
          createAlarmSchedules(
            { group: 'alarms', queueArn: 'queue', roleArn: 'role', deadLetterArn: 'dead-letters' },
            world.schedules,
          ),
          timeline.now,
        ),
      ),
      log: log(() => instance.invocation),
      settings: world.settings,
      now: timeline.now,
      chance,
      token: world.token,
    };
    const instance: Instance = { invocation: undefined, handlers: {}, ports };
    return instance;
  };

  const build = (name: FunctionName, instance: Instance): Handlers[FunctionName] => {
    const engine = createEngine(instance.ports);
    const logger = log(() => instance.invocation);
    const bringBack = createBringBack('queue', world.queue);
    switch (name) {
      case 'http':
        return createApiHandler({ engine, logger, openGroups: ['D'], workerTokenSha256: '', now: timeline.now });
      case 'frame':
        return createFrameHandler({ engine, logger });
      case 'alarms':
        return createAlarmsHandler({
          engine,
          logger,
          bringBack: async (handle, seconds) => {
            await call(instance, 'alarms.bringBack', [handle, seconds], () => bringBack(handle, seconds));
          },
        });
      case 'counts':
        return createCountsHandler(engine);
      case 'engine':
        return engine;
    }
  };

  const handlerOf = <Name extends FunctionName>(name: Name, instance: Instance): Handlers[Name] => {
    const handlers: { -readonly [K in FunctionName]?: Handlers[K] } = instance.handlers;
    handlers[name] ??= build(name, instance) as Handlers[Name];
    return handlers[name] as Handlers[Name];
  };

  return {
    invoke: (name, work) =>
      new Promise((resolve) => {
        const pool = idle.get(name) ?? [];
        idle.set(name, pool);
        const instance = pool.pop() ?? createInstance();
        invocations += 1;
        atWork += 1;
        const end = <Answer>(ended: Ended<Answer>, resolveEnded: (ended: Ended<Answer>) => void): void => {
          if (invocation.alive) {
            invocation.alive = false;
            atWork -= 1;
            resolveEnded(ended);
          }
        };
        const invocation: Invocation = {
          label: `${name}#${invocations}`,
          alive: true,
          die: () => {
            say(() => [invocation.label, 'dies']);
            end({ kind: 'died' }, resolve);
          },
        };
        instance.invocation = invocation;
        work(handlerOf(name, instance)).then(
          (answer) => {
            if (invocation.alive) {
              pool.push(instance);
            }
            end({ kind: 'answered', answer }, resolve);
          },
          (error: unknown) => {
            say(() => [invocation.label, `throws ${String(error)}`]);
            if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) {
              ledger.fail('no_error', `${name} threw ${error.stack}`);
            }
            end({ kind: 'died' }, resolve);
          },
        );
      }),
    atWork: () => atWork,
    dieBefore: (name) => {
      doomed = name;
    },
    calls,
    crashed,
  };
};
