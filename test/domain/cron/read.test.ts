/** What a person is told of a schedule: its words, warnings and problems. */
import { describe, expect, it } from 'vitest';
import { readSchedule } from '../../../lib/domain/cron/read.ts';
import type { Schedule } from '../../../lib/domain/cron/schedule.ts';
import { at, iso, rowsOf, scheduleOf } from './at.ts';

const NOW = at('2026-11-21 12:00');
const BERLIN = 'Europe/Berlin';

const valid = (expression: string, settings: Partial<Schedule> = {}) => {
  const reading = readSchedule(scheduleOf(expression, settings), NOW);
  if (reading.kind === 'invalid') {
    throw new Error(reading.problem);
  }
  return reading;
};

const problem = (expression: string, settings: Partial<Schedule> = {}): string => {
  const reading = readSchedule(scheduleOf(expression, settings), NOW);
  return reading.kind === 'invalid' ? reading.problem : `valid: ${reading.words}`;
};

describe('words', () => {
  it.each(
    rowsOf(`
    30 2 * * 1-5              | At 02:30 on Monday through Friday
    30 2 * * *                | At 02:30
    15 30 2 * * *             | At 02:30:15
    0 9,17 * * *              | At 09:00 and 17:00
    0,30 8-9 * * *            | At 08:00, 08:30, 09:00 and 09:30
    * * * * *                 | Every minute
    */1 * * * *               | Every minute
    */15 * * * *              | Every 15 minutes
    0/15 * * * *              | Every 15 minutes
    5 * * * *                 | At minute 5 of every hour
    5-8,20 * * * *            | At minutes 5 through 8 and 20 of every hour
    */10 9-17 * * MON-FRI     | Every 10 minutes of hours 09 through 17 on Monday through Friday
    * 4 * * *                 | Every minute of hour 04
    5,20 */2 * * *            | At minutes 5 and 20 of every 2nd hour
    0 * * * *                 | Every hour
    0 */6 * * *               | Every 6 hours
    0 8-18 * * *              | At minute 0 of hours 08 through 18
    * * * * * *               | Every second
    */10 * * * * *            | Every 10 seconds
    30 * * * * *              | At second 30
    0,30 5 * * * *            | At seconds 0 and 30, at minute 5 of every hour
    10 */5 3 * * *            | At second 10, every 5 minutes of hour 03
    0 0 1 * *                 | At 00:00 on day 1 of the month
    0 0 1,2,10-12 * *         | At 00:00 on days 1, 2 and 10 through 12 of the month
    0 0 */3 * *               | At 00:00 on every 3rd day from day 1 of the month
    0 0 */11 * *              | At 00:00 on every 11th day from day 1 of the month
    0 0 L * *                 | At 00:00 on the last day of the month
    0 0 L-3 * *               | At 00:00 on the day 3 before the last of the month
    0 0 LW,15W * *            | At 00:00 on the weekday nearest to day 15 and the last weekday of the month
    0 0 L-2W * *              | At 00:00 on the weekday nearest to the day 2 before the last of the month
    0 0 * * 6,7,1             | At 00:00 on Monday, Saturday and Sunday
    0 0 * * 5#3               | At 00:00 on the third Friday of the month
    0 0 * * FRIL              | At 00:00 on the last Friday of the month
    0 0 * 1-3,7 *             | At 00:00 in January through March and July
    0 0 0 24 12 ? 2027,2028   | At 00:00 on day 24 of the month in December of 2027 and 2028
    0 0 0 * * * 2027          | At 00:00 in 2027
    0 0 13 * FRI              | At 00:00 on day 13 of the month or on Friday
    0 0 */2 * MON,TUE         | At 00:00 on every 2nd day from day 1 of the month if it is Monday or Tuesday
    @daily                    | At 00:00
    `),
  )('%s: %s', (expression = '', expected = '') => {
    expect(valid(expression, { timeZone: BERLIN }).words).toBe(`${expected}, in Europe/Berlin`);
  });

  it('of both days in dialects', () => {
    expect(valid('0 0 13 * FRI', { days: 'and' }).words).toBe(
      'At 00:00 on day 13 of the month if it is Friday, in UTC',
    );
    expect(valid('0 0 0 ? * 2-6', { days: 'one' }).words).toBe('At 00:00 on Monday through Friday, in UTC');
  });

  it('of intervals', () => {
    const startAt = at('2026-11-22 09:00');
    expect(valid('@once', { startAt }).words).toBe('Once, at 2026-11-22T09:00:00.000Z');
    expect(valid('@every 90s', { startAt }).words).toBe(
      'Every 1 minute and 30 seconds, counted from 2026-11-22T09:00:00.000Z',
    );
    expect(valid('@every 1d25h', { startAt }).words).toMatch(/^Every 2 days and 1 hour, /);
  });
});

