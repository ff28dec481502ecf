import { describe, expect, it } from 'vitest';
import { RUN_STATUSES, type Run, type RunStatus, TRANSITIONS } from '../../lib/domain/run.ts';
import { cancel, type Decision } from '../../lib/domain/run-decisions.ts';
import { expire, type Settled, settle } from '../../lib/domain/run-verdicts.ts';
import { NOW, runIn } from '../support/rows.ts';
import { END, LATER } from '../support/transitions.ts';

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
