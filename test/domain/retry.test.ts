import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryDelayMs } from '../../lib/domain/retry.ts';
import { chances, holds } from '../support/properties.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
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

  it.each([
    [{ everyMs: 60_000, factor: 1 }, [60_000, 60_000, 60_000]],
    [{ everyMs: 1_000, factor: 2 }, [1_000, 2_000, 4_000]],
    [{ everyMs: 1_000, factor: 1.5 }, [1_000, 1_500, 2_250]],
    [{ everyMs: 0, factor: 10 }, [0, 0, 0]],
    [{ everyMs: 20 * DAY_MS, factor: 10 }, [20 * DAY_MS, 30 * DAY_MS, 30 * DAY_MS]],
  ])('is %j exactly where the run brings it, whatever is drawn', (backoff, delays) => {
    for (const chance of [0, 0.5, ALMOST_ONE]) {
      expect([1, 2, 3].map((tries) => retryDelayMs(tries, chance, backoff))).toEqual(delays);
    }
  });

  it('stays within bounds however often it was tried', () => {
    expect(retryDelayMs(2_000, 0, { everyMs: 1, factor: 100 })).toBe(30 * DAY_MS);
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
