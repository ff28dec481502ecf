import type { RunOrder, RunResult } from '../contracts/frames.ts';
import { MAX_LOG_CHARS, MAX_OUTPUT_CHARS, MAX_WHOLE_OUTPUT_BYTES } from '../contracts/limits.ts';
import { KILL_GRACE_MS } from '../domain/timing.ts';
import type { Cancel, Clock, ServerClock } from './clock.ts';
import { type Control, type Ending, type Executor, errorText, type Task } from './handlers.ts';
import { fitResult } from './result-size.ts';
import { createHeadTail } from './text.ts';
import { type StoreOutput, withWholeOutput } from './whole-output.ts';

/** A killed process is gone, and its output read, well within this; a handler of this process that heeds nothing is not. */
const SETTLE_AFTER_KILL_MS = 2_000;

/** Why an attempt is stopped. `abandoned`: the worker gives it up; its result is no one's business. */
export type StopCause = 'cancelled' | 'timed_out' | 'abandoned';

export type Execution = {
  readonly startedAt: number;
  /** Never rejects. */
  readonly ended: Promise<RunResult>;
  /** Asks it to stop, then makes it after the grace. The first cause counts, the shortest grace wins. */
  readonly stop: (cause: StopCause, graceMs: number) => void;
};

export type ExecutionParams = {
  readonly order: RunOrder;
  readonly payload: unknown;
  readonly execute: Executor;
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  readonly onProgress: Control['progress'];
  readonly storeOutput: StoreOutput;
  /** Something was written or logged. */
  readonly onText: (text: string) => void;
};

/** Starts one attempt now, enforces its timeout and turns whatever comes of it into a result. */
export function startExecution(params: ExecutionParams): Execution {
  const { order, payload, clock } = params;
  const startedAt = Math.floor(params.serverClock.nowMs());
  const beganAt = clock.monotonicMs();
  const stopping = new AbortController();
  const killing = new AbortController();
  const log = createHeadTail(MAX_LOG_CHARS);
  let cause: StopCause | undefined;
  let killAt = Number.POSITIVE_INFINITY;
  let cancelKill: Cancel = () => {};

  const stop = (why: StopCause, graceMs: number): void => {
    cause ??= why;
    const at = clock.monotonicMs() + graceMs;
    if (at < killAt) {
      killAt = at;
      cancelKill();
      cancelKill = clock.startTimer(graceMs, () => killing.abort());
    }
    stopping.abort(new Error(stopText(cause, order.timeoutMs)));
  };
  const cancelTimeout = clock.startTimer(order.timeoutMs, () => stop('timed_out', KILL_GRACE_MS));

  const control: Control = {
    stopping: stopping.signal,
    killing: killing.signal,
    log: (line) => {
      log.push(`${line}\n`);
      params.onText(`${line}\n`);
    },
    write: params.onText,
    // One more than is kept, so that a longer output shows.
    outputChars: order.outputPath === undefined ? MAX_OUTPUT_CHARS : MAX_WHOLE_OUTPUT_BYTES + 1,
    progress: params.onProgress,
  };
  const run = async (): Promise<RunResult> => {
    const ending = await Promise.race([
      settle(params.execute(toTask(order, payload), control)),
      leftBehind(killing.signal, clock),
    ]);
    cancelTimeout();
    cancelKill();
    const durationMs = Math.round(clock.monotonicMs() - beganAt);
    const result = toResult({ ending, cause, order, startedAt, durationMs, log: log.read() });
    return withWholeOutput({ order, result, output: ending.output }, params.storeOutput);
  };
  return { startedAt, ended: run(), stop };
}

/** A result for an attempt that never began. */
export function unbegun(
  order: RunOrder,
  now: number,
  ending: Omit<RunResult, 'run' | 'attempt' | 'startedAt' | 'durationMs'>,
): RunResult {
  return fitResult({ run: order.run, attempt: order.attempt, ...ending, startedAt: Math.floor(now), durationMs: 0 });
}

const toTask = (order: RunOrder, payload: unknown): Task => ({
  run: order.run,
  attempt: order.attempt,
  handler: order.handler,
  payload,
  tries: order.tries,
  maxTries: order.maxTries,
  ...(order.scheduledAt === undefined ? {} : { scheduledAt: order.scheduledAt }),
  ...(order.shard === undefined ? {} : { shard: order.shard }),
});

/** An executor reports failure as a value; one that throws has a fault, which must still end its run. */
async function settle(ending: Promise<Ending>): Promise<Ending> {
  try {
    return await ending;
  } catch (error) {
    return { outcome: 'failed', reason: 'handler_failed', error: errorText(error) };
  }
}

async function leftBehind(killing: AbortSignal, clock: Clock): Promise<Ending> {
  await new Promise<void>((resolve) => {
    killing.addEventListener('abort', () => clock.startTimer(SETTLE_AFTER_KILL_MS, resolve), { once: true });
  });
  return {
    outcome: 'failed',
    error: 'The handler did not stop: it may still be at work. Its slot was given to others.',
  };
}

function stopText(cause: StopCause, timeoutMs: number): string {
  if (cause === 'timed_out') return `Timed out after ${timeoutMs / 1_000} s.`;
  return cause === 'cancelled' ? 'Cancelled.' : 'Given up: the worker no longer holds this run.';
}

function toResult(params: {
  readonly ending: Ending;
  readonly cause: StopCause | undefined;
  readonly order: RunOrder;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly log: string;
}): RunResult {
  const { ending, cause, order, startedAt, durationMs } = params;
  const log = `${params.log}${ending.log ?? ''}`;
  const common = { run: order.run, attempt: order.attempt, startedAt, durationMs, ...(log === '' ? {} : { log }) };
  if (cause === undefined) return fitResult({ ...ending, ...common });
  const stopped = stopText(cause, order.timeoutMs);
  const { reason: _, outcome: __, ...evidence } = ending;
  const error = ending.error === undefined || ending.error === stopped ? stopped : `${stopped}\n${ending.error}`;
  return fitResult({ ...evidence, ...common, outcome: cause === 'timed_out' ? 'timed_out' : 'cancelled', error });
}
