/**
 * One worker thread per function. Invocations share the thread, as they would share nothing on Lambda; a function that
 * keeps state between invocations in a way that breaks here is wrong there too. An invocation over its timeout is
 * answered as timed out while the thread runs on: killing it would end the other invocations with it. A thread that
 * crashes fails the invocations it had and is started again by the next one.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Logger } from '../../platform/logger.ts';
import { onLines } from '../processes/lines.ts';
import type { LocalFunction } from '../template/application.ts';
import type { Invoke, Outcome } from './invocation.ts';
import type { ThreadData, ThreadMessage, ThreadRequest } from './thread.ts';
import { createTurns } from './turns.ts';

export type FunctionThreads = {
  readonly invoke: Invoke;
  /** Loads every function now, so that a broken one stops the start and the first request finds them warm. */
  readonly warm: () => Promise<void>;
  /** Resolves when nothing is running any more. */
  readonly idle: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

type Thread = {
  readonly ready: Promise<void>;
  readonly send: (request: ThreadRequest, settle: (outcome: Outcome) => void) => void;
  readonly forget: (id: number) => void;
  readonly stop: () => Promise<unknown>;
};

/** How often `idle` looks whether the last invocation has ended. */
const IDLE_POLL_MS = 20;

/** V8 takes up to 48 MB for new objects of each thread unasked: measured, six threads then hold 200 MB more. */
const YOUNG_GENERATION_MB = 8;

type ThreadOptions = {
  readonly root: string;
  readonly definition: LocalFunction;
  readonly environment: Readonly<Record<string, string>>;
  readonly logger: Logger;
  /** A line of the function's standard output. */
  readonly onOutput: (line: string) => void;
  readonly onEnd: () => void;
};

const startThread = ({ root, definition, environment, logger, onOutput, onEnd }: ThreadOptions): Thread => {
  const { name, entry, exportName, memoryMb } = definition;
  const data: ThreadData = { entryUrl: pathToFileURL(join(root, entry)).href, exportName };
  const worker = new Worker(new URL('./thread.ts', import.meta.url), {
    workerData: data,
    // What a debugger shows, and whoever wants to end one.
    name: entry,
    env: {
      ...environment,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    },
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    execArgv: [],
  });
  onLines(worker.stdout, onOutput);
  onLines(worker.stderr, onOutput);
  const waiting = new Map<number, (outcome: Outcome) => void>();
  const started = Promise.withResolvers<void>();
  // Whoever waits for it gets the failure; with no one waiting it is no unhandled rejection.
  started.promise.catch(() => undefined);
  let failure = 'its thread ended';
  let isStopping = false;

  worker.on('message', (message: ThreadMessage) => {
    if (message.type === 'ready') {
      started.resolve();
      return;
    }
    const settle = waiting.get(message.id);
    waiting.delete(message.id);
    settle?.(
      message.type === 'done'
        ? { ok: true, payload: message.payload === undefined ? null : JSON.parse(message.payload) }
        : { ok: false, reason: 'failed', message: message.message },
    );
  });
  worker.on('error', (error) => {
    failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  });
  worker.on('exit', () => {
    if (!isStopping) {
      logger.error('Function crashed', { function: entry, error: failure });
    }
    onEnd();
    started.reject(new Error(`${entry} could not be loaded: ${failure}`));
    for (const settle of waiting.values()) {
      settle({ ok: false, reason: 'crashed', message: failure });
    }
    waiting.clear();
  });
  return {
    ready: started.promise,
    send: (request, settle) => {
      waiting.set(request.id, settle);
      worker.postMessage(request);
    },
    forget: (id) => {
      waiting.delete(id);
    },
    stop: () => {
      isStopping = true;
      return worker.terminate();
    },
  };
};

/**
 * Invocations that a thread handles at a time. Lambda gives each an environment of its own; here they share one event loop
 * and one SDK client of 50 sockets, and whatever waits for a socket longer than its connection timeout of 1 s fails: of
 * 1,000 requests at once without a bound, 910 did; with this one, none. Fewer would let those wait that need no socket: a
 * login that is turned away because others are compared just now.
 */
const AT_A_TIME = 32;

export const createFunctionThreads = (options: {
  /** Folder that the functions' entries are relative to. */
  readonly root: string;
  readonly functions: readonly LocalFunction[];
  /** What every function gets beside its own environment: region, credentials, endpoints. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logger: Logger;
  readonly onOutput: (entry: string, line: string) => void;
}): FunctionThreads => {
  const { root, functions, environment, logger, onOutput } = options;
  const threads = new Map<string, Thread>();
  const turns = new Map(functions.map(({ arn }) => [arn, createTurns(AT_A_TIME)]));
  let running = 0;
  let lastId = 0;

  const threadOf = (definition: LocalFunction): Thread => {
    const { arn, entry } = definition;
    const existing = threads.get(arn);
    if (existing) {
      return existing;
    }
    const thread = startThread({
      root,
      definition,
      environment: { ...environment, ...definition.environment },
      logger,
      onOutput: (line) => onOutput(entry, line),
      onEnd: () => threads.delete(arn),
    });
    threads.set(arn, thread);
    return thread;
  };

  const run = async (definition: LocalFunction, event: unknown): Promise<Outcome> => {
    const thread = threadOf(definition);
    try {
      await thread.ready;
    } catch (error) {
      return { ok: false, reason: 'crashed', message: error instanceof Error ? error.message : String(error) };
    }
    const { timeoutMs, name, arn, memoryMb } = definition;
    lastId += 1;
    const id = lastId;
    return await new Promise((resolve) => {
      const timer = setTimeout(() => {
        thread.forget(id);
        logger.error('Function timed out', { function: definition.entry, timeoutMs });
        resolve({ ok: false, reason: 'timed_out', message: `Task timed out after ${timeoutMs / 1_000} seconds` });
      }, timeoutMs);
      const facts = {
        awsRequestId: randomUUID(),
        functionName: name,
        functionArn: arn,
        memoryMb,
        deadlineAt: Date.now() + timeoutMs,
      };
      thread.send({ id, event: JSON.stringify(event), facts }, (outcome) => {
        clearTimeout(timer);
        // A crash has been told once for all invocations that it ended.
        if (!outcome.ok && outcome.reason === 'failed') {
          logger.error('Function failed', { function: definition.entry, error: outcome.message });
        }
        resolve(outcome);
      });
    });
  };

  return {
    invoke: async (functionArn, event) => {
      const definition = functions.find(({ arn }) => arn === functionArn);
      const takeTurn = turns.get(functionArn);
      if (!definition || !takeTurn) {
        return { ok: false, reason: 'failed', message: `No function ${functionArn}` };
      }
      running += 1;
      try {
        return await takeTurn(() => run(definition, event));
      } finally {
        running -= 1;
      }
    },
    warm: async () => {
      await Promise.all(functions.map((definition) => threadOf(definition).ready));
    },
    idle: async () => {
      while (running > 0) {
        await new Promise((resolve) => setTimeout(resolve, IDLE_POLL_MS));
      }
    },
    stop: async () => {
      await Promise.all([...threads.values()].map((thread) => thread.stop()));
    },
  };
};
