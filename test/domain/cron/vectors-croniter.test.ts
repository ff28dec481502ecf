/**
 * Vectors of croniter (Python), backwards and forwards:
 * https://github.com/kiorky/croniter/blob/02bee4d794a2c77e6a8cf3a84a67ebe35602e061/src/croniter/tests/test_croniter.py
 * (MIT licence). Five fields; the fields of the day joined as in Unix, or by AND (`day_or=False`); gaps are passed over and
 * overlaps run twice. `get_prev` leaves its start out. What is left out is in docs/cron.md.
 */
import { describe, expect, it } from 'vitest';
import { lastOccurrence, nextOccurrence } from '../../../lib/domain/cron/occurrences.ts';
import { readSchedule } from '../../../lib/domain/cron/read.ts';
import type { Schedule } from '../../../lib/domain/cron/schedule.ts';
import { at, iso, rowsOf, scheduleOf } from './at.ts';

const NATIVE: Partial<Schedule> = { gap: 'skip', overlap: 'twice' };

const forwards = (schedule: Schedule, from: string, expected: readonly string[]) => {
  let last = at(from);
  for (const next of expected) {
    last = nextOccurrence(schedule, last) ?? Number.NaN;
    expect(iso(last)).toBe(iso(at(next)));
  }
};

const backwards = (schedule: Schedule, from: string, expected: readonly string[]) => {
  let last = at(from);
  for (const before of expected) {
    last = lastOccurrence(schedule, last - 1) ?? Number.NaN;
    expect(iso(last)).toBe(iso(at(before)));
  }
};

describe('get_next', () => {
  it.each(
    rowsOf(`
    0 */3 * * *        | 2010-01-24 12:02 | 2010-01-24 15:00, 2010-01-24 18:00, 2010-01-24 21:00, 2010-01-25 00:00
    0 0 */3 * *        | 2010-02-24 12:09 | 2010-02-25, 2010-02-28, 2010-03-01
    0 0 * * *          | 1996-02-27       | 1996-02-28, 1996-02-29
    0 0 * * *          | 2000-02-27       | 2000-02-28, 2000-02-29
    0 0 * * sat        | 2010-02-25       | 2010-02-27, 2010-03-06
    0 0 1 * wed        | 2010-01-25       | 2010-01-27, 2010-02-01, 2010-02-03
    0 0 * * sat#1      | 2010-02-25       | 2010-03-06, 2010-04-03
    0 0 * * wed#5      | 2010-01-25       | 2010-03-31, 2010-06-30, 2010-09-29
    0 0 l * *          | 2015-09-04       | 2015-09-30, 2015-10-31, 2015-11-30, 2015-12-31
    0 0 * * 7          | 2010-02-25       | 2010-02-28, 2010-03-07
    30 22 * * sun-thu  | 2010-08-25 15:56 | 2010-08-25 22:30
    0 * * 3 *          | 2012-01-01       | 2012-03-01 00:00, 2012-03-01 01:00, 2012-03-01 02:00
    00 03 16,30 * *    | 2013-03-01 12:17:34 | 2013-03-16 03:00, 2013-03-30 03:00, 2013-04-16 03:00
    0 4/6 * * *        | 2012-02-24       | 2012-02-24 04:00
    0 0 1 3,6,9,12 *   | 2016-03-01       | 2016-06-01
    0 0 1 3,6,9,12 *   | 2016-12-03 10:00 | 2017-03-01
    1-9/2 0 1 * *      | 2013-03-04       | 2013-04-01 00:01, 2013-04-01 00:03, 2013-04-01 00:05, 2013-04-01 00:07, 2013-04-01 00:09
    0 10 * * *         | 2018-01-02 09:59:59.999 | 2018-01-02 10:00
    # There the seconds are the last field.
    * 0 0 * * 2-4      | 2019-01-14          | 2019-01-15
    * 0 0 * * 2-4      | 2019-01-16          | 2019-01-16 00:00:01
    * 0 0 * * 2-4      | 2019-01-17 00:00:01 | 2019-01-17 00:00:02
    * 0 0 * * 2-4      | 2019-01-18 00:00:02 | 2019-01-22
    * 0 0 * * 1-7      | 2019-01-20 00:00:06 | 2019-01-20 00:00:07
    * 0 0 * * Wed-Sun  | 2019-01-14          | 2019-01-16
    * 0 0 * * Wed-Sun  | 2019-01-20 00:00:03 | 2019-01-20 00:00:04
    * 0 0 * * Wed-Sun  | 2019-01-21 00:00:04 | 2019-01-23
    `),
  )('%s | %s | %s', (expression = '', from = '', expected = '') => {
    forwards(scheduleOf(expression, NATIVE), from, expected.split(', '));
  });

  it.each(
    rowsOf(`
    0 0 1 * mon              | 2010-01-25 | 2010-02-01, 2010-03-01, 2010-11-01
    0 13 8 1,4,7,10 wed      | 2020-09-24 | 2025-01-08 13:00
    `),
  )('day_or=False: %s | %s | %s', (expression = '', from = '', expected = '') => {
    forwards(scheduleOf(expression, { ...NATIVE, days: 'and' }), from, expected.split(', '));
  });
});

