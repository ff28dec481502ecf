import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryDelayMs } from '../../lib/domain/retry.ts';
import { chances, holds } from '../support/properties.ts';

const HOUR_MS = 3_600_000;
/** The largest draw below 1. */
const ALMOST_ONE = 1 - Number.EPSILON / 2;

describe('retry backoff', () => {
  it.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [12, 2_048_000],
    [13, HOUR_MS],
    [99, HOUR_MS],
  ])('before try %i waits less than %i ms, and may wait all of it', (tries, ceilingMs) => {
    expect(retryDelayMs(tries, ALMOST_ONE)).toBe(ceilingMs - 1);
    expect(retryDelayMs(tries, 0.5)).toBe(ceilingMs / 2);
  });

  it('may not wait at all: the jitter is full, so that a failed herd does not come back as one', () => {
    expect(retryDelayMs(7, 0)).toBe(0);
  });

  it('is a whole number of milliseconds within the bounds, whatever is drawn', () => {
    holds(
      fc.property(fc.integer({ min: 1, max: 200 }), chances, (tries, chance) => {
        const delayMs = retryDelayMs(tries, chance);
        expect(Number.isInteger(delayMs)).toBe(true);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThan(Math.min(HOUR_MS, 1_000 * 2 ** (tries - 1)));
      }),
    );
  });
});
