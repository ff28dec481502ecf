/**
 * Vectors of Spring Framework (Java), those of its test cases that name a date:
 * https://github.com/spring-projects/spring-framework/blob/0a7105d23e6187ac79cd00f5df1609d28a6698b6/spring-context/src/test/java/org/springframework/scheduling/support/CronExpressionTests.java
 * (Apache License 2.0). Six fields, the fields of the day joined by AND, gaps passed over. A row goes on from each result to the
 * next. What is left out is in docs/cron.md.
 */
import { expect, it } from 'vitest';
import { nextOccurrence } from '../../../lib/domain/cron/occurrences.ts';
import { readSchedule } from '../../../lib/domain/cron/read.ts';
import { at, iso, rowsOf, scheduleOf } from './at.ts';

it.each(
  rowsOf(`
  # incrementMonthAndRollover, leapYearSpecificDate, weekDaySequence, monthSequence
  0 0 0 1 * *         | 2010-12-31 12:00    | 2011-01-01, 2011-02-01
  0 0 0 29 2 *        | 2007-02-10          | 2008-02-29, 2012-02-29
  0 0 7 ? * MON-FRI   | 2009-09-26 12:00    | 2009-09-28 07:00, 2009-09-29 07:00, 2009-09-30 07:00
  0 30 23 30 1/3 ?    | 2010-12-30 12:00    | 2011-01-30 23:30, 2011-04-30 23:30, 2011-07-30 23:30
  # everyTenDays
  0 15 12 */10 1-8 5  | 2021-04-30 12:14:59 | 2021-05-21 12:15, 2021-06-11 12:15, 2022-01-21 12:15
  # quartzLastDayOfMonth, quartzLastDayOfMonthOffset, quartzLastWeekdayOfMonth, quartzLastDayOfWeekOffset
  0 0 0 L * *         | 2008-01-04          | 2008-01-31, 2008-02-29, 2008-03-31, 2008-04-30
  0 0 0 L-3 * *       | 2008-01-04          | 2008-01-28, 2008-02-26, 2008-03-28, 2008-04-27
  0 0 0 LW * *        | 2008-01-04          | 2008-01-31, 2008-02-29, 2008-03-31, 2008-04-30, 2008-05-30, 2008-06-30, 2008-07-31, 2008-08-29, 2008-09-30, 2008-10-31, 2008-11-28, 2008-12-31
  0 0 0 * * 5L        | 2008-01-04          | 2008-01-25, 2008-02-29, 2008-03-28, 2008-04-25, 2008-05-30, 2008-06-27, 2008-07-25, 2008-08-29, 2008-09-26, 2008-10-31, 2008-11-28, 2008-12-26
  # quartzWeekdayNearestTo15, …To1, …To31
  0 0 0 15W * ?       | 2020-01-01          | 2020-01-15, 2020-02-14, 2020-03-16, 2020-04-15
  0 0 0 1W * ?        | 2019-12-31          | 2020-01-01, 2020-02-03, 2020-03-02, 2020-04-01
  0 0 0 1W * ?        | 2022-01-01          | 2022-01-03
  0 0 0 1W * ?        | 2021-08-01          | 2021-08-02
  0 0 0 31W * ?       | 2020-01-01          | 2020-01-31, 2020-03-31
  0 0 0 31W * ?       | 2020-06-01          | 2020-07-31, 2020-08-31, 2020-10-30, 2020-12-31
  # quartz2ndFridayOfTheMonth, …DayName, quartzFifthWednesdayOfTheMonth
  0 0 0 ? * 5#2       | 2020-01-01          | 2020-01-10, 2020-02-14, 2020-03-13, 2020-04-10
  0 0 0 ? * FRI#2     | 2020-01-01          | 2020-01-10, 2020-02-14, 2020-03-13, 2020-04-10
  0 0 0 ? * 3#5       | 2020-01-01          | 2020-01-29, 2020-04-29, 2020-07-29, 2020-09-30, 2020-12-30
  # dayOfMonthListWithQuartz, dayOfWeekListWithQuartz
  0 0 0 1W,15,LW * ?  | 2019-12-30          | 2019-12-31, 2020-01-01, 2020-01-15, 2020-01-31
  0 0 0 ? * THU#1,THU#3,THU#5 | 2019-12-31  | 2020-01-02, 2020-01-16, 2020-01-30
  # quartz…EveryHour
  0 0 * L * *         | 2021-01-30 00:01    | 2021-01-31
  0 0 * L * *         | 2021-01-31 01:00    | 2021-01-31 02:00
  0 0 * L-1 * *       | 2021-01-29 00:01    | 2021-01-30
  0 0 * L-1 * *       | 2021-01-30 01:00    | 2021-01-30 02:00
  0 0 * 1W * *        | 2021-01-31 00:01    | 2021-02-01
  0 0 * 1W * *        | 2021-02-01 01:00    | 2021-02-01 02:00
  0 0 * LW * *        | 2021-01-28 00:01    | 2021-01-29
  0 0 * LW * *        | 2021-01-29 01:00    | 2021-01-29 02:00
  0 0 * ? * FRI#5     | 2021-01-28 00:01    | 2021-01-29
  0 0 * ? * FRI#5     | 2021-01-29 01:00    | 2021-01-29 02:00
  0 0 * ? * FRIL      | 2021-01-28 00:01    | 2021-01-29
  0 0 * ? * FRIL      | 2021-01-29 01:00    | 2021-01-29 02:00
  # sundayToFriday, various
  0 0 0 ? * SUN-FRI   | 2021-02-25 15:00    | 2021-02-26, 2021-02-28
  3-57 13-28 17,18 1,15 3-12 6#1 | 2022-09-15 17:44:11 | 2022-10-01 17:13:03
  */28 56 22 */6 * *  | 2022-02-27 08:00:42 | 2022-03-01 22:56:00
  `),
)('%s | %s | %s', (expression = '', from = '', expected = '') => {
  let last = at(from);
  for (const next of expected.split(', ')) {
    last = nextOccurrence(scheduleOf(expression, { days: 'and' }), last) ?? Number.NaN;
    expect(iso(last)).toBe(iso(at(next)));
  }
});