it('gives the next five, from now on', () => {
  expect(valid('0 12 * * *').next.map(iso)).toEqual(
    ['21', '22', '23', '24', '25'].map((day) => `2026-11-${day}T12:00:00Z`),
  );
  expect(valid('0 0 0 1 1 * 2027,2028').next.map(iso)).toEqual(['2027-01-01T00:00:00Z', '2028-01-01T00:00:00Z']);
  expect(valid('@once', { startAt: NOW }).next).toEqual([NOW]);
});

describe('warnings', () => {
  it('none for a plain schedule', () => {
    for (const expression of ['30 4 * * *', '0 12 1 * *', '@daily', '@every 7s', '@once']) {
      expect(valid(expression, { timeZone: BERLIN, startAt: NOW }).warnings).toEqual([]);
    }
    expect(valid('*/15 * * * *').warnings).toEqual([]);
  });

  it('of a time that the clock leaves out', () => {
    const change = 'On 2027-03-28 the clock of Europe/Berlin goes from 02:00 to 03:00';
    const warnings = (settings: Partial<Schedule>) => valid('30 2 * 3 *', { timeZone: BERLIN, ...settings }).warnings;
    expect(warnings({ gap: 'skip' })).toEqual([`${change}: 02:30 is left out.`]);
    expect(warnings({ gap: 'shift' })).toEqual([`${change}: 02:30 is due at 03:00 instead.`]);
    expect(warnings({ endAt: at('2027-03-28 01:00') })).toEqual([]);
    expect(warnings({ startAt: at('2027-03-28 02:00') })[0]).toContain('On 2028-03-26');
    expect(valid('30 2 1 1 *', { timeZone: BERLIN }).warnings).toEqual([]);
  });

  it('of a time that comes twice', () => {
    const change = 'On 2027-10-31 the clock of Europe/Berlin goes from 03:00 back to 02:00';
    const warnings = (expression: string, settings: Partial<Schedule>) =>
      valid(expression, { timeZone: BERLIN, ...settings }).warnings;
    expect(warnings('30 2 * 10 *', { overlap: 'once' })).toEqual([`${change}: 02:30 is due the first time only.`]);
    expect(warnings('30 2 * 10 *', { overlap: 'twice' })).toEqual([`${change}: 02:30 is due both times.`]);
    expect(warnings('*/15 * * * *', { overlap: 'once' })).toEqual([
      `${change}: what is due in between is due the first time only, so that the second time passes without.`,
    ]);
    expect(warnings('*/15 * * * *', { overlap: 'twice' })).toEqual([
      `${change}: what is due in between is due both times.`,
    ]);
  });

  it('of both days', () => {
    expect(valid('0 0 13 * FRI').warnings).toEqual([expect.stringContaining('on days that meet one of them')]);
    expect(valid('0 0 13 * FRI', { days: 'and' }).warnings).toEqual([
      expect.stringMatching(/meet both\. Day rule "or"/),
    ]);
    expect(valid('0 0 13 * */5').warnings).toContainEqual(expect.stringContaining('one begins with "*"'));
    expect(valid('0 0 13 * ?').warnings).toEqual([]);
    expect(valid('0 0 * * 5').warnings).toEqual([]);
  });

  it.each(
    rowsOf(`
    */7 * * * *     | minutes: the step 7 does not divide 60
    */7 * * * * *   | seconds: the step 7 does not divide 60
    3/7 * * * *     | minutes: the step 7 does not divide 60
    0 */5 * * *     | hours: the step 5 does not divide 24
    0 0 1 */5 *     | month: the step 5 does not divide 12
    0 0 * * */2     | day of week: the step 2 does not divide 7
    0 0 */2 * *     | day of month: the step 2 starts anew with each month
    `),
  )('of a step: %s', (expression = '', expected = '') => {
    expect(valid(expression).warnings).toEqual([expect.stringContaining(expected)]);
  });

  it('not of a step that divides, or within a range', () => {
    expect(valid('*/20 */8 * */4 *').warnings).toEqual([]);
    expect(valid('0-30/7 * * * *').warnings).toEqual([]);
  });

  it('of every second', () => {
    expect(valid('* * * * * *').warnings).toEqual([expect.stringContaining('it is due every second')]);
    expect(valid('0-58 * * * * *').warnings).toEqual([]);
  });
});

