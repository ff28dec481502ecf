import { describe, expect, it } from 'vitest';
import {
  ATTEMPT_FIELDS,
  type AttemptRecord,
  isInFlight,
  isRunOpen,
  isTerminal,
  RUN_STATUSES,
  type Run,
  type RunChange,
  type RunStatus,
  TRANSITIONS,
  type TransitionName,
  triesBegun,
} from '../../lib/domain/run.ts';
import {
  cancel,
  claim,
  type Decision,
  endBadly,
  isDue,
  submitDue,
  submitLater,
  submitWaiting,
  undoClaim,
} from '../../lib/domain/run-decisions.ts';
import { DISPATCH_LEAD_MS } from '../../lib/domain/timing.ts';
import { aGrant, aRequest, CHANGES, NOW, RETENTION_MS, runIn } from '../support/rows.ts';
import { decide, END, FAILED, LATER } from '../support/transitions.ts';

const statusSet = (name: TransitionName): readonly RunStatus[] => TRANSITIONS[name].from;
const EDGES = CHANGES.flatMap((name) => statusSet(name).map((from) => [name, from] as const));
const setOf = ({ change }: Decision): RunChange['set'] => change.set;

describe('every decision', () => {
  it.each(EDGES)('%s from %s makes exactly that transition', (name, from) => {
    const { change } = decide(name, runIn(from));
    expect(change.transition).toBe(name);
    expect(change.id).toBe(runIn(from).id);
    expect(change.set.status ?? from).toBe(TRANSITIONS[name].to);
    expect(change.set.updatedAt).toBe(LATER);
  });

  it.each(EDGES)('%s from %s names the attempt that it is about', (name, from) => {
    const run = runIn(from);
    expect(decide(name, run).change.expect.attempt).toBe(run.attempt);
  });

  it.each(EDGES)('%s from %s arms exactly the generation and the time that it writes (A1)', (name, from) => {
    const run = runIn(from);
    const { change, arm } = decide(name, run);
    if (arm === undefined) {
      expect(change.set.g).toBeUndefined();
    } else {
      expect(arm).toEqual({ g: run.g + 1, dueAt: change.set.wakeAt });
      expect(change.set.g).toBe(arm.g);
      // Without these two a writer that was fenced could still commit (A5).
      expect(change.expect).toMatchObject({ g: run.g, fence: run.fence });
    }
  });

  it.each(EDGES)('%s from %s never clears what it sets', (name, from) => {
    const { change } = decide(name, runIn(from));
    expect(change.clear.filter((field) => change.set[field] !== undefined)).toEqual([]);
  });

  it('has a number that only a claim moves, by one (R1)', () => {
    for (const [name, from] of EDGES) {
      const run = runIn(from);
      const { attempt } = setOf(decide(name, run));
      const claims = TRANSITIONS[name].to === 'dispatched';
      expect([name, attempt]).toEqual([name, claims ? run.attempt + 1 : undefined]);
    }
  });

  it('counts a try only when an attempt ended badly; an undone claim burns its number, not a try (R1, R5)', () => {
    const counting = ['retry', 'fail', 'time_out'];
    for (const [name, from] of EDGES) {
      const { tries } = setOf(decide(name, runIn(from)));
      expect([name, tries !== undefined]).toEqual([name, counting.includes(name)]);
    }
    expect(undoClaim(runIn('dispatched'), 0, LATER).change.expect).toMatchObject({ attempt: 1, session: 'session-1' });
  });

  it('takes its place in the ready index with it, and leaves none behind', () => {
    for (const [name, from] of EDGES) {
      const { change } = decide(name, runIn(from));
      if (TRANSITIONS[name].to === 'ready') {
        expect(change.set).toMatchObject({ readyAt: LATER, readyShard: 0 });
      } else if (from === 'ready') {
        expect(change.clear).toEqual(expect.arrayContaining(['readyAt', 'readyShard']));
      }
    }
  });

  it('lets a run end only once', () => {
    for (const status of RUN_STATUSES.filter(isTerminal)) {
      expect(cancel(runIn(status), END)).toBe('already_ended');
    }
    const endings = CHANGES.filter((name) => isTerminal(TRANSITIONS[name].to) && name !== 'record_evidence');
    expect(endings.flatMap(statusSet).filter(isTerminal)).toEqual([]);
  });
});