it.each(
  rowsOf(`
  0 0 9 * * *  | 2021-03-27 09:00 +01:00 | 2021-03-28 09:00 +02:00
  0 0 9 * * *  | 2021-10-30 09:00 +02:00 | 2021-10-31 09:00 +01:00
  0 10 2 * * * | 2013-03-31 01:09 +01:00 | 2013-04-01 02:10 +02:00
  0 5 0 * * *  | 2021-03-28 01:00 +01:00 | 2021-03-29 00:05 +02:00
  `),
)('daylightSaving: %s | %s | %s', (expression = '', from = '', expected = '') => {
  const schedule = scheduleOf(expression, { timeZone: 'Europe/Amsterdam', days: 'and', gap: 'skip' });
  expect(iso(nextOccurrence(schedule, at(from)))).toBe(iso(at(expected)));
});

it('nonExistentSpecificDate: 0 0 0 31 6 *', () => {
  expect(nextOccurrence(scheduleOf('0 0 0 31 6 *', { days: 'and' }), at('2020-03-10'))).toBeUndefined();
});

it('31W of a month that ends with a Sunday is its last Friday, as in Quartz; Spring passes over that month', () => {
  const schedule = scheduleOf('0 0 0 31W * ?', { days: 'and' });
  expect(iso(nextOccurrence(schedule, at('2020-03-31')))).toBe('2020-05-29T00:00:00Z');
});

it('fixedDays: 29 February, a Wednesday, comes again after 28 years', () => {
  const schedule = scheduleOf('0 0 0 29 2 WED', { days: 'and' });
  expect(iso(nextOccurrence(schedule, at('2012-02-29 01:00')))).toBe('2040-02-29T00:00:00Z');
});

it('isValidExpression', () => {
  expect(readSchedule(scheduleOf(''), 0).kind).toBe('invalid');
  expect(readSchedule(scheduleOf('*'), 0).kind).toBe('invalid');
  expect(readSchedule(scheduleOf('* * * * * *'), 0).kind).toBe('valid');
});
