import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { occurrencesBetween } from '../../../lib/domain/cron/occurrences.ts';
import { MISFIRE_POLICIES } from '../../../lib/domain/job/job.ts';
import { courseOf } from '../../../lib/domain/job/misfire.ts';
import { holds } from '../../support/properties.ts';
import { NOW } from '../../support/rows.ts';
import { aPolicy, aSchedule, MINUTE_MS } from './a-job.ts';

const schedule = aSchedule();
const minute = (count: number): number => NOW + count * MINUTE_MS;

describe('an occurrence that fires in time', () => {
  it.each(MISFIRE_POLICIES)('is fired as it is, up to 60 s late (%s)', (misfire) => {
    const policy = aPolicy({ misfire });
    expect(courseOf(schedule, policy, NOW, NOW - 3_000)).toEqual({ fire: NOW, next: minute(1) });
    expect(courseOf(schedule, policy, NOW, minute(1))).toEqual({ fire: NOW, next: minute(1) });
  });

  it.each(['skip', 'fire_once'] as const)('is a misfire a millisecond later (%s)', (misfire) => {
    expect(courseOf(schedule, aPolicy({ misfire }), NOW, minute(1) + 1).fire).not.toBe(NOW);
  });

  it('may be the last', () => {
    const ending = aSchedule({ endAt: minute(1) });
    expect(courseOf(ending, aPolicy(), NOW, NOW)).toEqual({ fire: NOW });
  });
});

describe('after an outage of five minutes', () => {
  const now = minute(5) + 10_000;

  it('skip fires none of them', () => {
    expect(courseOf(schedule, aPolicy({ misfire: 'skip' }), NOW, now)).toEqual({
      gap: { from: NOW, to: minute(5) + 1, reason: 'missed', by: 'skip' },
      next: minute(6),
    });
  });

  it('fire_once fires the latest', () => {
    expect(courseOf(schedule, aPolicy({ misfire: 'fire_once' }), NOW, now)).toEqual({
      fire: minute(5),
      gap: { from: NOW, to: minute(5), reason: 'missed', by: 'fire_once' },
      next: minute(6),
    });
  });

  it('fire_once of one that nothing came after leaves out nothing', () => {
    expect(courseOf(aSchedule({ expression: '0 0 * * *' }), aPolicy(), NOW, now)).toEqual({
      fire: NOW,
      next: NOW + 24 * 60 * MINUTE_MS,
    });
  });

  it('fire_all fires each in turn', () => {
    expect(courseOf(schedule, aPolicy({ misfire: 'fire_all' }), NOW, now)).toEqual({ fire: NOW, next: minute(1) });
  });

  it('fire_all leaves out those that are older than the newest of its cap', () => {
    const policy = aPolicy({ misfire: 'fire_all', misfireCap: 2 });
    expect(courseOf(schedule, policy, NOW, now)).toEqual({
      fire: minute(4),
      gap: { from: NOW, to: minute(4), reason: 'missed', by: 'fire_all' },
      next: minute(5),
    });
  });

  it('a schedule that has ended meanwhile fires its last once', () => {
    const ended = aSchedule({ endAt: minute(3) });
    expect(courseOf(ended, aPolicy(), NOW, now)).toEqual({
      fire: minute(2),
      gap: { from: NOW, to: minute(2), reason: 'missed', by: 'fire_once' },
    });
  });
});

describe('whatever the policy and the delay', () => {
  it('each occurrence is fired or left out, exactly once', () => {
    holds(
      fc.property(
        fc.constantFrom(...MISFIRE_POLICIES),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: -3, max: 40 * 60 }),
        fc.constantFrom('* * * * *', '*/7 * * * *', '30 */5 * * * *', '@every 90s'),
        (misfire, misfireCap, lateS, expression) => {
          const own = aSchedule({ expression });
          const now = NOW + lateS * 1_000;
          const accounted: number[] = [];
          let n = occurrencesBetween(own, NOW, Number.POSITIVE_INFINITY, 1)[0];
          const first = n;
          while (n !== undefined && n - 3_000 <= now) {
            const { fire, gap, next } = courseOf(own, aPolicy({ misfire, misfireCap }), n, now);
            accounted.push(...(gap === undefined ? [] : occurrencesBetween(own, gap.from, gap.to, 10_000)));
            accounted.push(...(fire === undefined ? [] : [fire]));
            expect(next).toBeGreaterThan(Math.max(fire ?? 0, n));
            n = next;
          }
          expect(accounted).toEqual(occurrencesBetween(own, first ?? 0, n ?? 0, 10_000));
        },
      ),
    );
  });
});