describe('the first row of a run', () => {
  it('due now with credit is dispatched at once, watched after 20 s (D1)', () => {
    expect(submitDue(aRequest(), aGrant({ seq: 7 }), NOW)).toMatchObject({
      status: 'dispatched',
      attempt: 1,
      tries: 0,
      seq: 7,
      dispatchedAt: NOW,
      g: 1,
      wakeAt: NOW + 20_000,
    });
  });

  it('due now without credit waits, looked at after 1 s (D3, A7)', () => {
    expect(submitWaiting(aRequest(), 3, NOW)).toMatchObject({
      status: 'ready',
      attempt: 0,
      readyAt: NOW,
      readyShard: 3,
      wakeAt: NOW + 1_000,
    });
  });

  it('due later wakes a little ahead of its instant: the worker holds it to the millisecond', () => {
    expect(submitLater(aRequest({ executeAt: NOW + 60_000 }), NOW)).toMatchObject({
      status: 'scheduled',
      dueAt: NOW + 60_000,
      wakeAt: NOW + 60_000 - DISPATCH_LEAD_MS,
    });
    expect(submitLater(aRequest({ executeAt: NOW + DISPATCH_LEAD_MS + 1 }), NOW).wakeAt).toBe(NOW + 1_000);
    expect(isDue(NOW + DISPATCH_LEAD_MS, NOW)).toBe(true);
    expect(isDue(NOW + DISPATCH_LEAD_MS + 1, NOW)).toBe(false);
  });

  it('dispatched ahead of its instant is watched 20 s after the instant, not after the push', () => {
    expect(submitDue(aRequest({ executeAt: NOW + 2_000 }), aGrant(), NOW).wakeAt).toBe(NOW + 22_000);
  });

  it('has no history, no fence and nothing of an attempt that it has not had', () => {
    for (const run of [submitLater(aRequest(), NOW), submitWaiting(aRequest(), 0, NOW)]) {
      expect(run).toMatchObject({ history: [], fence: 0, g: 1 });
      expect(ATTEMPT_FIELDS.filter((field) => field in run)).toEqual([]);
    }
  });
});

describe('claiming a ready run (D4)', () => {
  const ready = runIn('ready');
  const claimAfter = (afterMs: number): Decision => claim({ ...ready, readyAt: NOW }, aGrant(), NOW + afterMs);

  it.each([
    ['after 2 s the look at 16 s comes in time', 2_000],
    ['after 120 s the look at 136 s comes in time', 120_000],
  ])('%s, so nothing is armed', (_case, afterMs) => {
    const { change, arm } = claimAfter(afterMs);
    expect(arm).toBeUndefined();
    expect(change.set.wakeAt).toBe(NOW + afterMs + 20_000);
  });

  it.each([
    ['between the looks at 16 s and 136 s', 20_000],
    ['between two looks 15 min apart', 1_000_000],
    ['at once, when the look at 1 s may cross it', 0],
    ['after 11 s, when the look at 16 s may cross it', 11_000],
  ])('%s the live alarm is not to be relied on: armed first (A1)', (_case, afterMs) => {
    const { change, arm } = claimAfter(afterMs);
    expect(arm).toEqual({ g: 2, dueAt: NOW + afterMs + 20_000 });
    expect(change.set.g).toBe(2);
  });
});

