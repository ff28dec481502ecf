import { describe, expect, it } from 'vitest';
import { keptFor } from '../../lib/domain/ids.ts';
import { RUN_STATUSES, type Run, type RunStatus, TRANSITIONS, waitsUntil } from '../../lib/domain/run.ts';
import { cancel, type Decision, endBadly, submitLater, succeed } from '../../lib/domain/run-decisions.ts';
import { expire, fulfil, type Settled, settle } from '../../lib/domain/run-verdicts.ts';
import { aRequest, NOW, runIn } from '../support/rows.ts';
import { END, FAILED, LATER } from '../support/transitions.ts';

const SETTLED: readonly Settled[] = ['succeeded', 'failed', 'error', 'timed_out', 'cancelled'];
const decided = (run: Run, as: Settled): Decision => {
  const decision = settle(run, as, END);
  if (decision === 'illegal') {
    throw new Error(`${run.status} cannot become ${as}`);
  }
  return decision;
};

describe("a person's verdict (R9)", () => {
  it.each<[RunStatus, readonly Settled[]]>([
    ['scheduled', ['cancelled']],
    ['ready', ['cancelled']],
    ['dispatched', SETTLED],
    ['running', SETTLED],
    ['succeeded', []],
    ['failed', []],
    ['timed_out', []],
    ['cancelled', []],
    ['skipped', []],
  ])('on a %s run may be %j and nothing else', (status, legal) => {
    expect(SETTLED.filter((as) => settle(runIn(status), as, END) !== 'illegal')).toEqual(legal);
  });

  it('makes only transitions that the table has', () => {
    for (const status of RUN_STATUSES) {
      for (const as of SETTLED) {
        const decision = settle(runIn(status), as, END);
        if (decision !== 'illegal') {
          const { from, to } = TRANSITIONS[decision.change.transition];
          expect(from).toContain(status);
          expect(decision.change.set.status).toBe(to);
        }
      }
    }
  });

  it.each<[Settled, Partial<Run>]>([
    ['succeeded', { status: 'succeeded', reason: 'operator' }],
    ['failed', { status: 'failed', reason: 'operator', tries: 2 }],
    ['error', { status: 'failed', reason: 'operator_not_run', tries: 2 }],
    ['timed_out', { status: 'timed_out', reason: 'operator', tries: 2 }],
  ])('%s is final whatever tries are left, and nothing is armed', (as, expected) => {
    const { change, arm } = decided(runIn('running', { tries: 1, maxTries: 9 }), as);
    expect(arm).toBeUndefined();
    expect(change.set).toStrictEqual({
      ...expected,
      ...{ endedAt: LATER, updatedAt: LATER, expiresAt: END.now + END.retentionMs },
    });
    expect(change.clear).toEqual(['session', 'seq', 'progress']);
  });

  it('is for the attempt and the session that it was made on: the worker is told', () => {
    expect(decided(runIn('running', { attempt: 3 }), 'failed').change.expect).toEqual({
      ...{ attempt: 3, g: 1, fence: 0, session: 'session-1' },
    });
  });

  it('needs no session where the row has none', () => {
    const { session: _none, ...run } = runIn('running');
    expect(decided(run, 'failed').change.expect).toStrictEqual({ attempt: 1, g: 1, fence: 0 });
  });

  it('cancelled is a cancel like any other', () => {
    for (const status of ['scheduled', 'ready', 'dispatched', 'running'] as const) {
      expect(settle(runIn(status), 'cancelled', END)).toEqual(cancel(runIn(status), END));
    }
  });
});

describe('a run that has not begun in time (R8)', () => {
  it.each(['scheduled', 'ready'] as const)('%s, ends as timed out without a try', (status) => {
    const run = runIn(status, { startBy: NOW, attempt: 2, g: 4, fence: 1 });
    const { change, arm } = expire(run, 'Not started by then', END);
    expect(arm).toBeUndefined();
    expect(change).toMatchObject({
      transition: 'expire',
      expect: { attempt: 2, g: 4, fence: 1 },
      set: { status: 'timed_out', reason: 'not_started', error: 'Not started by then', endedAt: LATER },
      clear: ['readyAt', 'readyShard'],
    });
    expect(change.set).not.toHaveProperty('tries');
  });
});

