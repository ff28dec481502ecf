/**
 * Walks one run through whatever may happen to it: every decision, taken from the row as it is or as somebody read it a
 * while ago, and its alarms, which arrive when they are due or much later. Writes go through the memory store, so that a
 * decision that comes too late fails its condition as it would in earnest.
 */
import * as fc from 'fast-check';
import { createMemoryRunStore } from '../../lib/adapters/memory/runs.ts';
import { type Alarm, judge, mustBump, WAIT_MS } from '../../lib/domain/alarm.ts';
import {
  type FailureReason,
  isRunOpen,
  missesStart,
  type Run,
  type RunChange,
  TRANSITIONS,
} from '../../lib/domain/run.ts';
import {
  adopt,
  cancel,
  claim,
  type Decision,
  dispatchDue,
  endBadly,
  fallDue,
  lookForEvidence,
  lookInFlight,
  readyLookAt,
  recordEvidence,
  reportProgress,
  start,
  submitDue,
  submitLater,
  submitSkipped,
  submitWaiting,
  succeed,
  undoClaim,
} from '../../lib/domain/run-decisions.ts';
import { expire, fulfil, type Settled, settle } from '../../lib/domain/run-verdicts.ts';
import { attemptKey, type Session } from '../../lib/domain/session.ts';
import { chances } from '../support/properties.ts';
import { aGrant, aRequest, aSession, NOW, RETENTION_MS, SESSION_REF } from '../support/rows.ts';

const REASONS = ['handler_failed', 'worker_lost', 'no_handler', 'bad_payload', 'timed_out'] as const;

/** Rule A2: an alarm judges its row anew this often at most. Here nobody is in its way, so it never needs as many. */
const MAX_ROUNDS = 5;

/** What happens next. `back`: how many rows ago the one was read that the decision is taken from. */
export type Step =
  | { readonly do: 'wait'; readonly ms: number }
  | {
      readonly do: 'ring';
      readonly lateMs: number;
      readonly session: 'lists_it' | 'silent' | 'lost';
      readonly chance: number;
    }
  | {
      readonly do: 'claim' | 'undo' | 'start' | 'progress' | 'adopt' | 'succeed' | 'cancel' | 'evidence';
      readonly back: number;
    }
  | { readonly do: 'fulfil'; readonly back: number; readonly as: 'succeeded' | 'failed' }
  | { readonly do: 'settle'; readonly back: number; readonly as: Settled }
  | { readonly do: 'end'; readonly back: number; readonly reason: FailureReason; readonly chance: number };

export type Walk = {
  readonly submit: 'submit_due' | 'submit_waiting' | 'submit_later' | 'skip';
  /** From the start: the first attempt has to begin before (R8). */
  readonly startInMs: number | undefined;
  readonly maxTries: number;
  readonly steps: readonly Step[];
};

const back = fc.constantFrom(0, 0, 0, 0, 1, 2, 3);
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 400_000 }) }), weight: 2 },
  {
    arbitrary: fc.record({
      do: fc.constant('ring' as const),
      lateMs: fc.constantFrom(0, 0, 700, 30_000, 200_000),
      session: fc.constantFrom('lists_it', 'silent', 'lost'),
      chance: chances,
    }),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      do: fc.constantFrom('claim', 'undo', 'start', 'progress', 'adopt', 'succeed', 'cancel', 'evidence'),
      back,
    }),
    weight: 9,
  },
  {
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      back,
      reason: fc.constantFrom(...REASONS),
      chance: chances,
    }),
    weight: 3,
  },
  fc.record({ do: fc.constant('fulfil' as const), back, as: fc.constantFrom('succeeded', 'failed') }),
  fc.record({
    do: fc.constant('settle' as const),
    back,
    as: fc.constantFrom('succeeded', 'failed', 'error', 'timed_out', 'cancelled'),
  }),
);

export const walks: fc.Arbitrary<Walk> = fc.record({
  submit: fc.oneof(
    { arbitrary: fc.constantFrom('submit_due', 'submit_waiting', 'submit_later'), weight: 20 },
    fc.constant('skip' as const),
  ),
  startInMs: fc.constantFrom(undefined, undefined, 500, 12_345, 100_000),
  maxTries: fc.constantFrom(1, 2, 3, 60),
  steps: fc.array(step, { maxLength: 60, size: 'max' }),
});

