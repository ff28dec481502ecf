import { parseStepRunId } from '../../domain/ids.ts';
import { INLINE_PAYLOAD_BYTES, type RunRequest } from '../../domain/run-decisions.ts';
import type { SagaDecision, StepStart } from '../../domain/saga/decision.ts';
import { FIRST_LOOK_MS } from '../../domain/saga/new-saga.ts';
import { isSagaEnded, type Saga } from '../../domain/saga/saga.ts';
import { arm } from '../alarms/arm.ts';
import { inBatches } from '../jobs/in-batches.ts';
import { type ExceptionWrite, MOST_EXCEPTION_WRITES, type Ports } from '../ports/index.ts';
import type { CreateRun } from '../runs/create-run.ts';
import { toExceptionWrites } from './exception-writes.ts';

/** The runs of steps are as urgent as what is submitted without a priority. */
const PRIORITY = 5;
/** What lies beside a row outlives every wait that it may have. */
export const PAYLOAD_KEPT_MS = 400 * 24 * 60 * 60_000;
/** A live alarm that comes sooner may be looking at the row right now, and miss what is about to be written. */
const CROSSING_MS = 5_000;

/** A transaction that a step of another one started: its instance is the run of that step. */
export const isChild = ({ instance }: Pick<Saga, 'instance'>): boolean => parseStepRunId(instance) !== undefined;

/**
 * The one above is still to be told when the row says that it is over. Whoever has a caller's own name has none above: that
 * name may be the id of a run that is nobody's step.
 */
export const hasAftermath = (saga: Saga): boolean => isSagaEnded(saga) && isChild(saga);

export type CarryOut = {
  /**
   * Writes the decision, then does what it says (W3). Whatever a crash leaves undone the saga's alarm does again.
   * @param by `alarm`: the live alarm is the caller, and looks again after 20 s; so none is armed
   * @returns the row as written, or as it was where nothing changes; undefined when somebody else was faster
   */
  readonly commit: (before: Saga, decision: SagaDecision, by?: 'alarm') => Promise<Saga | undefined>;
  readonly effects: (saga: Saga, decision: Pick<SagaDecision, 'starts' | 'cancels'>) => Promise<void>;
  /**
   * Has the alarm look within 20 s, for what is about to be done. A saga that waits for weeks is looked at so seldom that a
   * crash in the middle of it would cost weeks.
   * @returns undefined when the row is no longer this one
   */
  readonly lookSoon: (saga: Saga) => Promise<Saga | undefined>;
};

type Tools = {
  readonly createRun: CreateRun;
  /** Has a run stop; what is executed by a transaction of its own is stopped with it, or turns back and tells the run then. */
  readonly stop: (saga: Saga, run: string) => Promise<void>;
  /** Starts the transaction that a run waits for. */
  readonly startChild: (parent: Saga, start: StepStart) => Promise<void>;
  /** Tells the run that waits for this transaction how it ended. */
  readonly report: (saga: Saga) => Promise<void>;
};

