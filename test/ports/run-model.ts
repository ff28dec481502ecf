/**
 * What docs/protocol.md says of the rows of runs, said a second time: a row after each write, or that the write loses.
 *
 * Written from the text. It shares the names of a row's fields with lib/ and no rule, constant or condition, so that the
 * two can disagree. Nothing here is clever: a rule that is hard to read cannot be compared with a sentence.
 */
import type { Evidence, FailureReason, Run, RunStatus } from '../../lib/domain/run.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** What a dispatch brings: a push of a session's credit. */
export type Push = { readonly session: NonNullable<Run['session']>; readonly worker: string; readonly seq: number };

export type BadEnd = {
  readonly outcome: 'failed' | 'timed_out';
  readonly reason: FailureReason;
  /** Said of a lost session's runs: the run must still be that session's (R6). */
  readonly ofSession: boolean;
  /** Where between 0 and the longest delay the next try lies. */
  readonly chance: number;
};

/** What a worker tells of an attempt: facts and texts, kept with the row's own names. */
export type Told = Pick<Run, 'startedAt' | 'durationMs' | 'exitCode' | 'signal' | 'output' | 'error' | 'log'>;

const isInFlight = (row: Run): boolean => row.status === 'dispatched' || row.status === 'running';
const isWaiting = (row: Run): boolean => row.status === 'scheduled' || row.status === 'ready';
export const isFinal = (row: Run): boolean => !isInFlight(row) && !isWaiting(row);

/** The condition `v` (A1), but for the status, which each rule names itself. */
const isVersion = (row: Run, seen: Run): boolean =>
  row.attempt === seen.attempt && row.g === seen.g && row.fence === seen.fence;

const unready = ({ readyAt, readyShard, ...row }: Run): Run => row;
/** An attempt that is over holds no push and makes no progress. */
const released = ({ session, seq, progress, ...row }: Run): Run => row;
/** The next attempt begins with nothing of this one; `history` remembers it. */
const forgotten = (row: Run): Run => {
  const { worker, dispatchedAt, startedAt, durationMs, exitCode, signal, reason, output, error, log, ...rest } =
    released(row);
  return rest;
};

/** The row keeps the last 20 earlier attempts. */
const remembered = (row: Run, record: Run['history'][number]): Run['history'] => [...row.history, record].slice(-20);

/** D1: a run is due 3 s before its instant; an alarm that would overtake its commit comes 1 s later. */
const lookAtDue = (dueAt: number, now: number): number => Math.max(dueAt - 3 * SECOND_MS, now + SECOND_MS);

/** R8: until its first attempt a run is looked at no later than when it is too late to begin. */
const inTime = ({ startBy, tries }: Pick<Run, 'startBy' | 'tries'>, lookAt: number): number =>
  startBy === undefined || tries > 0 ? lookAt : Math.min(startBy, lookAt);
const isTooLate = ({ startBy, tries }: Run, now: number): boolean =>
  startBy !== undefined && tries === 0 && startBy <= now;

const readied = (row: Run, readyShard: number, now: number): Run => ({
  ...row,
  ...{ status: 'ready', readyAt: now, readyShard, wakeAt: inTime(row, now + SECOND_MS), updatedAt: now },
});

/** Each dispatch, from wherever, sets `attempt + 1`; the first look comes 20 s after it or its instant. */
const dispatched = (row: Run, push: Push, now: number): Run => ({
  ...unready(row),
  ...push,
  status: 'dispatched',
  attempt: row.attempt + 1,
  dispatchedAt: now,
  wakeAt: Math.max(now, row.dueAt) + 20 * SECOND_MS,
  updatedAt: now,
});

type Asked = Pick<
  Run,
  | 'id'
  | 'handler'
  | 'pool'
  | 'priority'
  | 'executeAt'
  | 'maxTries'
  | 'timeoutMs'
  | 'payload'
  | 'payloadBytes'
  | 'startBy'
>;