describe('an attempt that ended badly', () => {
  const running = runIn('running', { worker: 'worker-1', log: 'a line', progress: { percent: 10 }, tries: 0 });

  it('is tried again after a backoff, its fields cleared and its record kept', () => {
    const { change, arm } = endBadly(
      running,
      { ...FAILED, exitCode: 3, error: 'x'.repeat(500) },
      { error: 'x'.repeat(500), output: 'half' },
      END,
      0.999,
    );
    expect(change).toMatchObject({
      transition: 'retry',
      set: { status: 'scheduled', tries: 1, dueAt: LATER + 999, wakeAt: LATER + 1_000 },
    });
    expect(change.clear).toEqual(ATTEMPT_FIELDS);
    expect(change.set.history).toEqual<AttemptRecord[]>([
      {
        attempt: 1,
        outcome: 'failed',
        reason: 'handler_failed',
        worker: 'worker-1',
        startedAt: NOW + 100,
        endedAt: LATER,
        exitCode: 3,
        error: 'x'.repeat(200),
      },
    ]);
    // Armed for this very moment, the alarm would overtake the commit and wait 5 s for it.
    expect(arm).toEqual({ g: 2, dueAt: LATER + 1_000 });
  });

  it('waits for a long backoff until shortly before its instant', () => {
    const { change } = endBadly({ ...running, tries: 10, maxTries: 100 }, FAILED, {}, END, 0.5);
    expect(change.set).toMatchObject({ dueAt: LATER + 512_000, wakeAt: LATER + 512_000 - DISPATCH_LEAD_MS });
  });

  it('ends the run with its last try, kept for as long as finished runs are', () => {
    const { change, arm } = endBadly({ ...running, tries: 2 }, { ...FAILED, exitCode: 1 }, { error: 'no' }, END, 0.5);
    expect(change).toMatchObject({
      transition: 'fail',
      set: { status: 'failed', tries: 3, endedAt: LATER, expiresAt: LATER + RETENTION_MS, error: 'no', exitCode: 1 },
    });
    expect(arm).toBeUndefined();
  });

  it('ends the run at once when the payload can never do (bad_payload)', () => {
    const { change } = endBadly(running, { outcome: 'failed', reason: 'bad_payload' }, {}, END, 0.5);
    expect(change).toMatchObject({ transition: 'fail', set: { tries: 1, reason: 'bad_payload' } });
  });

  it.each(['no_handler', 'refused', 'payload_unavailable', 'worker_lost'] as const)('%s is tried again', (reason) => {
    expect(endBadly(running, { outcome: 'failed', reason }, {}, END, 0.5).change.transition).toBe('retry');
  });

  it('is remembered as lost when its worker was, and the loss names the session (R6)', () => {
    const lost = { outcome: 'failed', reason: 'worker_lost' } as const;
    const { change } = endBadly(running, lost, {}, END, 0.5, { session: 'session-1' });
    expect(change.expect).toEqual({ attempt: 1, g: 1, fence: 0, session: 'session-1' });
    expect(change.set.history).toMatchObject([{ outcome: 'lost', reason: 'worker_lost' }]);
  });

  it('pushes the oldest records out of a long history', () => {
    const history = Array.from({ length: 20 }, (_, index): AttemptRecord => {
      return { attempt: index + 1, outcome: 'failed', endedAt: NOW };
    });
    const long = { ...running, attempt: 21, tries: 20, maxTries: 100, history };
    const kept = endBadly(long, FAILED, {}, END, 0.5).change.set.history ?? [];
    expect(kept.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 20 }, (_, index) => index + 2));
  });
});

describe('what a status says', () => {
  it.each<[string, Partial<Run> & Pick<Run, 'status'>, number]>([
    ['never tried', { status: 'scheduled' }, 0],
    ['waiting after two bad tries', { status: 'scheduled', tries: 2 }, 2],
    ['ready again after an undone claim', { status: 'ready', attempt: 1 }, 0],
    ['the first try on its way', { status: 'dispatched', attempt: 1 }, 1],
    ['the third try running', { status: 'running', attempt: 3, tries: 2 }, 3],
    ['succeeded at the second', { status: 'succeeded', tries: 1 }, 2],
    ['failed with its last', { status: 'failed', tries: 3 }, 3],
    ['timed out with its only one', { status: 'timed_out', tries: 1 }, 1],
    ['cancelled before any', { status: 'cancelled', tries: 0, attempt: 0 }, 0],
  ])('tries begun: %s', (_case, fields, expected) => {
    const { evidence: _pending, ...run } = runIn(fields.status);
    expect(triesBegun({ ...run, tries: 0, ...fields })).toBe(expected);
  });

  it('a try that was cancelled in flight has begun', () => {
    expect(triesBegun(runIn('cancelled', { tries: 1 }))).toBe(2);
  });

  it('open is what still needs its alarm: a cancelled run does until its evidence is in (H6)', () => {
    const open = RUN_STATUSES.filter((status) => isRunOpen(runIn(status)));
    expect(open).toEqual(['scheduled', 'ready', 'dispatched', 'running', 'cancelled']);
    expect(isRunOpen(runIn('cancelled', { evidence: { state: 'exited', at: NOW } }))).toBe(false);
    expect(isRunOpen(runIn('cancelled', { evidence: { state: 'abandoned', at: NOW } }))).toBe(false);
  });

  it('each is waiting, in flight or terminal', () => {
    expect(RUN_STATUSES.filter(isInFlight)).toEqual(['dispatched', 'running']);
    expect(RUN_STATUSES.filter(isTerminal)).toEqual(['succeeded', 'failed', 'timed_out', 'cancelled']);
  });
});
