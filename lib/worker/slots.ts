/**
 * The attempts that the worker holds, from the push to the result.
 *
 * | stage     | entered when                                   | left when                                              |
 * | --------- | ---------------------------------------------- | ------------------------------------------------------ |
 * | held      | the order arrived                              | its payload is there and `notBefore` has come → due    |
 * | due       | it could start                                 | a slot is free and starting is allowed → executing     |
 * | executing | its handler was called                         | the handler settled, or was left behind after a stop   |
 *
 * Every stage counts as in flight (C2); a cancel ends the first two without the handler ever being called.
 */
import type { AttemptRef, RunOrder, RunResult } from '../contracts/frames.ts';
import { STARTED_AFTER_MS } from '../domain/timing.ts';
import { attemptKey } from './attempt-memory.ts';
import type { Cancel, Clock, ServerClock } from './clock.ts';
import { type Execution, startExecution, unbegun } from './execution.ts';
import type { Registered } from './handlers.ts';
import type { LoadedPayload } from './order-payload.ts';
import { createProgress, type Progress } from './progress.ts';
import type { Streaming } from './streaming.ts';
import { atServerTime } from './timers.ts';
import type { StoreOutput } from './whole-output.ts';

export type SlotsParams = {
  /** It may change while runs are executed: those end, and fewer or more begin. */
  readonly maxTasks: () => number;
  readonly handlers: ReadonlyMap<string, Registered>;
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  readonly loadPayload: (order: RunOrder, signal: AbortSignal) => Promise<LoadedPayload>;
  /** Whether a handler may be called now (K4). When it turns true again, `pump` is called. */
  readonly mayStart: () => boolean;
  readonly storeOutput: StoreOutput;
  readonly onResult: (result: RunResult) => void;
  /** It has lived long enough to be told about. */
  readonly onStarted: (ref: AttemptRef, startedAt: number) => void;
  readonly onProgress: (progress: Progress) => void;
  readonly openStream: Streaming['open'];
  /** An attempt that had been given up is gone: its slot is free and there is no result. */
  readonly onGone: () => void;
};

export type Slots = {
  readonly accept: (order: RunOrder) => void;
  /** Whether the attempt is held, due or executing. */
  readonly holds: (ref: AttemptRef) => boolean;
  readonly cancel: (ref: AttemptRef, graceMs: number) => void;
  /** Starts what is due, as far as slots and `mayStart` allow. */
  readonly pump: () => void;
  /** What the control plane may count on: everything but what was given up. */
  readonly list: () => AttemptRef[];
  readonly inFlight: () => number;
  /** The session is gone (K5): what has not begun is dropped, what runs is killed unless its handler is idempotent. */
  readonly abandon: (graceMs: number) => void;
  /** The worker ends: everything is given up, idempotent or not. */
  readonly abandonAll: () => void;
};

/** Of a run whose output is not kept: the control plane would drop it, at the price of a write. */
const withoutOutput = ({ output: _output, log: _log, ...result }: RunResult): RunResult => result;

type Entry = {
  readonly order: RunOrder;
  readonly ref: AttemptRef;
  /** Given up: its result is not reported. It keeps its slot until it has stopped. */
  abandoned: boolean;
  readonly stopLoading: AbortController;
  cancelHold: Cancel;
  /** Set when it executes. */
  execution: Execution | undefined;
};

