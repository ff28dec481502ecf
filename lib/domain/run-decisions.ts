/**
 * What happens to a run when something happens: a claim, a result, a loss, a timeout, a cancel, an alarm.
 *
 * Each decision takes the run as read, gives the conditional change and says which alarm must be armed before it is
 * written (rule A1). Time and chance are parameters; a change that comes too late fails its condition and is a no-op.
 */
import { nextReadyLook } from './alarm.ts';
import { keptFor } from './ids.ts';
import type { SkipReason } from './job/job.ts';
import { retryDelayMs } from './retry.ts';
import {
  ATTEMPT_FIELDS,
  type AttemptRecord,
  deadline,
  ERROR_HEAD_CHARS,
  type Evidence,
  type FailureReason,
  isInFlight,
  isTerminal,
  type Outcome,
  type Run,
  type RunChange,
  waitsUntil,
} from './run.ts';
import { attemptKey, type Session, type SessionRef } from './session.ts';
import { DISPATCH_LEAD_MS, DISPATCH_WATCH_MS, KILL_GRACE_MS, LONGEST_LOOK_MS, TIMEOUT_GRACE_MS } from './timing.ts';

/** A change and the alarm that must be durable before it (absent: the live alarm comes early enough). */
export type Decision = {
  readonly change: RunChange;
  readonly arm?: { readonly g: number; readonly dueAt: number };
};

/** A larger payload is an item of its own: DynamoDB bills every update by the kilobyte of the whole row. */
export const INLINE_PAYLOAD_BYTES = 400;

/** What a caller asks for. */
export type RunRequest = {
  readonly id: string;
  readonly handler: string;
  readonly pool: string;
  readonly priority: number;
  readonly executeAt: number;
  readonly maxTries: number;
  readonly timeoutMs: number;
  /** JSON text, here when it fits on the row ({@link INLINE_PAYLOAD_BYTES}); else it lies beside it already. */
  readonly payload?: string;
  readonly payloadBytes: number;
  readonly keyed?: string;
} & Pick<
  Run,
  | 'job'
  | 'spec'
  | 'trigger'
  | 'backfill'
  | 'startBy'
  | 'backoff'
  | 'needs'
  | 'routing'
  | 'broadcast'
  | 'task'
  | 'unsaved'
>;

/** A push that was taken from a session's credit (rule C1). */
export type Grant = { readonly session: SessionRef; readonly worker: string; readonly seq: number };

/** Due work is dispatched ahead of its instant, and the worker holds it. */
export const isDue = (dueAt: number, now: number): boolean => dueAt <= now + DISPATCH_LEAD_MS;

/**
 * An alarm that is armed for this very moment overtakes the commit it is armed for, and then waits 5 s for it (rule A2):
 * it would bring a retry late that was meant to be quick.
 */
const ALARM_AFTER_MS = 1_000;

const wakeForDue = (dueAt: number, now: number): number => Math.max(now + ALARM_AFTER_MS, dueAt - DISPATCH_LEAD_MS);
const watchUntil = (dueAt: number, now: number): number => Math.max(now, dueAt) + DISPATCH_WATCH_MS;

/** Rule R8: whoever waits for its first start is looked at no later than when it is too late. */
const noLaterThanStart = (run: Pick<Run, 'startBy' | 'tries'>, at: number): number =>
  run.startBy !== undefined && run.tries === 0 ? Math.min(at, run.startBy) : at;

/** When the alarm of a run that is `ready` since `readyAt` looks next. */
export const readyLookAt = (run: Pick<Run, 'startBy' | 'tries'>, readyAt: number, now: number): number =>
  noLaterThanStart(run, nextReadyLook(readyAt, now));

/** When the decision is taken, and how long a finished run is kept. */
export type EndContext = { readonly now: number; readonly retentionMs: number };

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

const pickDefined = <T extends object>(fields: T): Defined<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;