export const bornScheduled = (asked: Asked, now: number): Run => ({
  ...asked,
  ...{ status: 'scheduled', attempt: 0, tries: 0, history: [], g: 1, fence: 0 },
  ...{ dueAt: asked.executeAt, createdAt: now, updatedAt: now },
  wakeAt: inTime({ ...asked, tries: 0 }, lookAtDue(asked.executeAt, now)),
});
export const bornReady = (asked: Asked, readyShard: number, now: number): Run =>
  readied(bornScheduled(asked, now), readyShard, now);
export const bornDispatched = (asked: Asked, push: Push, now: number): Run =>
  dispatched(bornScheduled(asked, now), push, now);

// Each rule below: the row, what the writer knew of it, and what it brings. The row after the write; nothing: it loses.

/** `scheduled` → `ready`: its own alarm is at work. */
export const fallDue = (row: Run, seen: Run, readyShard: number, now: number): Run | undefined =>
  row.status === 'scheduled' && isVersion(row, seen) ? readied(row, readyShard, now) : undefined;

/** `scheduled` → `dispatched`: likewise. */
export const dispatchDue = (row: Run, seen: Run, push: Push, now: number): Run | undefined =>
  row.status === 'scheduled' && isVersion(row, seen) ? dispatched(row, push, now) : undefined;

/** A7: a `ready` run is looked at 1, 16 and 136 s after it became so, and then too rarely for a claim to count on. */
const READY_LOOKS_MS = [1, 16, 136].map((seconds) => seconds * SECOND_MS);

/**
 * `ready` → `dispatched`: armed anew, unless the live alarm comes in time for the first look, and not so soon (5 s) that
 * it may be looking at the row already.
 */
export const claim = (row: Run, seen: Run, push: Push, now: number): Run | undefined => {
  if (row.status !== 'ready' || row.readyAt === undefined || !isVersion(row, seen) || isTooLate(row, now)) {
    return undefined;
  }
  const next = dispatched(row, push, now);
  const { readyAt } = row;
  const liveAt = READY_LOOKS_MS.map((afterMs) => readyAt + afterMs).find((at) => at > now);
  const isWatched = liveAt !== undefined && liveAt > now + 5 * SECOND_MS && liveAt <= next.wakeAt;
  return isWatched ? next : { ...next, g: row.g + 1 };
};

/** R5: `ready` again under the burned number; no try is counted. */
export const undoClaim = (row: Run, seen: Run, readyShard: number, now: number): Run | undefined => {
  if (row.status !== 'dispatched' || !isVersion(row, seen) || row.session?.id !== seen.session?.id) {
    return undefined;
  }
  const record = { attempt: row.attempt, outcome: 'undelivered', endedAt: now, worker: row.worker ?? '' } as const;
  return { ...readied(forgotten(row), readyShard, now), g: row.g + 1, history: remembered(row, record) };
};

/** R2: whatever names another attempt, or one that has ended, is refused. */
const isCurrent = (row: Run, attempt: number): boolean => isInFlight(row) && row.attempt === attempt;

/** X4: a worker's word is heard in the runs of its own pool only. */
export const heard = (row: Run, pool: string, next: Run | undefined): Run | undefined =>
  row.pool === pool ? next : undefined;

export const start = (row: Run, attempt: number, startedAt: number, now: number): Run | undefined =>
  row.status === 'dispatched' && isCurrent(row, attempt)
    ? { ...row, status: 'running', startedAt, updatedAt: now }
    : undefined;

export const reportProgress = (row: Run, attempt: number, percent: number, now: number): Run | undefined =>
  isCurrent(row, attempt) ? { ...row, status: 'running', progress: { percent }, updatedAt: now } : undefined;

/** S1: IF in flight AND attempt AND the session is the one that is replaced; its push is not counted by the new one. */
export const adopt = (row: Run, attempt: number, from: string, to: Push['session'], now: number): Run | undefined =>
  isCurrent(row, attempt) && row.session?.id === from
    ? { ...row, status: 'running', session: to, seq: 0, updatedAt: now }
    : undefined;

const ended = (row: Run, status: RunStatus, retentionMs: number, now: number): Run => ({
  ...row,
  ...{ status, endedAt: now, expiresAt: now + retentionMs, updatedAt: now },
});