describe('get_prev', () => {
  it.each(
    rowsOf(`
    0 0 l * *           | 2009-12-31 20:00 | 2009-12-31
    0 0 l * *           | 2009-12-31       | 2009-11-30
    0 0 l * *           | 2010-01-05       | 2009-12-31, 2009-11-30, 2009-10-31, 2009-09-30
    * * l * *           | 2010-01-31 00:02 | 2010-01-31 00:01, 2010-01-31 00:00, 2009-12-31 23:59, 2009-12-31 23:58
    */1 * * * *         | 2010-08-25 00:00 | 2010-08-24 23:59
    0 0 22 * *          | 2012-03-15       | 2012-02-22
    0 0 * * sat,sun     | 2010-08-25 15:56 | 2010-08-22, 2010-08-21, 2010-08-15
    0 0 * * sat#1,sun#2 | 2010-08-25 15:56 | 2010-08-08, 2010-08-07, 2010-07-11
    10 0 * * 0          | 2010-08-25 15:56 | 2010-08-22 00:10
    5 0 */2 * *         | 2012-02-24       | 2012-02-23 00:05
    00 03 16,30 * *     | 2013-04-16 03:00 | 2013-03-30 03:00, 2013-03-16 03:00, 2013-02-16 03:00
    0 4/6 * * *         | 2012-02-24 04:00 | 2012-02-23 22:00
    0 0 1 3,6,9,12 *    | 2016-03-01       | 2015-12-01
    0 0 1,15,31 * *     | 2016-02-01       | 2016-01-31
    0 0 1 1,3,6,9,12 *  | 2016-03-01       | 2016-01-01
    * 10 * * *          | 2012-06-23 17:41 | 2012-06-23 10:59
    * * 26 * *          | 2012-06-27 00:15 | 2012-06-26 23:59
    * * * 5 *           | 2012-06-18 00:15 | 2012-05-31 23:59
    * * * * sat         | 2012-05-13 18:48 | 2012-05-12 23:59
    30 7,12,17 * * *    | 2018-03-05 12:30:50 | 2018-03-05 12:30, 2018-03-05 07:30
    0 10 * * *          | 2018-01-02 10:00:00.500 | 2018-01-02 10:00
    `),
  )('%s | %s | %s', (expression = '', from = '', expected = '') => {
    backwards(scheduleOf(expression, NATIVE), from, expected.split(', '));
  });
});

describe('time zones', () => {
  const WINTER = [
    '02:30 +03:00',
    '03:00 +03:00',
    '03:30 +03:00',
    '03:00 +02:00',
    '03:30 +02:00',
    '04:00 +02:00',
    '04:30 +02:00',
  ];
  const SUMMER = ['01:30 +02:00', '02:00 +02:00', '02:30 +02:00', '04:00 +03:00', '04:30 +03:00'];
  const athens = scheduleOf('*/30 * * * *', { ...NATIVE, timeZone: 'Europe/Athens' });

  it('testTimezoneWinterTime', () => {
    const expected = WINTER.map((time) => `2013-10-27 ${time}`);
    forwards(athens, '2013-10-27 02:00 +03:00', expected);
    backwards(athens, '2013-10-27 05:00 +02:00', expected.toReversed());
  });

  it('testTimezoneSummerTime', () => {
    const expected = SUMMER.map((time) => `2013-03-31 ${time}`);
    forwards(athens, '2013-03-31 01:00 +02:00', expected);
    backwards(athens, '2013-03-31 05:00 +03:00', expected.toReversed());
  });

  it.each(
    rowsOf(`
    Europe/Warsaw     | 0 0 * * *  | 2017-03-26 00:00 +01:00 | 2017-03-27 00:00 +02:00
    Europe/Warsaw     | 0 * * * *  | 2017-03-26 01:00 +01:00 | 2017-03-26 03:00 +02:00
    Europe/Warsaw     | 0 0 * * *  | 2017-10-29 00:00 +02:00 | 2017-10-30 00:00 +01:00
    Europe/Warsaw     | 0 * * * *  | 2017-10-29 01:59 +02:00 | 2017-10-29 02:00 +02:00
    Europe/Warsaw     | 0 * * * *  | 2017-10-29 02:00 +01:00 | 2017-10-29 03:00 +01:00
    Europe/Warsaw     | 0 * * * *  | 2017-10-29 03:00 +01:00 | 2017-10-29 04:00 +01:00
    America/Sao_Paulo | 0 0 * * *  | 2018-02-17 21:00 -02:00 | 2018-02-18 00:00 -03:00
    America/Sao_Paulo | 0 0 * * *  | 2018-02-17 22:05 -02:00 | 2018-02-18 00:00 -03:00
    America/Sao_Paulo | 0 0 * * *  | 2018-02-17 23:05 -03:00 | 2018-02-18 00:00 -03:00
    America/Sao_Paulo | 0 0 * * *  | 2018-02-18 00:05 -03:00 | 2018-02-19 00:00 -03:00
    `),
  )('test_std_dst: %s | %s | %s | %s', (timeZone = '', expression = '', from = '', expected = '') => {
    forwards(scheduleOf(expression, { ...NATIVE, timeZone }), from, [expected]);
  });

  it('test_std_dst3', () => {
    const schedule = scheduleOf('0 0 24 * *', { ...NATIVE, timeZone: 'Australia/Adelaide' });
    backwards(schedule, '2020-04-15 00:00 +09:30', ['2020-03-24 00:00 +10:30']);
    forwards(schedule, '2020-04-15 00:00 +09:30', ['2020-04-24 00:00 +09:30']);
  });
});

it.each([
  '* * * *',
  '-90 * * * *',
  'a * * * *',
  '* * * janu-jun *',
  '1-1_0 * * * *',
  '0-10/ * * * *',
  '0-1& * * * *',
  '0 * *',
  '*/0 * * * *',
  '0-10000000 * * * *',
  '* * 31 2 *',
])('refused: %s', (expression) => {
  expect(readSchedule(scheduleOf(expression), 0).kind).toBe('invalid');
});