export const createCarryOut = (ports: Ports, tools: Tools): CarryOut => {
  const { sagas, sagaExceptions, data, settings, now } = ports;

  const toRequest = (start: StepStart, payload: string): RunRequest => {
    const { run, handler, pool, timeoutMs, maxTries, retry, waitsUntil } = start;
    const payloadBytes = Buffer.byteLength(payload);
    const waits = {
      executeAt: waitsUntil ?? start.executeAt,
      ...(waitsUntil === undefined ? {} : { startBy: waitsUntil }),
    };
    return {
      ...{ id: run, handler, pool, priority: PRIORITY, timeoutMs, maxTries },
      ...waits,
      backoff: { everyMs: retry.intervalMs, factor: retry.backoff },
      payloadBytes,
      ...(payloadBytes <= INLINE_PAYLOAD_BYTES ? { payload } : {}),
    };
  };

  const begin = async (saga: Saga, start: StepStart): Promise<void> => {
    const payload = JSON.stringify(start.payload);
    const request = toRequest(start, payload);
    if (request.payload === undefined) {
      await data.putPayload(start.run, payload, Math.max(request.executeAt, now()) + PAYLOAD_KEPT_MS);
    }
    await tools.createRun(request, payload);
    // A person may have said when: until then only its run is there, and the look of that moment starts it.
    if (start.child !== undefined && start.executeAt <= now()) {
      await tools.startChild(saga, start);
    }
  };

  const effects: CarryOut['effects'] = async (saga, { starts, cancels }) => {
    // One that was to be stopped, and is not there, is created to be cancelled: nothing may begin under its id any more.
    await inBatches(starts, (start) => begin(saga, start));
    await inBatches(cancels, (run) => tools.stop(saga, run));
    if (hasAftermath(saga)) {
      await tools.report(saga);
    }
  };

  /** Rule A1; a live alarm that comes in time is enough. */
  const watch = async ({ no, g, wakeAt, status }: Saga): Promise<Partial<Saga>> => {
    const lookAt = now() + FIRST_LOOK_MS;
    // One that looks at a failed saga while we are held up finds nothing to do, and comes again in 60 days: it is not enough.
    if (status !== 'failed' && wakeAt > now() + CROSSING_MS && wakeAt <= lookAt) {
      return {};
    }
    await arm(ports, { kind: 'saga', id: no }, g + 1, lookAt);
    return { g: g + 1, wakeAt: lookAt };
  };

  /** It is kept for as long as it may be needed: one that failed, until a person has dealt with everything. */
  const expiry = (saga: Saga): Pick<Saga, 'expiresAt'> => {
    const isOpen = Object.values(saga.steps).some((step) => (step.exception ?? step.undoException) !== undefined);
    const isOver = saga.status === 'failed' && !isOpen;
    return isSagaEnded(saga) || isOver ? { expiresAt: (saga.endedAt ?? now()) + settings.retentionMs } : {};
  };

  /**
   * Only a decision on some hundred exceptions has these. A crash after them leaves some handled that the row still names: they
   * are opened again when what they are about fails again. Those that are new are never among them: no row would name them.
   */
  const writeAhead = async (before: Saga, writes: readonly ExceptionWrite[]): Promise<Saga | undefined> => {
    let row = before;
    for (let at = 0; at < writes.length; at += MOST_EXCEPTION_WRITES) {
      const next = { ...row, version: row.version + 1 };
      if ((await sagas.commit(row, next, writes.slice(at, at + MOST_EXCEPTION_WRITES))) === 'changed') {
        return undefined;
      }
      row = next;
    }
    return row;
  };

  const write = async (before: Saga, decision: SagaDecision, by?: 'alarm'): Promise<Saga | undefined> => {
    const { expiresAt: _expiresAt, ...next } = decision.next;
    const all = await toExceptionWrites(sagaExceptions, decision, now(), settings.retentionMs);
    const writes = all.toSorted((a, b) => Number(a.kind === 'open') - Number(b.kind === 'open'));
    const hasEffects = decision.starts.length > 0 || decision.cancels.length > 0 || hasAftermath(next);
    const soon = by === 'alarm' ? { wakeAt: now() + FIRST_LOOK_MS } : hasEffects ? await watch(before) : {};
    const row = await writeAhead(before, writes.slice(0, -MOST_EXCEPTION_WRITES));
    if (row === undefined) {
      return undefined;
    }
    const after = { ...next, ...soon, ...expiry(next), version: row.version + 1, updatedAt: now() };
    return (await sagas.commit(row, after, writes.slice(-MOST_EXCEPTION_WRITES))) === 'done' ? after : undefined;
  };

  return {
    effects,
    lookSoon: async (saga) => {
      const soon = await watch(saga);
      if (soon.g === undefined) {
        return saga;
      }
      const after = { ...saga, ...soon, version: saga.version + 1 };
      return (await sagas.commit(saga, after, [])) === 'done' ? after : undefined;
    },
    commit: async (before, decision, by) => {
      const changes = decision.next !== before || decision.exceptions.length > 0;
      const after = changes ? await write(before, decision, by) : before;
      if (after !== undefined) {
        await effects(after, decision);
      }
      return after;
    },
  };
};