export const succeed = (row: Run, attempt: number, told: Told, retentionMs: number, now: number): Run | undefined =>
  isCurrent(row, attempt) ? { ...ended(released(row), 'succeeded', retentionMs, now), ...told } : undefined;

/** R1: at the maximum of tries, or when the payload itself is bad, it has ended. */
export const endsForGood = (seen: Pick<Run, 'tries' | 'maxTries'>, { reason }: BadEnd): boolean =>
  seen.tries + 1 >= seen.maxTries || reason === 'bad_payload';

/** R1, R6: a retry after a delay from [0, min(1 h, 1 s · 2^(tries − 1))), or the end. */
export const endBadly = (
  row: Run,
  seen: Run,
  bad: BadEnd,
  told: Told,
  retentionMs: number,
  now: number,
): Run | undefined => {
  if (!isInFlight(row) || !isVersion(row, seen) || (bad.ofSession && row.session?.id !== seen.session?.id)) {
    return undefined;
  }
  const { outcome, reason } = bad;
  const tries = row.tries + 1;
  if (endsForGood(row, bad)) {
    return { ...ended(released(row), outcome, retentionMs, now), ...told, tries, reason };
  }
  const dueAt = now + Math.floor(Math.min(60 * MINUTE_MS, SECOND_MS * 2 ** (tries - 1)) * bad.chance);
  // Whoever decides knows of `started` what it read: a record may lack it when the two cross.
  const startedAt = told.startedAt ?? seen.startedAt;
  const record = {
    ...{ attempt: row.attempt, outcome: reason === 'worker_lost' ? ('lost' as const) : outcome, reason, endedAt: now },
    ...(row.worker !== undefined && { worker: row.worker }),
    ...(startedAt !== undefined && { startedAt }),
    ...(told.exitCode !== undefined && { exitCode: told.exitCode }),
    ...(told.error !== undefined && { error: told.error.slice(0, 200) }),
  };
  return {
    ...forgotten(row),
    ...{ status: 'scheduled', tries, dueAt, wakeAt: lookAtDue(dueAt, now), g: row.g + 1, updatedAt: now },
    history: remembered(row, record),
  };
};

/** R7: terminal at once; in flight, the end of its process has to be proven. */
export const cancel = (row: Run, seen: Run, retentionMs: number, now: number): Run | undefined => {
  if (!isVersion(row, seen)) {
    return undefined;
  }
  if (isWaiting(seen)) {
    return isWaiting(row) ? ended(unready(row), 'cancelled', retentionMs, now) : undefined;
  }
  if (!isInFlight(row)) {
    return undefined;
  }
  const { progress: _gone, ...rest } = row;
  return {
    ...ended(rest, 'cancelled', retentionMs, now),
    ...{ g: row.g + 1, wakeAt: now + 20 * SECOND_MS, evidence: { state: 'pending' } },
  };
};

/** R8: not begun in time. */
export const expire = (row: Run, seen: Run, error: string, retentionMs: number, now: number): Run | undefined =>
  isWaiting(row) && isVersion(row, seen)
    ? { ...ended(unready(row), 'timed_out', retentionMs, now), reason: 'not_started', error }
    : undefined;

/** How a person may say that a run ended (R9), and what the row says then. */
export const SETTLED = {
  succeeded: { status: 'succeeded', reason: 'operator', tries: 0 },
  failed: { status: 'failed', reason: 'operator', tries: 1 },
  error: { status: 'failed', reason: 'operator_not_run', tries: 1 },
  timed_out: { status: 'timed_out', reason: 'operator', tries: 1 },
} as const;

/** R9: what is in flight ends for good, whatever tries are left. The worker is told, so it must still be the same. */
export const settle = (
  row: Run,
  seen: Run,
  as: keyof typeof SETTLED,
  retentionMs: number,
  now: number,
): Run | undefined => {
  if (!isInFlight(row) || !isVersion(row, seen) || row.session?.id !== seen.session?.id) {
    return undefined;
  }
  const { status, reason, tries } = SETTLED[as];
  return { ...ended(released(row), status, retentionMs, now), reason, tries: row.tries + tries };
};