const newRun = (request: RunRequest, now: number) => ({
  id: request.id,
  handler: request.handler,
  pool: request.pool,
  priority: request.priority,
  attempt: 0,
  tries: 0,
  maxTries: request.maxTries,
  timeoutMs: request.timeoutMs,
  executeAt: request.executeAt,
  dueAt: request.executeAt,
  createdAt: now,
  updatedAt: now,
  g: 1,
  fence: 0,
  history: [],
  payloadBytes: request.payloadBytes,
  ...pickDefined({
    payload: request.payload,
    keyed: request.keyed,
    job: request.job,
    spec: request.spec,
    trigger: request.trigger,
    backfill: request.backfill,
    startBy: request.startBy,
    backoff: request.backoff,
    needs: request.needs,
    routing: request.routing,
    broadcast: request.broadcast,
    task: request.task,
    unsaved: request.unsaved,
  }),
});

/** The first row of a run that is not due yet. Its alarm, generation 1 at `wakeAt`, is armed before. */
export const submitLater = (request: RunRequest, now: number): Run => ({
  ...newRun(request, now),
  status: 'scheduled',
  wakeAt: waitsUntil(request) ?? noLaterThanStart({ ...request, tries: 0 }, wakeForDue(request.executeAt, now)),
});

/** The only row of an occurrence that is not executed: final, so no alarm watches it. */
export const submitSkipped = (request: RunRequest, skip: SkipReason, end: EndContext): Run => ({
  ...newRun(request, end.now),
  status: 'skipped',
  skip,
  endedAt: end.now,
  wakeAt: end.now,
  expiresAt: end.now + end.retentionMs,
});

/** The first row of a due run for which a session had credit (rule D1): no claim, no ready index. */
export const submitDue = (request: RunRequest, grant: Grant, now: number): Run => ({
  ...newRun(request, now),
  status: 'dispatched',
  attempt: 1,
  session: grant.session,
  worker: grant.worker,
  seq: grant.seq,
  dispatchedAt: now,
  wakeAt: watchUntil(request.executeAt, now),
});

/** The first row of a due run for which no session had credit (rule D3). */
export const submitWaiting = (request: RunRequest, readyShard: number, now: number): Run => ({
  ...newRun(request, now),
  status: 'ready',
  readyAt: now,
  readyShard,
  wakeAt: readyLookAt({ ...request, tries: 0 }, now, now),
});

/** A `scheduled` run's instant has come and no session has credit. Called by its alarm, which lives on (rule A1). */
export const fallDue = (run: Run, readyShard: number, now: number): Decision => ({
  change: {
    id: run.id,
    transition: 'fall_due',
    expect: { attempt: run.attempt, g: run.g, fence: run.fence },
    set: { status: 'ready', readyAt: now, readyShard, wakeAt: readyLookAt(run, now, now), updatedAt: now },
    clear: [],
  },
});

/** A `ready` run as the ready index shows it: enough to claim it without reading its row. */
export type Claimable = Pick<Run, 'id' | 'attempt' | 'g' | 'fence' | 'dueAt'> & { readonly readyAt: number };

const dispatched = (attempt: number, grant: Grant, dueAt: number, now: number) => ({
  status: 'dispatched' as const,
  attempt: attempt + 1,
  session: grant.session,
  worker: grant.worker,
  seq: grant.seq,
  dispatchedAt: now,
  wakeAt: watchUntil(dueAt, now),
  updatedAt: now,
});

/**
 * A live alarm that comes sooner than this may be looking at the row right now: it would see it `ready`, and send itself
 * on to a `ready` run's next look, minutes away, while the claim relies on it.
 */
const CROSSING_MS = 5_000;

/**
 * A session with credit takes a `ready` run (rule D4). While the run's live alarm comes before the 20 s look that a
 * dispatched run needs, nothing is armed: that alarm finds the later `wakeAt` and sends itself on.
 */
