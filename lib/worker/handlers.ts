import type { RunResult } from '../contracts/frames.ts';

/** What a handler is asked to do. */
export type Task = {
  readonly run: string;
  /** Number of this claim. `run` and `attempt` together name it: a handler that must act once records them. */
  readonly attempt: number;
  readonly handler: string;
  /** The parsed JSON of the payload. */
  readonly payload: unknown;
  /** How often the run was tried before, and how often it may be tried. */
  readonly tries: number;
  readonly maxTries: number;
  /** The occurrence of the schedule that it is for, epoch ms: the same for every attempt. Absent when a person started it. */
  readonly scheduledAt?: number;
  /** Its place among the runs of a broadcast, from 0. */
  readonly shard?: { readonly index: number; readonly total: number };
};

export type Context = {
  readonly run: string;
  readonly attempt: number;
  /** Aborted when the run is cancelled or out of time. A handler that does not settle then is left behind. */
  readonly signal: AbortSignal;
  /** Adds a line to the run's log (its first and last 4,000 characters are kept together). */
  readonly log: (line: string) => void;
  /** How far the run is, 0 to 100. Sent at most every 5 s, the latest wins. */
  readonly progress: (percent: number, note?: string) => void;
};

/** Returns (or resolves to) the run's output: a string as it is, anything else as JSON. A throw fails the attempt. */
export type Handler = (task: Task, context: Context) => unknown;

/** How an attempt ended, as its executor saw it. */
export type Ending = Pick<RunResult, 'reason' | 'exitCode' | 'signal' | 'output' | 'error' | 'log'> & {
  readonly outcome: 'succeeded' | 'failed';
};

/** What an executor is given besides its task. */
export type Control = Pick<Context, 'log' | 'progress'> & {
  /** The longest output that is not cut, in characters. */
  readonly outputChars: number;
  /** What the attempt writes, as it comes: shown while it runs. Lines of `log` are shown without it. */
  readonly write: (text: string) => void;
  /** Aborted when the attempt shall stop: SIGTERM for a process. */
  readonly stopping: AbortSignal;
  /** Aborted when its grace is over: SIGKILL for a process. */
  readonly killing: AbortSignal;
};

export type Executor = (task: Task, control: Control) => Promise<Ending>;

export type Registered = {
  readonly execute: Executor;
  /** Twice does no harm: the attempt goes on when the session is gone (K5). */
  readonly idempotent: boolean;
};

/** Runs a function of this process as a handler. */
export function inProcess(handler: Handler): Executor {
  return async (task, { stopping, log, progress }) => {
    let value: unknown;
    try {
      value = await handler(task, { run: task.run, attempt: task.attempt, signal: stopping, log, progress });
    } catch (error) {
      return { outcome: 'failed', reason: 'handler_failed', error: errorText(error) };
    }
    try {
      const output = typeof value === 'string' ? value : JSON.stringify(value);
      // undefined (and a function) have no JSON: such a handler simply has no output.
      return output === undefined ? { outcome: 'succeeded' } : { outcome: 'succeeded', output };
    } catch (error) {
      const why = `The value that the handler returned cannot be written as JSON: ${errorText(error)}`;
      return { outcome: 'failed', reason: 'handler_failed', error: why };
    }
  };
}

export function errorText(error: unknown): string {
  if (error instanceof Error) return error.message === '' ? error.name : error.message;
  return String(error);
}