/** R7: the worker's word for that attempt, or that there is none, is filled in once. */
export const recordEvidence = (
  row: Run,
  attempt: number,
  evidence: Evidence,
  told: Told,
  now: number,
): Run | undefined => {
  if (row.status !== 'cancelled' || row.attempt !== attempt || row.evidence?.state !== 'pending') {
    return undefined;
  }
  const { session, seq, ...rest } = row;
  return { ...rest, ...told, evidence, updatedAt: now };
};

/** What an alarm knows of the row that it watches. */
export type Watched = Pick<Run, 'g' | 'fence'>;

/** A5: a commit that was prepared before it fails. */
export const fence = (row: Run | undefined, seen: Watched): Run | undefined =>
  row?.g === seen.g ? { ...row, fence: row.fence + 1 } : undefined;

/** A6: the next generation belongs to the alarm of this nonce alone. */
export const bump = (row: Run | undefined, seen: Watched, nonce: string): Run | undefined =>
  row?.g === seen.g && row.fence === seen.fence ? { ...row, g: row.g + 1, bumped: { g: row.g + 1, nonce } } : undefined;

/** The ready index: by priority, then due time, then age. */
export const readyIn = (rows: Iterable<Run>, shard: number): readonly Run[] =>
  [...rows]
    .filter((row) => row.status === 'ready' && row.readyShard === shard)
    .toSorted((a, b) => a.priority - b.priority || a.dueAt - b.dueAt || Number(a.id) - Number(b.id));

/** The sparse status index: what is scheduled, and what has failed in either way. */
export const isListedAs = (row: Run, status: 'scheduled' | 'failed'): boolean =>
  row.status === status || (status === 'failed' && row.status === 'timed_out');

const FOLLOWS: Record<RunStatus, readonly RunStatus[]> = {
  scheduled: ['ready', 'dispatched', 'cancelled', 'timed_out'],
  ready: ['dispatched', 'cancelled', 'timed_out'],
  dispatched: ['ready', 'running', 'scheduled', 'succeeded', 'failed', 'timed_out', 'cancelled'],
  running: ['running', 'scheduled', 'succeeded', 'failed', 'timed_out', 'cancelled'],
  succeeded: [],
  failed: [],
  timed_out: [],
  cancelled: ['cancelled'],
  skipped: [],
};

/** What holds between a row and the next whatever the write was. They are shorter than the rules, and judge them too. */
export const breaches = (before: Run, after: Run): readonly string[] => {
  const isNoted = before.notedOutput !== after.notedOutput;
  const moved = before.status !== after.status || (before.updatedAt !== after.updatedAt && !isNoted);
  const isDispatch = after.status === 'dispatched' && before.status !== 'dispatched';
  const isBadEnd = isInFlight(before) && ['scheduled', 'failed', 'timed_out'].includes(after.status);
  const laws: Record<string, boolean> = {
    [`${after.status} does not follow ${before.status}`]: !moved || FOLLOWS[before.status].includes(after.status),
    'the attempt grows by one with each dispatch, and with nothing else (R1)':
      after.attempt === before.attempt + Number(isDispatch),
    'the tries grow by one with each bad end, and with nothing else (R1)':
      after.tries === before.tries + Number(isBadEnd),
    'there are no more tries than the most it may have': after.tries <= after.maxTries,
    'generation and fence never fall': after.g >= before.g && after.fence >= before.fence,
    'terminal is final': !isFinal(before) || (after.status === before.status && after.endedAt === before.endedAt),
    'evidence is filled in once':
      !(before.evidence?.state === 'exited' || before.evidence?.state === 'abandoned') ||
      after.evidence?.state === before.evidence.state,
    'only a ready run is in the ready index': (after.status === 'ready') === (after.readyShard !== undefined),
    'what is in flight has its push': !isInFlight(after) || (after.session !== undefined && after.seq !== undefined),
  };
  return Object.keys(laws).filter((law) => !laws[law]);
};