export function createSlots(params: SlotsParams): Slots {
  const { handlers, clock, serverClock } = params;
  const entries = new Map<string, Entry>();
  const due: { readonly entry: Entry; readonly loaded: LoadedPayload }[] = [];
  let executing = 0;

  const drop = (entry: Entry): void => {
    entry.stopLoading.abort();
    entry.cancelHold();
    entries.delete(attemptKey(entry.ref));
    const waiting = due.findIndex((one) => one.entry === entry);
    if (waiting !== -1) due.splice(waiting, 1);
  };

  const endUnbegun = (entry: Entry, ending: Parameters<typeof unbegun>[2]): void => {
    drop(entry);
    params.onResult(unbegun(entry.order, serverClock.nowMs(), ending));
  };

  const begin = (entry: Entry, loaded: LoadedPayload): void => {
    const registered = handlers.get(entry.order.handler);
    if (registered === undefined) {
      const error = `This worker has no handler named "${entry.order.handler}".`;
      endUnbegun(entry, { outcome: 'failed', reason: 'no_handler', error });
      return;
    }
    if ('reason' in loaded) {
      endUnbegun(entry, { outcome: 'failed', ...loaded });
      return;
    }
    executing += 1;
    const progress = createProgress(clock, (percent, note) => {
      if (!entry.abandoned) params.onProgress({ ref: entry.ref, percent, note });
    });
    const stream = params.openStream(entry.order);
    const execution = startExecution({
      order: entry.order,
      payload: loaded.payload,
      execute: registered.execute,
      clock,
      serverClock,
      onProgress: progress.report,
      storeOutput: params.storeOutput,
      onText: stream.write,
    });
    entry.execution = execution;
    const cancelStarted = clock.startTimer(STARTED_AFTER_MS, () => {
      if (entry.abandoned) return;
      params.onStarted(entry.ref, execution.startedAt);
      stream.begin();
    });
    void execution.ended.then((result) => {
      cancelStarted();
      progress.stop();
      executing -= 1;
      drop(entry);
      if (entry.abandoned) {
        stream.drop();
        params.onGone();
      } else {
        stream.end();
        params.onResult(entry.order.stream ? result : withoutOutput(result));
      }
      pump();
    });
  };

  const pump = (): void => {
    while (executing < params.maxTasks() && due.length > 0 && params.mayStart()) {
      const next = due.shift();
      if (next === undefined) continue;
      // It may have fallen due by a wall clock that was wrong, while the server's was not known after a sleep.
      if (serverClock.nowMs() < next.entry.order.notBefore) hold(next.entry, next.loaded);
      else begin(next.entry, next.loaded);
    }
  };

  const hold = (entry: Entry, loaded: LoadedPayload): void => {
    entry.cancelHold = atServerTime(entry.order.notBefore, serverClock, clock, () => {
      due.push({ entry, loaded });
      pump();
    });
  };

  const load = async (entry: Entry): Promise<void> => {
    const loaded = await params.loadPayload(entry.order, entry.stopLoading.signal);
    if (!entry.stopLoading.signal.aborted) hold(entry, loaded);
  };

  const giveUp = (entry: Entry, graceMs: number): void => {
    if (entry.execution === undefined) {
      drop(entry);
      params.onGone();
    } else {
      entry.abandoned = true;
      entry.execution.stop('abandoned', graceMs);
    }
  };

  return {
    accept(order) {
      const ref: AttemptRef = [order.run, order.attempt];
      const entry: Entry = {
        order,
        ref,
        abandoned: false,
        stopLoading: new AbortController(),
        cancelHold: () => {},
        execution: undefined,
      };
      entries.set(attemptKey(ref), entry);
      void load(entry);
    },
    holds: (ref) => entries.has(attemptKey(ref)),
    cancel(ref, graceMs) {
      const entry = entries.get(attemptKey(ref));
      if (entry === undefined) return;
      if (entry.execution === undefined)
        endUnbegun(entry, { outcome: 'cancelled', error: 'Cancelled before it started.' });
      else entry.execution.stop('cancelled', graceMs);
    },
    pump,
    list: () => [...entries.values()].filter(({ abandoned }) => !abandoned).map(({ ref }) => ref),
    inFlight: () => entries.size,
    abandon(graceMs) {
      for (const entry of [...entries.values()]) {
        const keeps = entry.execution !== undefined && handlers.get(entry.order.handler)?.idempotent === true;
        if (!keeps) giveUp(entry, graceMs);
      }
    },
    abandonAll() {
      for (const entry of [...entries.values()]) giveUp(entry, 0);
    },
  };
}
