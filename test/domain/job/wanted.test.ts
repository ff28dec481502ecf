import { describe, expect, it } from 'vitest';
import { scheduleOf } from '../../../lib/domain/job/wanted.ts';
import { NOW } from '../../support/rows.ts';
import { aSchedule, HOUR_MS } from './a-job.ts';

const { startAt: _, ...wish } = aSchedule({ expression: '@every 90s' });

describe('the beginning of a schedule', () => {
  it('is now, as a whole second', () => {
    expect(scheduleOf(wish, undefined, NOW + 1).startAt).toBe(NOW + 1_000);
    expect(scheduleOf({ ...wish, startAt: NOW - 1 }, undefined, NOW + 5_000).startAt).toBe(NOW);
  });

  it('stays when the same is asked for again', () => {
    const current = scheduleOf(wish, undefined, NOW);
    expect(scheduleOf(wish, current, NOW + HOUR_MS)).toEqual(current);
  });

  it('moves when anything else changes, or when it was still to come', () => {
    const current = scheduleOf(wish, undefined, NOW);
    expect(scheduleOf({ ...wish, expression: '@every 60s' }, current, NOW + HOUR_MS).startAt).toBe(NOW + HOUR_MS);
    expect(scheduleOf({ ...wish, endAt: NOW + 9 * HOUR_MS }, current, NOW + HOUR_MS).startAt).toBe(NOW + HOUR_MS);
    const later = scheduleOf({ ...wish, startAt: NOW + HOUR_MS }, undefined, NOW);
    expect(scheduleOf(wish, later, NOW).startAt).toBe(NOW);
  });
});
