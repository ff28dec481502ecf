/**
 * Vectors of Quartz (Java), the dialect that day rule "one" is for:
 * https://github.com/quartz-scheduler/quartz/blob/083493dbc98f7ef8c39e8be389bd9a1f1090464d/quartz/src/test/java/org/quartz/CronExpressionTest.java
 * (Apache License 2.0). What is left out is in docs/cron.md.
 */
import { describe, expect, it } from 'vitest';
import { lastOccurrence, nextOccurrence } from '../../../lib/domain/cron/occurrences.ts';
import { readSchedule } from '../../../lib/domain/cron/read.ts';
import { at, iso, rowsOf, scheduleOf } from './at.ts';

describe('isSatisfiedBy', () => {
  it.each(
    rowsOf(`
    0 15 10 * * ? 2005    | 2005-06-01 10:15 | due
    0 15 10 * * ? 2005    | 2006-06-01 10:15 | not
    0 15 10 * * ? 2005    | 2005-06-01 10:16 | not
    0 15 10 * * ? 2005    | 2005-06-01 10:14 | not
    0 15 10 L-2 * ? 2010  | 2010-10-29 10:15 | due
    0 15 10 L-2 * ? 2010  | 2010-10-28 10:15 | not
    0 15 10 L-5W * ? 2010 | 2010-10-26 10:15 | due
    0 15 10 L-1 * ? 2010  | 2010-10-30 10:15 | due
    0 15 10 L-1W * ? 2010 | 2010-10-29 10:15 | due
    `),
  )('%s | %s | %s', (expression = '', time = '', expected = '') => {
    const schedule = scheduleOf(expression, { days: 'one' });
    expect(nextOccurrence(schedule, at(time) - 1_000) === at(time)).toBe(expected === 'due');
    expect(lastOccurrence(schedule, at(time)) === at(time)).toBe(expected === 'due');
  });
});

it.each(['0 0 0 L-2 * ? *', '0 0 0 LW * ? *'])(
  'testQtz259: the fire times of %s are 26 different ones',
  (expression) => {
    const schedule = scheduleOf(expression, { days: 'one' });
    let last = at('2026-01-01');
    for (let fire = 0; fire < 26; fire += 1) {
      const next = nextOccurrence(schedule, last) ?? 0;
      expect(next).toBeGreaterThan(last);
      last = next;
    }
  },
);

describe('refused', () => {
  const STEPS = [
    '/120 0 8-18 ? * 2-6',
    '0/120 0 8-18 ? * 2-6',
    '/ 0 8-18 ? * 2-6',
    '0/ 0 8-18 ? * 2-6',
    '0 /120 8-18 ? * 2-6',
    '0 0/120 8-18 ? * 2-6',
    '0 0/ 8-18 ? * 2-6',
    '0 0 /120 ? * 2-6',
    '0 0 0/120 ? * 2-6',
    '0 0 0 /120 * 2-6',
    '0 0 0 0/120 * 2-6',
    '0 0 0 ? /120 2-6',
    '0 0 0 ? 0/120 2-6',
    '0 0 0 ? 0/ 2-6',
    '0 0 0 ? * /120',
    '0 0 0 ? * 0/120',
    '0 0 0 ? * 0/',
  ];
  it.each([
    ...['* * * * Foo ? ', '* * * * Jan-Foo ? ', '0 0 * * * *', '0 0 * 4 * *', '0 0 * * * 4', '0/5 * * 32W 1 ?'],
    ...['0 43 9 ? * SAT,SUN,L', '0 43 9 ? * 6,7,L'],
    ...STEPS,
  ])('%s', (expression) => {
    expect(readSchedule(scheduleOf(expression, { days: 'one' }), 0).kind).toBe('invalid');
  });
});

it('testQuartz640: 5L is the last Thursday, for Sunday is 1', () => {
  const schedule = scheduleOf('0 43 9 ? * 5L', { days: 'one' });
  expect(iso(nextOccurrence(schedule, at('2026-11-01')))).toBe('2026-11-26T09:43:00Z');
});
