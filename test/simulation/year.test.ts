import { describe, expect, it } from 'vitest';
import { BAD_YEAR, simulateYear } from './year.ts';

describe('a year of a thousand tasks', () => {
  it('begins each at its instant, tries it again in time, and leaves nothing behind', async () => {
    const year = await simulateYear({ seed: 1 });
    expect(year.outcome.violation).toBeUndefined();
    expect(year.outcome.struck).toEqual([]);
    expect(year.tasks).toBe(1_000);
    // Those that fail are tried again, and most are asked for long before.
    expect(year.attempts).toBeGreaterThan(1_300);
    expect(year.schedules).toBeGreaterThan(700);
    expect(year.messages).toBeLessThan(5 * year.attempts);
  });

  it('ends each of them, and begins none early, when timers, messages and functions fail', async () => {
    const year = await simulateYear({ seed: 1, rates: BAD_YEAR });
    expect(year.outcome.violation).toBeUndefined();
    expect(new Set(year.outcome.struck.map(({ kind }) => kind))).toEqual(new Set(Object.keys(BAD_YEAR)));
    expect(year.tasks).toBeGreaterThan(950);
    expect(year.latestMs).toBeGreaterThan(60_000);
  });

  it('is the same year for the same seed', async () => {
    const options = { seed: 7, rates: BAD_YEAR };
    const [one, two] = [await simulateYear(options), await simulateYear(options)];
    expect({ ...one, line: '' }).toEqual({ ...two, line: '' });
  });
});
