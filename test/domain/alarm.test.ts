import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alarm, judge, mustBump, nextReadyLook, planAlarm, type Watched } from '../../lib/domain/alarm.ts';
import { chances, holds } from '../support/properties.ts';
import { NOW } from '../support/rows.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

const anAlarm = (fields: Partial<Alarm> = {}): Alarm => ({
  key: { kind: 'run', id: '1' },
  g: 2,
  dueAt: NOW,
  hop: 0,
  armedAt: NOW,
  nonce: 'nonce',
  ...fields,
});
const row = (fields: Partial<Watched> = {}): Watched => ({ open: true, g: 2, wakeAt: NOW, ...fields });

describe('an alarm that has arrived (A2)', () => {
  it.each<[string, Watched | undefined, number, ReturnType<typeof judge>]>([
    ['the row is not open', row({ open: false }), NOW, 'done'],
    ['not open, though older', row({ open: false, g: 1 }), NOW + 3_600_000, 'done'],
    ['the row has a newer generation', row({ g: 3 }), NOW, 'done'],
    ['same generation, before its time', row({ wakeAt: NOW + 1 }), NOW, 'rearm'],
    ['same generation, on the dot', row(), NOW, 'act'],
    ['same generation, late', row(), NOW + 3_600_000, 'act'],
    ['the row is older: its commit may be on the way', row({ g: 1 }), NOW + 89_999, 'wait'],
    ['the row is older, 90 s after arming', row({ g: 1 }), NOW + 90_000, 'fence'],
    ['bumped for this alarm', row({ bumped: { g: 2, nonce: 'nonce' } }), NOW, 'act'],
    ['bumped for a sibling (H33)', row({ bumped: { g: 2, nonce: 'another' } }), NOW, 'done'],
    ['bumped for a sibling, early', row({ bumped: { g: 2, nonce: 'another' }, wakeAt: NOW + 1 }), NOW, 'done'],
    ['an older generation was bumped', row({ bumped: { g: 1, nonce: 'another' } }), NOW, 'act'],
    ['older, and bumped for another', row({ g: 1, bumped: { g: 2, nonce: 'another' } }), NOW, 'wait'],
    ['no row yet', undefined, NOW + 89_999, 'wait'],
    ['no row 90 s after arming', undefined, NOW + 90_000, 'fence'],
  ])('%s', (_case, watched, now, verdict) => {
    expect(judge(anAlarm(), watched, now)).toBe(verdict);
  });

  it('decides from the row, never from its own time (H1)', () => {
    const late = anAlarm({ dueAt: NOW + 5_000 });
    const early = anAlarm({ dueAt: NOW - 5_000 });
    for (const now of [NOW - 1, NOW, NOW + 1]) {
      expect(judge(late, row(), now)).toBe(judge(early, row(), now));
    }
  });

  it('is cut off from its siblings at each 8th sending-on (A6)', () => {
    const bumps = Array.from({ length: 24 }, (_, hop) => hop).filter((hop) => mustBump(anAlarm({ hop })));
    expect(bumps).toEqual([7, 15, 23]);
  });
});

describe('the three-tier timer (A3)', () => {
  it.each([
    ['already due', -5_000, 0],
    ['due now', 0, 0],
    ['due in a millisecond: SQS counts whole seconds, and early costs a message', 1, 1],
    ['in 20 s', 20_000, 20],
    ['in exactly 15 min', 15 * MINUTE_MS, 900],
  ])('SQS carries what is %s', (_case, aheadMs, delaySeconds) => {
    expect(planAlarm(NOW + aheadMs, NOW, 0.5)).toEqual({ via: 'queue', delaySeconds });
  });

  it('leaves the rest to a schedule that fires 2 to 14 minutes early', () => {
    const dueAt = NOW + 3_600_000;
    expect(planAlarm(dueAt, NOW, 0)).toEqual({ via: 'schedule', fireAt: dueAt - 2 * MINUTE_MS });
    expect(planAlarm(dueAt, NOW, 0.5)).toEqual({ via: 'schedule', fireAt: dueAt - 8 * MINUTE_MS });
  });

  it('never asks SQS for more than 900 s, nor the scheduler for an instant within a minute', () => {
    // Around the boundary most of all.
    const aheads = fc.oneof(
      fc.integer({ min: -MINUTE_MS, max: 40 * MINUTE_MS }),
      fc.integer({ min: 15 * MINUTE_MS - 5, max: 15 * MINUTE_MS + 5 }),
      fc.integer({ min: 0, max: 10 * 366 * 86_400_000 }),
    );
    holds(
      fc.property(aheads, chances, (aheadMs, spread) => {
        const dueAt = NOW + aheadMs;
        const plan = planAlarm(dueAt, NOW, spread);
        if (plan.via === 'queue') {
          expect(Number.isInteger(plan.delaySeconds)).toBe(true);
          expect(plan.delaySeconds).toBeGreaterThanOrEqual(0);
          expect(plan.delaySeconds).toBeLessThanOrEqual(900);
          // Never early by a second or more, never a second late.
          expect(Math.abs(plan.delaySeconds * SECOND_MS - Math.max(0, aheadMs))).toBeLessThan(SECOND_MS);
        } else {
          expect(plan.fireAt - NOW).toBeGreaterThanOrEqual(MINUTE_MS);
          expect(dueAt - plan.fireAt).toBeGreaterThanOrEqual(2 * MINUTE_MS);
          expect(dueAt - plan.fireAt).toBeLessThanOrEqual(14 * MINUTE_MS);
          // What the early fire sends on is near enough for SQS.
          expect(planAlarm(dueAt, plan.fireAt, spread).via).toBe('queue');
        }
      }),
    );
  });

  it('spreads a minute full of jobs over twelve', () => {
    const dueAt = NOW + 86_400_000;
    const minutes = new Map<number, number>();
    for (let job = 0; job < 12_000; job += 1) {
      const plan = planAlarm(dueAt, NOW, job / 12_000);
      const fireAt = plan.via === 'schedule' ? plan.fireAt : 0;
      const minute = Math.ceil((dueAt - fireAt) / MINUTE_MS);
      minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
    }
    expect(Math.max(...minutes.values())).toBeLessThanOrEqual(1_001);
  });
});

describe('looks at a ready run (A7)', () => {
  it.each([
    [0, 1_000],
    [999, 1_000],
    [1_000, 16_000],
    [15_999, 16_000],
    [16_000, 136_000],
    [135_999, 136_000],
    [136_000, 136_000 + 15 * MINUTE_MS],
    [5 * 3_600_000, 5 * 3_600_000 + 15 * MINUTE_MS],
  ])('%i ms after it turned ready, the next is at %i ms', (afterMs, nextMs) => {
    expect(nextReadyLook(NOW, NOW + afterMs)).toBe(NOW + nextMs);
  });

  it('always lies ahead, within 15 minutes', () => {
    holds(
      fc.property(fc.integer({ min: -5_000, max: 86_400_000 }), (afterMs) => {
        const aheadMs = nextReadyLook(NOW, NOW + afterMs) - (NOW + afterMs);
        expect(aheadMs).toBeGreaterThan(0);
        expect(aheadMs).toBeLessThanOrEqual(15 * MINUTE_MS);
      }),
    );
  });
});
