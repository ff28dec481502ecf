import { randomUUID } from 'node:crypto';
import { handlerNameSchema } from '../contracts/frames.ts';
import { MAX_HANDLERS } from '../contracts/limits.ts';
import { type Agent, createAgent } from './agent.ts';
import { builtIns } from './built-in/index.ts';
import { type Categories, createCategories } from './categories.ts';
import { type Clock, systemClock } from './clock.ts';
import { CONNECTOR_TIMINGS, type ConnectorTimings } from './connector.ts';
import { type Handler, inProcess, type Registered } from './handlers.ts';
import { openLink } from './link.ts';
import { createTextLogger, type WorkerLogger } from './logger.ts';
import { type CheckedOptions, checkOptions, type WorkerOptions } from './options.ts';
import { httpUrlBeside, loadPayload } from './order-payload.ts';
import { defaultSpoolDirectory, openSpool } from './spool.ts';
import { createStoreOutput } from './whole-output.ts';

/** What `drain` allows when it is told nothing. */
export const DRAIN_MS = 60_000;

/** What the worker takes from its surroundings; the tests replace it. @internal */
export type Surroundings = {
  readonly clock: Clock;
  readonly random: () => number;
  readonly timings: ConnectorTimings;
};

/**
 * A program that connects to the control plane and executes runs.
 *
 *     const worker = new Worker({ url, token, name: 'mailer' })
 *       .handle('send_email', async (task, context) => send(task.payload, context.signal));
 *     await worker.start();
 */
export class Worker {
  readonly #options: CheckedOptions;
  readonly #logger: WorkerLogger;
  readonly #surroundings: Surroundings;
  readonly #handlers = new Map<string, Registered>();
  readonly #categories: Categories;
  #agent: Agent | undefined;
  #welcomed: Promise<void> | undefined;
  #settleStart: () => void = () => {};

  /** Throws an OptionsError when an option is wrong. */
  constructor(options: WorkerOptions, surroundings: Partial<Surroundings> = {}) {
    this.#options = checkOptions(options);
    this.#logger = options.logger ?? createTextLogger((line) => process.stderr.write(line));
    this.#surroundings = { clock: systemClock, random: Math.random, timings: CONNECTOR_TIMINGS, ...surroundings };
    const { clock } = this.#surroundings;
    this.#categories = createCategories({ mayRun: this.#options.allow.includes('shell'), clock, logger: this.#logger });
    for (const [name, execute] of builtIns(this.#options.allow, this.#options.allowNetwork)) {
      this.#register(name, { execute, idempotent: false });
    }
  }

  /**
   * Registers a handler under the name that tasks call it by, before `start`. `idempotent`: running twice does no harm,
   * so the handler is not stopped when the control plane has given this worker's session up.
   */
  handle(name: string, handler: Handler, { idempotent = false }: { readonly idempotent?: boolean } = {}): this {
    if (this.#agent !== undefined) throw new Error(`Register the handler "${name}" before start().`);
    if (!handlerNameSchema.safeParse(name).success) throw new Error('A handler name has 1 to 50 characters.');
    this.#register(name, { execute: inProcess(handler), idempotent });
    return this;
  }

  /**
   * Connects, and reconnects for ever. Resolves when the control plane has welcomed the worker for the first time,
   * however long that takes, or when the worker was stopped before. Throws when the spool directory cannot be used.
   */
  async start(): Promise<void> {
    this.#welcomed ??= this.#begin();
    await this.#welcomed;
  }

  /**
   * Takes no more, finishes what it has (for `withinMs` at most; the rest is killed), says goodbye, closes and undoes what was
   * set up for categories.
   */
  async drain(withinMs: number = DRAIN_MS): Promise<void> {
    await this.#agent?.drain(withinMs);
    await this.#categories.teardown();
    this.#settleStart();
  }

  /** Kills what runs, says goodbye and closes; also while it drains. */
  async stop(): Promise<void> {
    await this.#agent?.stop();
    this.#settleStart();
  }

  #register(name: string, registered: Registered): void {
    if (this.#handlers.has(name)) throw new Error(`There is a handler named "${name}" already.`);
    if (this.#handlers.size === MAX_HANDLERS) throw new Error(`A worker has at most ${MAX_HANDLERS} handlers.`);
    this.#handlers.set(name, registered);
  }

  #begin(): Promise<void> {
    const { url, token, name, pool, maxTasks, tags, worker, labels, categories } = this.#options;
    const logger = this.#logger;
    const { clock } = this.#surroundings;
    const httpUrl = this.#options.httpUrl ?? httpUrlBeside(url);
    if (isPlain(url)) logger.warn('the token travels unencrypted: use a wss:// URL', { url });
    const spool = openSpool(this.#options.spoolDirectory ?? defaultSpoolDirectory(name), logger);
    return new Promise((resolve) => {
      this.#settleStart = resolve;
      this.#agent = createAgent({
        openLink: (events) => openLink({ url, token, clock, logger }, events),
        makeSessionId: () => randomUUID(),
        loadPayload: async (order, signal) => {
          const problem = await this.#categories.prepare(order.category);
          return problem === undefined
            ? loadPayload(order, { httpUrl, token }, signal)
            : { reason: 'refused', error: problem };
        },
        storeOutput: createStoreOutput({ httpUrl, token }),
        identity: {
          ...{ name, pool, maxTasks, tags, handlers: [...this.#handlers.keys()] },
          ...(worker === undefined ? {} : { worker }),
          ...(labels === undefined ? {} : { labels }),
          ...(categories === undefined ? {} : { categories }),
        },
        handlers: this.#handlers,
        spool,
        logger,
        onWelcome: (welcome) => {
          this.#categories.learn(welcome.categories ?? []);
          resolve();
        },
        ...this.#surroundings,
      });
      this.#agent.start();
    });
  }
}

/** Unencrypted, and not to this machine. */
function isPlain(text: string): boolean {
  const { protocol, hostname } = new URL(text);
  return protocol === 'ws:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