export const claim = (run: Claimable, grant: Grant, now: number): Decision => {
  const set = dispatched(run.attempt, grant, run.dueAt, now);
  const change = {
    id: run.id,
    transition: 'claim',
    expect: { attempt: run.attempt, g: run.g, fence: run.fence, startingAt: now },
    clear: ['readyAt', 'readyShard'],
  } as const;
  const liveAt = nextReadyLook(run.readyAt, now);
  if (liveAt > now + CROSSING_MS && liveAt <= set.wakeAt) {
    return { change: { ...change, set } };
  }
  const g = run.g + 1;
  return { change: { ...change, set: { ...set, g } }, arm: { g, dueAt: set.wakeAt } };
};

/** A `scheduled` run's instant has come and a session has credit. Called by its alarm, which lives on. */
export const dispatchDue = (run: Run, grant: Grant, now: number): Decision => ({
  change: {
    id: run.id,
    transition: 'dispatch_due',
    expect: { attempt: run.attempt, g: run.g, fence: run.fence },
    set: dispatched(run.attempt, grant, run.dueAt, now),
    clear: [],
  },
});

/**
 * The push met a definite 410 (rule R5): `ready` again. The number is burned, not given back: a redelivery of it may be
 * on its way (hole H23). The try is not counted.
 */
export const undoClaim = (run: Run, readyShard: number, now: number): Decision => {
  const g = run.g + 1;
  const wakeAt = readyLookAt(run, now, now);
  const record: AttemptRecord = {
    attempt: run.attempt,
    outcome: 'undelivered',
    endedAt: now,
    ...(run.worker === undefined ? {} : { worker: run.worker }),
  };
  return {
    change: {
      id: run.id,
      transition: 'undo_claim',
      expect: {
        attempt: run.attempt,
        g: run.g,
        fence: run.fence,
        ...(run.session === undefined ? {} : { session: run.session.id }),
      },
      set: { status: 'ready', g, wakeAt, readyAt: now, readyShard, history: remember(run, record), updatedAt: now },
      clear: ATTEMPT_FIELDS,
    },
    arm: { g, dueAt: wakeAt },
  };
};

/**
 * An attempt as its worker names it. The pool is the frame's, which the worker's key covers: a run of another pool is left
 * alone, however right the numbers are (rule X4).
 */
export type NamedAttempt = Pick<Run, 'id' | 'attempt' | 'pool'>;

/** The worker says that the attempt has begun. */
export const start = ({ id, attempt, pool }: NamedAttempt, startedAt: number, now: number): Decision => ({
  change: {
    id,
    transition: 'start',
    expect: { attempt, pool },
    set: { status: 'running', startedAt, updatedAt: now },
    clear: [],
  },
});

/** A worker that opened a new session still executes the attempt (rule S2): the run moves with it. */
export const adopt = (id: string, attempt: number, from: string, to: SessionRef, now: number): Decision => ({
  change: {
    id,
    transition: 'adopt',
    expect: { attempt, pool: to.pool, session: from },
    // The push is not part of the new session's count, hence no place in it.
    set: { status: 'running', session: to, seq: 0, updatedAt: now },
    clear: [],
  },
});

export const reportProgress = (
  { id, attempt, pool }: NamedAttempt,
  progress: { readonly percent: number; readonly note?: string },
  now: number,
): Decision => ({
  change: {
    id,
    transition: 'report_progress',
    expect: { attempt, pool },
    set: { status: 'running', progress, updatedAt: now },
    clear: [],
  },
});

/** What of a report fits on the row itself. */
export type InlineReport = Pick<Run, 'output' | 'error' | 'log' | 'reportStored'>;

/** Whether there is anything in it that a run without output must not keep. The error says why it failed, so it stays. */
const holdsOutput = ({ output, log, reportStored }: InlineReport): boolean =>
  output !== undefined || log !== undefined || reportStored === true;

