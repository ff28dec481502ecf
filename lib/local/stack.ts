/**
 * The whole application on one machine: what `npm start`, the demo, the tests and the benchmarks start. It runs what the
 * synthesised templates describe; nothing that they do not name exists here.
 */
import { join, resolve } from 'node:path';
import { chooseAdmin } from './admin.ts';
import type { AwsEndpoints, Engine, EngineOptions } from './engine.ts';
import { startAwsEngine } from './engine-aws.ts';
import { type Gateway, listen, serve } from './gateway/server.ts';
import { type LocalKeys, makeLocalKeys } from './local-keys.ts';
import { createLocalLog, type LogOptions } from './log.ts';
import { within } from './pause.ts';
import { requireNode } from './preflight.ts';
import { type LocalWorker, startLocalWorker } from './processes/local-worker.ts';
import { loadTemplates } from './template/load-templates.ts';
import type { NamedTemplate } from './template/resolver.ts';

export type LocalStackOptions = {
  /** 0 takes a free one. */
  readonly port: number;
  /** `aws`: emulators and a thread per function; `memory`: everything in this process, without Java. */
  readonly engine: 'aws' | 'memory';
  /** Whether a worker named `local` comes with it. */
  readonly worker: boolean;
  readonly log?: LogOptions;
  /** Absent: the application's own, synthesised. */
  readonly templates?: readonly NamedTemplate[];
  /** Where the functions' entries are looked for; absent: the repository. */
  readonly functionsRoot?: string;
  /**
   * `AWS_ENDPOINT_URL` in it names an emulator to use instead of ours; `CRONSAGA_ADMIN_USERNAME`, `_PASSWORD` and `_EMAIL`
   * are the first admin's.
   */
  readonly environment?: NodeJS.ProcessEnv;
};

export type LocalStack = {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly wsUrl: string;
  readonly port: number;
  /** The first admin. `password`: the one that this start has made up; undefined when it came from the environment. */
  readonly admin: { readonly username: string; readonly password: string | undefined };
  /** API key of the admin, which may do everything; new with every start, like the worker's. */
  readonly adminKey: string;
  /** API key with which a worker of any pool may connect. */
  readonly workerKey: string;
  /** The AWS endpoints behind it, for tests and tools; absent on the memory engine. */
  readonly aws: AwsEndpoints | undefined;
  /** API groups that answer without a credential. */
  readonly openGroups: readonly string[];
  /** Child processes, for measuring. */
  readonly pids: () => readonly number[];
  /** Resolves with the reason when a part ended that the stack cannot do without. */
  readonly failed: Promise<string>;
  /** Drains for at most this long, then ends everything it started. Once is enough; later calls wait for the first. */
  readonly stop: (drainMs?: number) => Promise<void>;
  /** Ends the child processes and what they run at once, for an exit that waits for nothing else. */
  readonly kill: () => Promise<void>;
};

export const REPOSITORY = resolve(import.meta.dirname, '../..');
/** Git ignores this folder: the keys of the running stack and the synthesised templates. */
export const STATE_DIR = join(REPOSITORY, '.cronsaga');

const DRAIN_MS = 5_000;
/** How long a stop waits for its keys to be taken back. */
const REVOKE_WITHIN_MS = 2_000;

const startEngine = async (
  { engine, environment = process.env }: LocalStackOptions,
  options: EngineOptions,
): Promise<Engine> => {
  if (engine === 'aws') {
    return startAwsEngine({ ...options, environment, endpoint: environment.AWS_ENDPOINT_URL });
  }
  // Loaded when it is wanted: it brings the whole application into this process.
  const { startMemoryEngine } = await import('./engine-memory.ts');
  return startMemoryEngine(options);
};

export const startLocalStack = async (options: LocalStackOptions): Promise<LocalStack> => {
  requireNode();
  const { generated, ...admin } = chooseAdmin(options.environment ?? process.env);
  const { server, port } = await listen(options.port);
  const log = createLocalLog(options.log ?? {});
  const stops: (() => Promise<void>)[] = [];
  let gateway: Gateway | undefined;
  let worker: LocalWorker | undefined;
  let engine: Engine | undefined;
  let keys: LocalKeys | undefined;
  const url = `http://127.0.0.1:${port}`;
  const compileCache = join(STATE_DIR, 'compile-cache');

  const stopAll = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse()) {
      await stop().catch((error: unknown) => log.logger('local').warn('A part could not be stopped', { error }));
    }
    if (gateway === undefined) {
      await new Promise((done) => server.close(done));
    }
    await log.close();
  };

  try {
    const templates = options.templates
      ? Promise.resolve(options.templates)
      : loadTemplates(REPOSITORY, join(STATE_DIR, 'templates'));
    // Awaited by the engine, after other things have begun.
    templates.catch(() => undefined);
    engine = await startEngine(options, {
      ...{ root: options.functionsRoot ?? REPOSITORY, port, admin, templates, log, compileCache },
      connections: () => gateway?.connections,
      onStarted: (stop) => stops.push(stop),
    });
    const { apis, accountId, accessKeyId, invoke } = engine;
    const serving = serve(server, { apis, accountId, accessKeyId, invoke, logger: log.logger('gateway') });
    gateway = serving;
    stops.push(serving.stop);
    keys = await makeLocalKeys(url, admin);
  } catch (error) {
    await stopAll();
    throw error;
  }

  const wsUrl = `ws://127.0.0.1:${port}`;
  if (options.worker) {
    worker = startLocalWorker({
      ...{ root: REPOSITORY, url: wsUrl, key: keys.workerKey, compileCache, logger: log.logger('local') },
      onOutput: (line) => log.take('worker', line),
    });
  }
  const { aws, openGroups, pids, failed, drain, kill, keepsData } = engine;
  const { adminKey, workerKey, revoke } = keys;

  const shutDown = async (drainMs: number): Promise<void> => {
    const deadline = Date.now() + drainMs;
    // First the worker, which still has results to report; then what is being handled.
    await worker?.stop(drainMs);
    if (keepsData) {
      await within(REVOKE_WITHIN_MS, revoke());
    }
    gateway?.refuseNew();
    await within(Math.max(0, deadline - Date.now()), drain());
    await stopAll();
  };
  let stopping: Promise<void> | undefined;
  return {
    url,
    wsUrl,
    port,
    admin: { username: admin.username, password: generated ? admin.password : undefined },
    adminKey,
    workerKey,
    aws,
    openGroups,
    pids: () => [...pids, ...(worker?.pid() === undefined ? [] : [worker.pid() ?? 0])],
    failed,
    stop: (drainMs = DRAIN_MS) => {
      stopping ??= shutDown(drainMs);
      return stopping;
    },
    kill: async () => {
      kill();
      await worker?.kill();
    },
  };
};
