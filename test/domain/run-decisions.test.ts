import { describe, expect, it } from 'vitest';
import {
  ATTEMPT_FIELDS,
  type AttemptRecord,
  type Run,
  type RunChange,
  type RunStatus,
  TRANSITIONS,
  type TransitionName,
} from '../../lib/domain/run.ts';
import {
  claim,
  type Decision,
  fallDue,
  isDue,
  type RunRequest,
  readyLookAt,
  submitDue,
  submitLater,
  submitSkipped,
  submitWaiting,
  undoClaim,
} from '../../lib/domain/run-decisions.ts';
import { DISPATCH_LEAD_MS } from '../../lib/domain/timing.ts';
import { aGrant, aRequest, CHANGES, NOW, RETENTION_MS, runIn } from '../support/rows.ts';
import { decide, LATER } from '../support/transitions.ts';

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

  it.each<[string, readonly TransitionName[], readonly (keyof Run)[]]>([
    ['leaves the ready index', ['claim', 'expire', 'cancel_waiting'], ['readyAt', 'readyShard']],
    ['waits without a trace of its last attempt', ['undo_claim', 'retry'], ATTEMPT_FIELDS],
    ['ends, and holds no place in a session', ['succeed', 'fail', 'time_out'], ['session', 'seq', 'progress']],
    ['is cancelled, and keeps the session that owes the evidence', ['cancel_in_flight'], ['progress']],
    ['has its end proven, and holds no place any more', ['record_evidence'], ['session', 'seq']],
    ['goes on', ['fall_due', 'dispatch_due', 'start', 'report_progress', 'adopt'], []],
  ])('a run that %s (%j) is rid of %j', (_case, names, cleared) => {
    for (const [name, from] of EDGES.filter(([one]) => names.includes(one))) {
      expect([name, decide(name, runIn(from)).change.clear]).toEqual([name, cleared]);
    }
  });

  it.each(EDGES)(
    '%s from %s writes nothing undefined, whatever the row lacks: no store has such a value',
    (name, from) => {
      const {
        payload: _,
        session: _s,
        worker: _w,
        dispatchedAt: _d,
        startedAt: _t,
        evidence: _e,
        ...bare
      } = runIn(from);
      for (const run of [runIn(from), bare]) {
        const { change } = decide(name, run);
        expect(change).toStrictEqual(JSON.parse(JSON.stringify(change)));
      }
    },
  );
});

describe('an undone claim (R5)', () => {
  it('is remembered as undelivered, with the worker that was not there', () => {
    const earlier: AttemptRecord = { attempt: 1, outcome: 'failed', endedAt: NOW };
    const run = runIn('dispatched', { attempt: 2, history: [earlier] });
    expect(undoClaim(run, 0, LATER).change.set.history).toStrictEqual([
      earlier,
      { attempt: 2, outcome: 'undelivered', worker: 'worker-1', endedAt: LATER },
    ]);
  });

  it('is undone only for the session whose socket was dead', () => {
    expect(undoClaim(runIn('dispatched'), 0, LATER).change.expect).toEqual({
      attempt: 1,
      g: 1,
      fence: 0,
      session: 'session-1',
    });
  });
});

describe('between two attempts', () => {
  const attempted: Run = {
    ...runIn('running'),
    endedAt: NOW,
    durationMs: 1,
    exitCode: 1,
    signal: 'SIGTERM',
    reason: 'handler_failed',
    output: 'half',
    error: 'no',
    log: 'a line',
    reportStored: true,
    progress: { percent: 10 },
  };
  const fieldsAfter = (run: Run, { change }: Decision): Set<string> => {
    const cleared = new Set<string>(change.clear);
    return new Set(Object.keys({ ...run, ...change.set }).filter((field) => !cleared.has(field)));
  };

  it.each<[string, TransitionName, () => Run]>([
    ['tried again waits as one that was never tried', 'retry', () => submitLater(aRequest(), NOW)],
    ['not delivered is ready as one never pushed', 'undo_claim', () => submitWaiting(aRequest(), 0, NOW)],
  ])('a run %s', (_case, name, submit) => {
    expect(fieldsAfter(attempted, decide(name, attempted))).toEqual(new Set(Object.keys(submit())));
  });
});