/**
 * The attempt succeeded. Written without reading the row: status, attempt and pool are condition enough (and that its output
 * is to be kept, where there is one), and nothing needs to be armed for a terminal row.
 */
export const succeed = (
  { id, attempt, pool }: NamedAttempt,
  outcome: Outcome,
  report: InlineReport,
  end: EndContext,
): Decision => {
  const change: RunChange = {
    id,
    transition: 'succeed',
    expect: { attempt, pool },
    set: {
      status: 'succeeded',
      endedAt: end.now,
      updatedAt: end.now,
      expiresAt: end.now + keptFor(id, end.retentionMs),
      ...pickDefined({
        startedAt: outcome.startedAt,
        durationMs: outcome.durationMs,
        exitCode: outcome.exitCode,
        ...report,
      }),
    },
    clear: ['session', 'seq', 'progress'],
  };
  return { change: holdsOutput(report) ? { ...change, expect: { ...change.expect, keepsOutput: true } } : change };
};

/** Records of earlier attempts kept on the run; each is some 300 bytes. The newest matter most. */
const HISTORY_LIMIT = 20;
const remember = (run: Run, record: AttemptRecord): readonly AttemptRecord[] =>
  [...run.history, record].slice(-HISTORY_LIMIT);

/** A payload that lacks what its handler needs will lack it next time too. */
const isFinal = (reason: FailureReason): boolean => reason === 'bad_payload';

/**
 * The attempt ended badly: failed, ran out of time, or its worker was lost (R1, R3, R6). With tries left the run is
 * scheduled again after a backoff, else it ends.
 *
 * @param by expectations beyond the attempt: a loss also names the session that was lost (R6), a worker's word its pool (X4)
 * @param chance for the jitter of the backoff, uniform in [0, 1)
 */
export const endBadly = (
  run: Run,
  ended: Outcome & { readonly outcome: 'failed' | 'timed_out'; readonly reason: FailureReason },
  report: InlineReport,
  end: EndContext,
  chance: number,
  by: { readonly session?: string; readonly pool?: string } = {},
): Decision => {
  const { now } = end;
  const tries = run.tries + 1;
  const facts = pickDefined({
    reason: ended.reason,
    startedAt: ended.startedAt ?? run.startedAt,
    exitCode: ended.exitCode,
  });
  const base = { id: run.id, expect: { attempt: run.attempt, g: run.g, fence: run.fence, ...by } };
  if (tries >= run.maxTries || isFinal(ended.reason)) {
    return {
      change: {
        ...base,
        transition: ended.outcome === 'timed_out' ? 'time_out' : 'fail',
        set: {
          status: ended.outcome,
          tries,
          endedAt: now,
          updatedAt: now,
          expiresAt: now + keptFor(run.id, end.retentionMs),
          ...facts,
          ...pickDefined({ durationMs: ended.durationMs, signal: ended.signal, ...report }),
        },
        clear: ['session', 'seq', 'progress'],
      },
    };
  }
  const dueAt = now + retryDelayMs(tries, chance, run.backoff);
  const wakeAt = wakeForDue(dueAt, now);
  const g = run.g + 1;
  const record: AttemptRecord = {
    attempt: run.attempt,
    outcome: ended.reason === 'worker_lost' ? 'lost' : ended.outcome,
    endedAt: now,
    ...facts,
    ...pickDefined({ worker: run.worker, error: ended.error?.slice(0, ERROR_HEAD_CHARS) }),
  };
  return {
    change: {
      ...base,
      transition: 'retry',
      set: { status: 'scheduled', tries, dueAt, wakeAt, g, history: remember(run, record), updatedAt: now },
      clear: ATTEMPT_FIELDS,
    },
    arm: { g, dueAt: wakeAt },
  };
};

/** How long a cancelled run's worker has to prove the end before it is asked again, and how often (rule R7). */
const EVIDENCE_AFTER_MS = 10_000 + KILL_GRACE_MS;
const EVIDENCE_SENDS = 5;