describe('a run whose wait is over (T8)', () => {
  const STEP_RUN = '42~wait~1';
  const fulfilled = (run: Run, as: 'succeeded' | 'failed', report = {}): Decision => {
    const decision = fulfil(run, as, report, END);
    if (decision === 'illegal') {
      throw new Error(`${run.status} waits for nothing`);
    }
    return decision;
  };

  it('is one that nobody executes yet, and no other', () => {
    const waiting = RUN_STATUSES.filter((status) => fulfil(runIn(status), 'succeeded', {}, END) !== 'illegal');
    expect(waiting).toEqual(['scheduled', 'ready']);
  });

  it.each(['scheduled', 'ready'] as const)(
    '%s, succeeds with what came of it, for good and without an alarm',
    (status) => {
      const run = runIn(status, { id: STEP_RUN, attempt: 2, g: 4, fence: 1 });
      const { change, arm } = fulfilled(run, 'succeeded', { output: '7' });
      expect(arm).toBeUndefined();
      expect(change).toStrictEqual({
        ...{ id: STEP_RUN, transition: 'fulfil', expect: { attempt: 2, g: 4, fence: 1 } },
        set: {
          ...{ status: 'succeeded', output: '7', endedAt: LATER, updatedAt: LATER },
          expiresAt: LATER + keptFor(STEP_RUN, END.retentionMs),
        },
        clear: ['readyAt', 'readyShard'],
      });
    },
  );

  it('fails where what it waited for came to another end', () => {
    const { change } = fulfilled(runIn('scheduled', { id: STEP_RUN }), 'failed', { error: 'no' });
    expect(change).toMatchObject({
      transition: 'fulfil_badly',
      set: { status: 'failed', reason: 'not_fulfilled', error: 'no' },
    });
  });
});

describe('a run of a step', () => {
  const of = (status: Run['status']): Run => runIn(status, { id: '42~pay~1' });
  const ends: readonly (readonly [string, Decision])[] = [
    ['succeeds', succeed(of('running'), { outcome: 'succeeded' }, {}, END)],
    ['fails', endBadly({ ...of('running'), tries: 2 }, FAILED, {}, END, 0)],
    ['expires', expire(of('scheduled'), 'late', END)],
    ['is settled', decided(of('running'), 'failed')],
    ['is cancelled while it waits', decided(of('ready'), 'cancelled')],
    ['is cancelled while it runs', decided(of('running'), 'cancelled')],
  ];

  it.each(ends)('%s, and is kept 90 days longer than others', (_how, { change }) => {
    expect(change.set.expiresAt).toBe(LATER + END.retentionMs + 90 * 86_400_000);
  });

  it('is tried again after the wait that its flow gives', () => {
    const run = { ...of('running'), backoff: { everyMs: 60_000, factor: 2 }, tries: 1 };
    const { change, arm } = endBadly(run, FAILED, {}, END, 0.3);
    expect(change.set.dueAt).toBe(LATER + 120_000);
    expect(arm?.dueAt).toBe(change.set.wakeAt);
  });

  it('is one that nobody executes where it has to begin by an instant, and is looked at then', () => {
    const until = NOW + 3_600_000;
    expect(waitsUntil({ id: '42~pay~1', startBy: until })).toBe(until);
    expect(waitsUntil({ id: '42~pay~1' })).toBeUndefined();
    expect(waitsUntil({ id: '42', startBy: until })).toBeUndefined();
    const row = submitLater(aRequest({ id: '42~pay~1', executeAt: until, startBy: until }), NOW);
    expect(row).toMatchObject({ status: 'scheduled', wakeAt: until });
  });
});
