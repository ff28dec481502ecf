import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  attemptKey,
  available,
  dropped,
  isSessionOpen,
  lossAt,
  missedPushes,
  parseAttemptKey,
  removableAt,
  takesPushes,
} from '../../lib/domain/session.ts';
import { holds } from '../support/properties.ts';
import { aSession, NOW } from '../support/rows.ts';

describe('a session', () => {
  it.each([
    ['up', true],
    ['lost', true],
    ['closed', false],
    ['void', false],
  ] as const)('%s still needs its alarm: %s (H25)', (st, open) => {
    expect(isSessionOpen({ st })).toBe(open);
  });

  it('is lost after 45 s of silence', () => {
    expect(lossAt(aSession({ hbAt: NOW }))).toBe(NOW + 45_000);
  });

  it('that is over keeps its row until five minutes after its hello (S4, H34)', () => {
    expect(removableAt(aSession({ createdAt: NOW }))).toBe(NOW + 300_000);
  });

  it('may have less than nothing to give, after the worker lowered its limit', () => {
    expect(available({ limit: 2, q: 5 })).toBe(-3);
  });

  it('names an attempt so that it can be read back, whatever the id', () => {
    holds(
      fc.property(fc.string({ minLength: 1, maxLength: 128 }), fc.integer({ min: 1, max: 1_000 }), (run, attempt) => {
        expect(parseAttemptKey(attemptKey(run, attempt))).toEqual({ run, attempt });
      }),
    );
  });
});

describe('missed pushes (C6)', () => {
  const session = { q: 5, seen: 4, takeAt: NOW };
  it.each([
    ['a push 20 s before the heartbeat that has not seen it', { ...session, hbAt: NOW + 20_000 }, true],
    ['a younger one, which may be on its way', { ...session, hbAt: NOW + 19_999 }, false],
    ['all seen', { ...session, seen: 5, hbAt: NOW + 60_000 }, false],
  ])('%s: %s', (_case, given, expected) => {
    expect(missedPushes(given)).toBe(expected);
  });
});

describe('dropped attempts (S5)', () => {
  it('are those of the earlier list that the later one does not name', () => {
    expect(dropped(['1:1', '2:1', '3:2'], ['2:1', '3:1', '4:1'])).toEqual(['1:1', '3:2']);
    expect(dropped([], ['1:1'])).toEqual([]);
  });
});

describe('a session that pushes may be taken of', () => {
  const { conn: _none, ...socketless } = aSession();
  it.each([
    ['up', aSession(), true],
    ['lost', aSession({ st: 'lost' }), false],
    ['closed', aSession({ st: 'closed' }), false],
    ['without a socket', socketless, false],
    ['switched off', aSession({ disabled: true }), false],
    ['that fetches its runs itself', aSession({ polls: true }), false],
  ])('%s: %s', (_case, session, expected) => {
    expect(takesPushes(session)).toBe(expected);
  });
});
