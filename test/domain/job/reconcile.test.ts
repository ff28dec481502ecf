import { describe, expect, it } from 'vitest';
import { brokenAt, isOverdue } from '../../../lib/domain/job/reconcile.ts';
import { NOW } from '../../support/rows.ts';
import { aJob, aPend, HOUR_MS, MINUTE_MS } from './a-job.ts';

describe('what is repaired (J6)', () => {
  it('an active job whose occurrence is two minutes late', () => {
    expect(brokenAt(aJob({ next: NOW - 2 * MINUTE_MS }), NOW)).toBeUndefined();
    expect(brokenAt(aJob({ next: NOW - 2 * MINUTE_MS - 1 }), NOW)).toBe(NOW - 2 * MINUTE_MS - 1);
    expect(brokenAt(aJob({ next: NOW - HOUR_MS, state: 'paused' }), NOW)).toBeUndefined();
  });

  it('a fire that is five minutes old, and not yet an hour', () => {
    const firedAgo = (ms: number) => isOverdue(aJob({ pend: aPend({ at: NOW - ms }) }), NOW);
    expect([5 * MINUTE_MS, 5 * MINUTE_MS + 1, HOUR_MS - 1, HOUR_MS].map(firedAgo)).toEqual([false, true, true, false]);
    expect(isOverdue(aJob(), NOW)).toBe(false);
  });
});