describe('problems', () => {
  it.each(
    rowsOf(`
    0 0 31 2 *            | no year has such a day
    0 0 31 4,6,9,11 *     | no year has such a day
    0 0 0 29 2 ? 2027     | no year has such a day
    0 0 0 1 1 * 2020      | all that "0 0 0 1 1 * 2020" names is over: choose years
    0 0 1 1 * * 1969      | year: "1969" cannot be read: numbers go from 1970 to 9999
    0 0 1 1 * * 2030-2029 | year: "2030-2029" goes backwards
    0 25 * * *            | hours: "25" cannot be read: numbers go from 0 to 23;
    0 0 0 * *             | day of month: "0" cannot be read: numbers go from 1 to 31;
    0 0 1 JANFEB *        | month: "JANFEB" cannot be read: numbers go from 1 to 12, or JAN to DEC;
    0 0 * * 8             | day of week: "8" cannot be read: numbers go from 0 to 7 (0 and 7 are Sunday), or SUN to SAT;
    0 0 * * 8L            | day of week: "8L" cannot be read
    0 0 * * 5#6           | day of week: "5#6": a month has a weekday 1 to 5 times
    0 0 32W * *           | day of month: "32W" names no day; use 1W to 31W
    0 0 L-31 * *          | day of month: "L-31" counts back to before the month; use L-0 to L-30
    0 0 1,? * *           | day of month: "?" cannot be read
    ? * * * *             | minutes: "?" cannot be read
    */90 * * * *          | minutes: the step of "*/90" must be from 1 to 59; for a longer interval use @every
    0 0 */32 * *          | day of month: the step of "*/32" must be from 1 to 31
    0 0 * * */8           | day of week: the step of "*/8" must be from 1 to 7
    0 0 ? * ?             | not both can be "?"
    0 10 * * ? *          | put a 0 in front of them
    * * * *               | "* * * *" has 4 fields: there must be 5
    1 2 3 4 5 6 7 8       | has 8 fields
    @fortnightly          | "@fortnightly" is no macro: there are @yearly
    @daily 3              | "@daily 3" is no macro
    @every                | @every: "" is no interval
    @every 0s             | @every: "0s" is no interval: write days, hours, minutes and seconds in whole numbers, at least 1s
    @every 500ms          | @every: "500ms" is no interval
    @every 1.5h           | @every: "1.5h" is no interval
    @every 30m1h          | @every: "30m1h" is no interval
    `),
  )('%s: %s', (expression = '', expected = '') => {
    expect(problem(expression)).toContain(expected);
  });

  it('of day rule "one"', () => {
    for (const expression of ['0 0 * * *', '0 0 1 * MON', '0 0 ? * ?']) {
      expect(problem(expression, { days: 'one' })).toContain('exactly one of the two must be "?"');
    }
    expect(problem('0 0 ? * 0', { days: 'one' })).toContain('numbers go from 1 (Sunday) to 7, or SUN to SAT');
  });

  it('of nothing, and of too much', () => {
    expect(problem('  ')).toContain('the expression is empty');
    expect(problem(`${'1,'.repeat(520)}1 * * * *`)).toContain('at most 1024 are read');
  });

  it('of a time zone', () => {
    expect(problem('@daily', { timeZone: 'Mars/Olympus' })).toContain('"Mars/Olympus" is no time zone');
    expect(problem('@daily', { timeZone: '' })).toContain('"" is no time zone');
  });

  it('of an interval in which nothing is due', () => {
    expect(problem('@daily', { endAt: NOW })).toContain(
      'the schedule ends at 2026-11-21T12:00:00.000Z, which is not after',
    );
    expect(problem('@daily', { startAt: NOW + 10, endAt: NOW + 10 })).toContain('the schedule ends at');
    expect(problem('@daily', { endAt: NOW + 1 })).toContain('nothing is due before the end, 2026-11-21T12:00:00.001Z');
    expect(problem('@once', { startAt: NOW - 1_000 })).toContain('@once is due at its start, 2026-11-21T11:59:59.000Z');
  });

  it('of a time that clock changes always leave out', () => {
    expect(problem('30 2 * 3 SUNL', { timeZone: BERLIN, gap: 'skip' })).toContain(
      'each time that it names is left out by the clock changes of Europe/Berlin',
    );
    expect(problem('30 2 * 3 SUNL', { timeZone: BERLIN, gap: 'shift' })).toMatch(/^valid/);
  });
});
