import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Attempts, withAttempt, withoutAttempt } from '../../lib/adapters/attempt-log.ts';
import { holds } from '../support/properties.ts';

const WINDOW_MS = 100;
const instants = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 60 });
const max = fc.integer({ min: 1, max: 6 });

describe('a sliding log', () => {
  it('counts as many as allowed in any window, however the instants lie, and refuses nobody before', () => {
    holds(
      fc.property(instants, max, (unordered, limit) => {
        let log: Attempts = [];
        const counted: number[] = [];
        for (const now of unordered.toSorted((a, b) => a - b)) {
          const answer = withAttempt(log, { max: limit, windowMs: WINDOW_MS, now });
          const within = counted.filter((at) => at > now - WINDOW_MS);
          if (answer.kind === 'counted') {
            log = answer.attempts;
            counted.push(now);
            expect(within.length).toBeLessThan(limit);
          } else {
            expect(within.length).toBe(limit);
            expect(answer.retryAt).toBe(Math.min(...within) + WINDOW_MS);
          }
          // What has left the window is forgotten: the row stays small.
          expect(log.length).toBeLessThanOrEqual(limit);
        }
      }),
    );
  });

  it('counts a try again when it says so, and not before', () => {
    holds(
      fc.property(instants, max, (tried, limit) => {
        const at = (attempts: Attempts, now: number) => withAttempt(attempts, { max: limit, windowMs: WINDOW_MS, now });
        const log = tried.toSorted((a, b) => a - b);
        const answer = at(log, 500);
        fc.pre(answer.kind === 'limited');
        expect(at(log, answer.retryAt).kind).toBe('counted');
        expect(at(log, answer.retryAt - 1).kind).toBe('limited');
      }),
    );
  });

  it('keeps the order of instants that clocks put in disorder', () => {
    const answer = withAttempt([10, 30], { max: 5, windowMs: WINDOW_MS, now: 20 });
    expect(answer).toEqual({ kind: 'counted', attempts: [10, 20, 30] });
  });

  it('takes back one try of an instant, and none of another', () => {
    expect(withoutAttempt([1, 2, 2, 3], 2)).toEqual([1, 2, 3]);
    expect(withoutAttempt([1], 1)).toEqual([]);
    expect(withoutAttempt([1, 3], 2)).toBeUndefined();
  });
});
