import { describe, expect, it } from 'vitest';
import { DAYS, simulateDaily } from './lean/daily.ts';
import { simulateHerd } from './lean/herd.ts';

/** The whole of it, 1,000 schedules and 10,000 jobs, is a part of `npm run simulate`. */
describe('schedules in numbers', () => {
  it('fire once on each day of their zone, at their time of day, through a year', { timeout: 60_000 }, async () => {
    const daily = await simulateDaily(50);
    expect(daily.problem).toBeUndefined();
    expect(daily.fires).toBe(50 * DAYS);
  });

  it('that are due on one second start within ten, whatever AWS allows at once', { timeout: 60_000 }, async () => {
    const herd = await simulateHerd(2_000);
    expect(herd.started).toBe(2_000);
    expect(herd.lastMs).toBeLessThanOrEqual(10_000);
  });
});
