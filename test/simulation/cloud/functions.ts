/**
 * Lambda: instances that handle one event at a time. An instance that dies in the middle of a port call is never heard of
 * again; what it had sent by then is still carried out.
 */

import type { Logger } from '../../../lib/platform/logger.ts';
import type { Basics } from '../basics.ts';
import type { Ended } from './ended.ts';
import { type Call, createInstance, type FunctionName, type Handlers, type Services } from './instance.ts';
import type { Network } from './network.ts';

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

type Surroundings = Basics & {
  readonly network: Network;
  readonly services: Services;
};

type Invocation = { readonly label: string; alive: boolean; readonly die: () => void };
/** It handles one invocation at a time; one that died is not used again. */
type Instance = { invocation: Invocation | undefined; readonly handlerOf: ReturnType<typeof createInstance> };

/** For whoever waits for a process that is no more. One of its own each time: those who wait for it go with it. */
const never = (): Promise<never> => new Promise(() => undefined);

/** A function that stood still longer than any alarm waits for its commit (90 s). */
const FROZEN_LEAST_MS = 20_000;
const FROZEN_MOST_MS = 150_000;
/** One read unit's worth (D2). */
const SESSIONS_PER_LOOK = 8;
const SESSIONS_PER_POOL_LOOK = 200;

const brief = (value: unknown): string => {
  const plain = (_key: string, inner: unknown): unknown => (typeof inner === 'bigint' ? Number(inner) : inner);
  const text = value === undefined ? '' : JSON.stringify(value, plain);
  return text.length > 160 ? `${text.slice(0, 157)}…` : text;
};

/** Errors that only wrong code makes: they are no fault of the world. */
const isMistake = (error: unknown): error is Error =>
  error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;

export const createFunctions = ({
  timeline,
  chance,
  faults,
  ledger,
  say,
  network,
  services,
}: Surroundings): Functions => {
  const { backfills, ...jobs } = services.stores.jobs;
  const calls = new Map<string, number>(
    Object.entries({
      ...services.stores,
      jobs,
      backfills,
      sockets: services.sockets,
      functionQueue: services.functionQueue,
    }).flatMap(([port, methods]) => Object.keys(methods).map((method): [string, number] => [`${port}.${method}`, 0])),
  );
  const crashed = new Set<string>();
  const idle = new Map<FunctionName, Instance[]>();
  /** The port call before which the next function dies, as the story wants it. */
  let doomed: string | undefined;
  let invocations = 0;
  let atWork = 0;

  const createLog = (invocation: () => Invocation | undefined): Logger => {
    const at = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
      const error = fields?.error;
      say(() => [
        invocation()?.label ?? 'function',
        `${level}: ${message} ${error instanceof Error ? error.message : brief(fields)}`,
      ]);
      ledger.must(!isMistake(error), 'no_error', () => `${message}: ${(error as Error).stack}`);
    };
    const log: Logger = {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      with: () => log,
    };
    return log;
  };

  /** What costs: sessions read in one look, and claims that were lost (H14, H16). */
  const account = (name: string, [first]: readonly unknown[], answer: unknown): void => {
    if (name === 'sessions.look') {
      const read = (answer as { readonly sessions: readonly unknown[] }).sessions.length;
      // Strategies that compare workers, and runs that few of them may take, read the pool (D8).
      const { limit = SESSIONS_PER_LOOK } = first as { readonly limit?: number };
      const most = limit === SESSIONS_PER_LOOK ? limit : SESSIONS_PER_POOL_LOOK;
      ledger.must(read <= most, 'cost_bounded', () => `a look for credit read ${read} sessions`);
    } else if (name === 'runs.commit' && (first as { readonly transition: string }).transition === 'claim') {
      ledger.onClaim((answer as { readonly kind: string }).kind === 'won');
    }
  };

  const callFrom = async (
    invocation: Invocation | undefined,
    ...[name, args, perform]: Parameters<Call>
  ): Promise<unknown> => {
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
      ledger.onSlow();
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

  const openInstance = (): Instance => {
    const call: Call = (...what) => callFrom(instance.invocation, ...what);
    const log = createLog(() => instance.invocation);
    const instance: Instance = { invocation: undefined, handlerOf: createInstance(services, call, log) };
    return instance;
  };

  return {
    invoke: (name, work) =>
      new Promise((resolve) => {
        const pool = idle.get(name) ?? [];
        idle.set(name, pool);
        const instance = pool.pop() ?? openInstance();
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
        work(instance.handlerOf(name)).then(
          (answer) => {
            if (invocation.alive) {
              pool.push(instance);
            }
            end({ kind: 'answered', answer }, resolve);
          },
          (error: unknown) => {
            say(() => [invocation.label, `throws ${String(error)}`]);
            ledger.must(!isMistake(error), 'no_error', () => `${name} threw ${(error as Error).stack}`);
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