/** A row and the moment before it: what every invariant is about. */
export type Moment = {
  readonly now: number;
  readonly before: Run | undefined;
  readonly run: Run;
  /** When each live alarm of the row's own generation arrives. */
  readonly looks: readonly number[];
  /** The change that led here, and whether it was its writer's alarm that made it. */
  readonly by?: { readonly change: RunChange; readonly armed: boolean; readonly alarm: boolean };
};

const firstRow = ({ submit, maxTries, startInMs }: Walk): Run => {
  const request = aRequest({ maxTries, ...(startInMs !== undefined && { startBy: NOW + startInMs }) });
  switch (submit) {
    case 'submit_due':
      return submitDue(request, aGrant(), NOW);
    case 'submit_waiting':
      return submitWaiting(request, 0, NOW);
    case 'submit_later':
      return submitLater({ ...request, executeAt: NOW + 60_000 }, NOW);
    case 'skip':
      return submitSkipped(request, 'overlap', { now: NOW, retentionMs: RETENTION_MS });
  }
};

/** Takes the walk and tells of every moment: after each write and after each step. */
export const take = async (walk: Walk, onMoment: (moment: Moment) => void): Promise<void> => {
  const store = createMemoryRunStore(
    () => undefined,
    () => undefined,
  );
  let now = NOW;
  let alarms: Alarm[] = [];
  const rows: Run[] = [firstRow(walk)];
  const current = (): Run => rows.at(-1) ?? firstRow(walk);
  const { id } = current();

  const arm = (g: number, dueAt: number): void => {
    alarms.push({ key: { kind: 'run', id }, g, dueAt, hop: 0, armedAt: now, nonce: `${alarms.length}` });
  };
  const tell = (before: Run | undefined, by?: Moment['by']): void => {
    const run = current();
    const looks = alarms.filter(({ g }) => g === run.g).map(({ dueAt }) => dueAt);
    onMoment({ now, before, run, looks, ...(by && { by }) });
  };
  const reread = async (before: Run, by?: Moment['by']): Promise<void> => {
    rows.push((await store.get(id, 'consistent')) ?? before);
    tell(before, by);
  };
  /** @returns whether it won */
  const commit = async ({ change, arm: armed }: Decision, alarm = false): Promise<boolean> => {
    if (armed !== undefined) {
      arm(armed.g, armed.dueAt);
    }
    const before = current();
    const committed = await store.commit(change);
    if (committed.kind === 'won') {
      await reread(before, { change, armed: armed !== undefined, alarm });
    }
    return committed.kind === 'won';
  };

  const end = {
    get now() {
      return now;
    },
    retentionMs: RETENTION_MS,
  };
  const ended = (run: Run, reason: FailureReason, chance: number): Decision =>
    endBadly(run, { outcome: reason === 'timed_out' ? 'timed_out' : 'failed', reason }, {}, end, chance);
  const sessionOf = (run: Run, kind: 'lists_it' | 'silent' | 'lost'): Session =>
    aSession({
      st: kind === 'lost' ? 'lost' : 'up',
      hbAt: now,
      list: kind === 'lists_it' ? [attemptKey(run.id, run.attempt)] : [],
    });

  type Ring = Extract<Step, { do: 'ring' }>;
  /** The state's action, as the alarm of a run does it. @returns when to look again; absent: judge the row anew */
  const act = async (run: Run, { session, chance }: Ring): Promise<number | 'none' | undefined> => {
    const waits = run.status === 'scheduled' || run.status === 'ready';
    if (waits && missesStart(run, now)) {
      await commit(expire(run, 'late', end), true);
      return undefined;
    }
    switch (run.status) {
      case 'scheduled':
        if (chance < 0.5) {
          return (await commit(dispatchDue(run, aGrant(), now), true)) ? current().wakeAt : undefined;
        }
        return (await commit(fallDue(run, 0, now), true)) ? current().wakeAt : undefined;
      case 'ready': {
        const readyAt = run.readyAt ?? 0;
        if (chance < 0.5) {
          return readyLookAt(run, readyAt, now);
        }
        const decision = claim({ ...run, readyAt }, aGrant(), now);
        const won = await commit(decision, true);
        return won && decision.arm === undefined ? current().wakeAt : 'none';
      }
      case 'dispatched':
      case 'running': {
        const look = lookInFlight(run, sessionOf(run, session), now);
        if (look.do === 'wait' || look.do === 'redeliver') {
          return look.lookAt;
        }
        await commit(ended(run, look.do === 'lose' ? 'worker_lost' : 'timed_out', chance), true);
        return undefined;
      }
      default: {
        const look = lookForEvidence(run, sessionOf(run, session), now);
        if (look.do === 'ask_again') {
          return look.lookAt;
        }
        await commit(recordEvidence(run, { state: 'abandoned', at: now }, {}, now), true);
        return 'none';
      }
    }
  };

  /** Rules A2 and A6: sends the alarm on, under a new generation each 8th time. */
  const sendOn = async (alarm: Alarm, dueAt: number): Promise<void> => {
    if (!mustBump(alarm)) {
      alarms.push({ ...alarm, dueAt, hop: alarm.hop + 1 });
      return;
    }
    const before = current();
    arm(before.g + 1, dueAt);
    await store.bump(id, before.g, before.fence, 'nonce');
    await reread(before);
  };

  const ring = async (alarm: Alarm, how: Ring): Promise<void> => {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const run = current();
      const verdict = judge(alarm, { open: isRunOpen(run), g: run.g, wakeAt: run.wakeAt }, now);
      if (verdict === 'done') {
        return;
      }
      if (verdict === 'wait') {
        alarms.push({ ...alarm, dueAt: now + WAIT_MS });
        return;
      }
      if (verdict === 'fence') {
        await store.fence(id, run.g);
        await reread(run);
        return;
      }
      const next = verdict === 'rearm' ? run.wakeAt : await act(run, how);
      if (next === 'none') {
        return;
      }
      if (next !== undefined) {
        await sendOn(alarm, next);
        return;
      }
    }
    throw new Error(`An alarm of a ${current().status} run got nowhere in ${MAX_ROUNDS} rounds`);
  };

  const decide = (one: Exclude<Step, { do: 'wait' | 'ring' }>): Decision | undefined => {
    const read = rows.at(-1 - one.back) ?? current();
    const { attempt } = read;
    const from = (name: keyof typeof TRANSITIONS): boolean => TRANSITIONS[name].from.some((at) => at === read.status);
    switch (one.do) {
      case 'claim':
        return from('claim') ? claim({ ...read, readyAt: read.readyAt ?? 0 }, aGrant(), now) : undefined;
      case 'undo':
        return from('undo_claim') ? undoClaim(read, 0, now) : undefined;
      case 'end':
        return from('fail') ? ended(read, one.reason, one.chance) : undefined;
      case 'cancel': {
        const decision = cancel(read, end);
        return decision === 'already_ended' ? undefined : decision;
      }
      case 'settle': {
        const decision = settle(read, one.as, end);
        return decision === 'illegal' ? undefined : decision;
      }
      case 'fulfil': {
        const decision = fulfil(read, one.as, {}, end);
        return decision === 'illegal' ? undefined : decision;
      }
      // A worker's frame is applied without a look at the row.
      case 'start':
        return start(read, now, now);
      case 'progress':
        return reportProgress(read, { percent: 10 }, now);
      case 'adopt':
        return adopt(id, attempt, SESSION_REF.id, SESSION_REF, now);
      case 'succeed':
        return succeed(read, { outcome: 'succeeded' }, {}, end);
      case 'evidence':
        return recordEvidence(read, { state: 'exited', at: now }, {}, now);
    }
  };

  arm(current().g, current().wakeAt);
  await store.create(current(), 'nonce');
  tell(undefined);
  for (const one of walk.steps) {
    if (one.do === 'wait') {
      now += one.ms;
    } else if (one.do === 'ring') {
      const [next] = alarms.toSorted((a, b) => a.dueAt - b.dueAt);
      if (next !== undefined) {
        now = Math.max(now, next.dueAt + one.lateMs);
        await ring(next, one);
        // A message is deleted last: until then a crash brings it back.
        alarms = alarms.filter((alarm) => alarm !== next);
      }
    } else {
      const decision = decide(one);
      if (decision !== undefined) {
        await commit(decision);
      }
    }
    tell(current());
  }
};