describe('the first row of a run', () => {
  const FIRST: readonly [TransitionName, (request: RunRequest) => Run][] = [
    ['submit_due', (request) => submitDue(request, aGrant(), NOW)],
    ['submit_waiting', (request) => submitWaiting(request, 3, NOW)],
    ['submit_later', (request) => submitLater(request, NOW)],
    ['skip', (request) => submitSkipped(request, 'overlap', { now: NOW, retentionMs: RETENTION_MS })],
  ];

  it.each(FIRST)('by %s is what was asked for, in the status of that transition', (name, submit) => {
    const request: RunRequest = {
      ...aRequest({ executeAt: NOW + 60_000, keyed: 'order-7' }),
      ...{ job: '7', spec: 2, trigger: 'backfill', backfill: '9', startBy: NOW + 90_000 },
      ...{ needs: { tags: ['gpu'] }, routing: { strategy: 'round_robin', turn: 3 }, broadcast: { index: 0, total: 2 } },
      task: { name: 'n', project: 'p', category: 'c', description: '', saveLog: true },
    };
    expect(submit(request)).toMatchObject({
      ...request,
      status: TRANSITIONS[name].to,
      dueAt: NOW + 60_000,
      createdAt: NOW,
      updatedAt: NOW,
    });
  });

  it.each(FIRST)(
    'by %s has no field for a payload that lies beside it, nor for a key that was not given',
    (_name, submit) => {
      const { payload: _beside, ...request } = aRequest();
      const run = submit(request);
      expect(run).not.toHaveProperty('payload');
      expect(run).not.toHaveProperty('keyed');
    },
  );

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

describe('a run that has to begin by an instant (R8)', () => {
  const startBy = NOW + 10_500;
  const ready = runIn('ready', { startBy });

  it('is looked at no later than then while it waits for its first start', () => {
    expect(submitLater(aRequest({ executeAt: NOW + 60_000, startBy }), NOW).wakeAt).toBe(startBy);
    expect(submitWaiting(aRequest({ startBy: NOW + 400 }), 0, NOW).wakeAt).toBe(NOW + 400);
    expect(fallDue(runIn('scheduled', { startBy: NOW + 400 }), 0, NOW).change.set.wakeAt).toBe(NOW + 400);
    expect(undoClaim(runIn('dispatched', { startBy: NOW + 400 }), 0, NOW).arm?.dueAt).toBe(NOW + 400);
    expect(readyLookAt(ready, NOW, NOW + 2_000)).toBe(startBy);
  });

  it('is looked at as any other when that is later, and after its first try', () => {
    expect(submitWaiting(aRequest({ startBy }), 0, NOW).wakeAt).toBe(NOW + 1_000);
    expect(readyLookAt({ ...ready, tries: 1 }, NOW, NOW + 2_000)).toBe(NOW + 16_000);
    expect(undoClaim(runIn('dispatched', { startBy: NOW + 400, tries: 1 }), 0, NOW).arm?.dueAt).toBe(NOW + 1_000);
  });

  it('is claimed only if it is not too late by the time of the claim', () => {
    expect(claim({ ...ready, readyAt: NOW }, aGrant(), LATER).change.expect.startingAt).toBe(LATER);
  });
});

describe('an occurrence that is not executed', () => {
  it('is a run that is born final, with its reason, and goes as other finished runs do', () => {
    expect(submitSkipped(aRequest(), 'deadline', { now: NOW, retentionMs: RETENTION_MS })).toMatchObject({
      ...{ status: 'skipped', skip: 'deadline', attempt: 0, tries: 0, endedAt: NOW },
      expiresAt: NOW + RETENTION_MS,
    });
  });
});

describe('claiming a ready run (D4)', () => {
  const ready = runIn('ready');
  const claimAfter = (afterMs: number): Decision => claim({ ...ready, readyAt: NOW }, aGrant(), NOW + afterMs);

  it.each([
    ['after 2 s the look at 16 s comes in time', 2_000],
    ['after 116 s the look at 136 s comes on the dot', 116_000],
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