/** A person cancels the run. Terminal at once; in flight, an alarm follows the evidence. */
export const cancel = (run: Run, end: EndContext): Decision | 'already_ended' => {
  const { now } = end;
  if (isTerminal(run.status)) {
    return 'already_ended';
  }
  const base = { id: run.id, expect: { attempt: run.attempt, g: run.g, fence: run.fence } };
  const expiresAt = now + keptFor(run.id, end.retentionMs);
  const set = { status: 'cancelled' as const, endedAt: now, updatedAt: now, expiresAt };
  if (!isInFlight(run.status)) {
    return { change: { ...base, transition: 'cancel_waiting', set, clear: ['readyAt', 'readyShard'] } };
  }
  const g = run.g + 1;
  const wakeAt = now + EVIDENCE_AFTER_MS;
  return {
    change: {
      ...base,
      transition: 'cancel_in_flight',
      set: { ...set, g, wakeAt, evidence: { state: 'pending' } },
      clear: ['progress'],
    },
    arm: { g, dueAt: wakeAt },
  };
};

/** The end of a cancelled run's process is proven, or given up on. Once only. */
export const recordEvidence = (
  { id, attempt, pool }: NamedAttempt,
  evidence: Evidence,
  facts: InlineReport & Pick<Outcome, 'startedAt' | 'durationMs' | 'exitCode' | 'signal'>,
  now: number,
): Decision => ({
  change: {
    id,
    transition: 'record_evidence',
    expect: { attempt, pool, evidencePending: true },
    set: { evidence, updatedAt: now, ...pickDefined(facts) },
    clear: ['session', 'seq'],
  },
});

export type Look =
  | { readonly do: 'time_out' }
  | { readonly do: 'lose' }
  | { readonly do: 'redeliver'; readonly lookAt: number }
  | { readonly do: 'wait'; readonly lookAt: number };

/** A heartbeat this much later than the dispatch would have listed the run, had the push arrived. */
const LISTED_AFTER_MS = 5_000;

/** Rule R3: what the alarm of a run in flight finds. */
export const lookInFlight = (run: Run, session: Session | undefined, now: number): Look => {
  const listed = session?.list.includes(attemptKey(run.id, run.attempt)) ?? false;
  // With a timeout of seconds, a run whose push or result was lost would be timed out before it is pushed again once.
  const oneMorePush = listed ? 0 : (run.dispatchedAt ?? 0) + 2 * DISPATCH_WATCH_MS;
  const overdueAt = Math.max(deadline(run) + TIMEOUT_GRACE_MS, oneMorePush);
  if (now >= overdueAt) {
    return { do: 'time_out' };
  }
  if (session === undefined || session.st !== 'up') {
    return { do: 'lose' };
  }
  const soon = Math.min(overdueAt, now + DISPATCH_WATCH_MS);
  if (listed) {
    return { do: 'wait', lookAt: Math.min(overdueAt, now + LONGEST_LOOK_MS) };
  }
  return session.hbAt >= (run.dispatchedAt ?? 0) + LISTED_AFTER_MS
    ? { do: 'redeliver', lookAt: soon }
    : { do: 'wait', lookAt: soon };
};

export type EvidenceLook = { readonly do: 'ask_again'; readonly lookAt: number } | { readonly do: 'abandon' };

/** Rule R7: what the alarm of a cancelled run without evidence does. The number of sends follows from the time. */
export const lookForEvidence = (run: Run, session: Session | undefined, now: number): EvidenceLook => {
  const sends = Math.floor((now - (run.endedAt ?? now)) / EVIDENCE_AFTER_MS);
  return session === undefined || session.st !== 'up' || sends >= EVIDENCE_SENDS
    ? { do: 'abandon' }
    : { do: 'ask_again', lookAt: now + EVIDENCE_AFTER_MS };
};
