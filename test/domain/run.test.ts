import { describe, expect, it } from 'vitest';
import {
  deadline,
  isInFlight,
  isRunOpen,
  isTerminal,
  missesStart,
  RUN_STATUSES,
  type Run,
  type RunStatus,
  TRANSITIONS,
  type TransitionName,
  triesBegun,
} from '../../lib/domain/run.ts';
import { CHANGES, NOW, runIn } from '../support/rows.ts';

describe('what may follow what', () => {
  const endOfAnAttempt: TransitionName[] = ['succeed', 'retry', 'fail', 'time_out', 'cancel_in_flight'];
  it.each<[RunStatus, TransitionName[]]>([
    ['scheduled', ['fall_due', 'dispatch_due', 'expire', 'fulfil', 'fulfil_badly', 'cancel_waiting']],
    ['ready', ['claim', 'expire', 'fulfil', 'fulfil_badly', 'cancel_waiting']],
    ['dispatched', ['undo_claim', 'start', 'report_progress', 'adopt', ...endOfAnAttempt]],
    // What runs was delivered: its claim cannot be undone any more (R5).
    ['running', ['report_progress', 'adopt', ...endOfAnAttempt]],
    ['succeeded', []],
    ['failed', []],
    ['timed_out', []],
    ['cancelled', ['record_evidence']],
    ['skipped', []],
  ])('%s may be followed by %j and nothing else', (status, expected) => {
    const from = (name: TransitionName): readonly RunStatus[] => TRANSITIONS[name].from;
    expect(CHANGES.filter((name) => from(name).includes(status))).toEqual(expected);
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
    ['skipped', { status: 'skipped' }, 0],
    ['not begun in time', { status: 'timed_out', tries: 0, attempt: 0 }, 0],
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
    expect(RUN_STATUSES.filter(isTerminal)).toEqual(['succeeded', 'failed', 'timed_out', 'cancelled', 'skipped']);
  });

  it.each<[string, Pick<Run, 'startBy' | 'tries'>, boolean]>([
    ['that may begin at any time', { tries: 0 }, false],
    ['with a millisecond left', { startBy: NOW + 1, tries: 0 }, false],
    ['at the instant itself', { startBy: NOW, tries: 0 }, true],
    ['later', { startBy: NOW - 1, tries: 0 }, true],
    ['later, but tried once in time', { startBy: NOW - 1, tries: 1 }, false],
  ])('a run misses its start (R8): %s', (_case, run, expected) => {
    expect(missesStart(run, NOW)).toBe(expected);
  });

  it('its time is counted from the latest of push, instant and start', () => {
    const times = { timeoutMs: 1_000, dispatchedAt: 10, dueAt: 20 };
    expect(deadline(times)).toBe(1_020);
    expect(deadline({ ...times, startedAt: 500 })).toBe(1_500);
    expect(deadline({ ...times, dispatchedAt: 90 })).toBe(1_090);
  });
});
