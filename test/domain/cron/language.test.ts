/** The language: fields, dialects, macros, start and end. */
import { describe, expect, it } from 'vitest';
import { lastOccurrence, nextOccurrence, occurrencesBetween } from '../../../lib/domain/cron/occurrences.ts';
import type { Schedule } from '../../../lib/domain/cron/schedule.ts';
import { at, iso, rowsOf, scheduleOf } from './at.ts';

const first = (expression: string, from: string, count: number, settings: Partial<Schedule> = {}): string =>
  occurrencesBetween(scheduleOf(expression, settings), at(from), Number.POSITIVE_INFINITY, count)
    .map((n) =>
      iso(n)
        .replace('T', ' ')
        .replace(/(?::00)?Z$/, ''),
    )
    .join(', ');

describe('fields', () => {
  it.each(
    rowsOf(`
    # Five: the minute first. Six: the second first. Seven: the year last.
    30 2 * * *                  | 2026-01-01 02:30, 2026-01-02 02:30
    15 30 2 * * *               | 2026-01-01 02:30:15, 2026-01-02 02:30:15
    15 30 2 1 1 * 2027-2031/2   | 2027-01-01 02:30:15, 2029-01-01 02:30:15, 2031-01-01 02:30:15
    0 0 0 1 1 * 1999,2030,2026  | 2026-01-01 00:00, 2030-01-01 00:00
    0 0 0 1 1 * */10            | 2030-01-01 00:00, 2040-01-01 00:00
    0 0 0 1 1 * 9998/1          | 9998-01-01 00:00, 9999-01-01 00:00
    # Lists, ranges and steps in one; values that come twice count once.
    1,5-10/2,*/20 * * * *       | 2026-01-01 00:00, 2026-01-01 00:01, 2026-01-01 00:05, 2026-01-01 00:07, 2026-01-01 00:09, 2026-01-01 00:20, 2026-01-01 00:40, 2026-01-01 01:00
    5,*,5 0 * * *               | 2026-01-01 00:00, 2026-01-01 00:01
    # 0 and 7 are Sunday (4 January 2026), also as the ends of a range.
    0 0 * * 0                   | 2026-01-04 00:00, 2026-01-11 00:00
    0 0 * * 7                   | 2026-01-04 00:00, 2026-01-11 00:00
    0 0 * * 7-7                 | 2026-01-04 00:00, 2026-01-11 00:00
    0 0 * * 6-7                 | 2026-01-03 00:00, 2026-01-04 00:00, 2026-01-10 00:00
    0 0 * * 7-1                 | 2026-01-04 00:00, 2026-01-05 00:00, 2026-01-11 00:00
    0 0 * * SAT-sun             | 2026-01-03 00:00, 2026-01-04 00:00, 2026-01-10 00:00
    0 0 * * 1-7/3               | 2026-01-01 00:00, 2026-01-04 00:00, 2026-01-05 00:00, 2026-01-08 00:00
    # Ranges past the end.
    0 22-1 * * *                | 2026-01-01 00:00, 2026-01-01 01:00, 2026-01-01 22:00, 2026-01-01 23:00
    0 0 1 nov-feb *             | 2026-01-01 00:00, 2026-02-01 00:00, 2026-11-01 00:00, 2026-12-01 00:00
    0 0 30-2/2 * *              | 2026-01-01 00:00, 2026-01-30 00:00, 2026-02-01 00:00
    # L, W and # in lists.
    0 0 L,15W,1 * *             | 2026-01-01 00:00, 2026-01-15 00:00, 2026-01-31 00:00
    0 0 * * 1#1,FRI#5,3L        | 2026-01-05 00:00, 2026-01-28 00:00, 2026-01-30 00:00, 2026-02-02 00:00
    0 0 L-3 * *                 | 2026-01-28 00:00, 2026-02-25 00:00
    `),
  )('%s is due at %s', (expression = '', expected = '') => {
    const count = expected.split(', ').length;
    expect(first(expression, '2026-01-01', count, { days: 'or' })).toBe(expected);
  });

  it('finds leap days and fifth weekdays years away', () => {
    expect(first('0 0 29 2 1', '2026-01-01', 3, { days: 'and' })).toBe(
      '2044-02-29 00:00, 2072-02-29 00:00, 2112-02-29 00:00',
    );
    expect(first('0 0 ? 2 SAT#5', '2026-01-01', 2, { days: 'and' })).toBe('2048-02-29 00:00, 2076-02-29 00:00');
    expect(iso(lastOccurrence(scheduleOf('0 0 29 2 1', { days: 'and' }), at('2044-02-28')))).toBe(
      '2016-02-29T00:00:00Z',
    );
    // 1900 and 2100 are no leap years.
    expect(first('0 0 29 2 *', '2095-01-01', 2)).toBe('2096-02-29 00:00, 2104-02-29 00:00');
  });
});

describe('dialects', () => {
  // In January 2026 the 13th is a Tuesday; the 2nd, 9th, 16th are Fridays.
  it('"or": either, unless one of the two begins with a star', () => {
    expect(first('0 0 13 * FRI', '2026-01-08', 3)).toBe('2026-01-09 00:00, 2026-01-13 00:00, 2026-01-16 00:00');
    expect(first('0 0 */2 * FRI', '2026-01-01', 2)).toBe('2026-01-09 00:00, 2026-01-23 00:00');
    expect(first('0 0 13 * */5', '2026-01-01', 2)).toBe('2026-02-13 00:00, 2026-03-13 00:00');
    expect(first('0 0 L * FRI', '2026-01-29', 3)).toBe('2026-01-30 00:00, 2026-01-31 00:00, 2026-02-06 00:00');
    expect(first('0 0 ? * FRI', '2026-01-01', 2)).toBe('2026-01-02 00:00, 2026-01-09 00:00');
    expect(first('0 0 13 * ?', '2026-01-01', 2)).toBe('2026-01-13 00:00, 2026-02-13 00:00');
  });

  it('"and": both', () => {
    expect(first('0 0 13 * FRI', '2026-01-01', 2, { days: 'and' })).toBe('2026-02-13 00:00, 2026-03-13 00:00');
    expect(first('0 0 1-31 * FRI', '2026-01-01', 2, { days: 'and' })).toBe('2026-01-02 00:00, 2026-01-09 00:00');
  });

  it('"one": days of the week are 1 (Sunday) to 7 (Saturday), names are what they are everywhere', () => {
    const one = { days: 'one' } as const;
    expect(first('0 0 10 ? * 6', '2026-01-01', 2, one)).toBe('2026-01-02 10:00, 2026-01-09 10:00');
    expect(first('0 0 10 ? * FRI', '2026-01-01', 2, one)).toBe('2026-01-02 10:00, 2026-01-09 10:00');
    expect(first('0 0 10 ? * 7-1', '2026-01-01', 3, one)).toBe('2026-01-03 10:00, 2026-01-04 10:00, 2026-01-10 10:00');
    expect(first('0 0 10 ? * 6L', '2026-01-01', 1, one)).toBe('2026-01-30 10:00');
    expect(first('0 0 10 ? * 1#2', '2026-01-01', 1, one)).toBe('2026-01-11 10:00');
    expect(first('0 0 10 L * ?', '2026-01-01', 1, one)).toBe('2026-01-31 10:00');
    expect(first('@weekly', '2026-01-01', 1, one)).toBe('2026-01-04 00:00');
  });
});

describe('macros', () => {
  it.each(
    rowsOf(`
    @yearly   | 2027-01-01 00:00
    @annually | 2027-01-01 00:00
    @monthly  | 2026-03-01 00:00
    @weekly   | 2026-02-22 00:00
    @daily    | 2026-02-18 00:00
    @midnight | 2026-02-18 00:00
    @hourly   | 2026-02-17 11:00
    `),
  )('%s: %s', (macro = '', expected = '') => {
    expect(first(macro, '2026-02-17 10:00:01', 1)).toBe(expected);
    expect(first(macro.toUpperCase(), '2026-02-17 10:00:01', 1)).toBe(expected);
  });

  it.each(
    rowsOf(`
    @every 90s        | 2026-01-01 09:00, 2026-01-01 09:01:30, 2026-01-01 09:03
    @every 1h30m      | 2026-01-01 09:00, 2026-01-01 10:30, 2026-01-01 12:00
    @every 2d         | 2026-01-01 09:00, 2026-01-03 09:00, 2026-01-05 09:00
    @EVERY 1D1H1M1S   | 2026-01-01 09:00, 2026-01-02 10:01:01, 2026-01-03 11:02:02
    @every   1s       | 2026-01-01 09:00, 2026-01-01 09:00:01, 2026-01-01 09:00:02
    `),
  )('%s counts from the start: %s', (expression = '', expected = '') => {
    expect(first(expression, '2020-01-01', 3, { startAt: at('2026-01-01 09:00') })).toBe(expected);
  });

  it('@every counts seconds that pass, over clock changes too', () => {
    const settings = { startAt: at('2026-03-28 02:30'), timeZone: 'Europe/Berlin' };
    expect(first('@every 1d', '2026-03-28', 3, settings)).toBe('2026-03-28 02:30, 2026-03-29 02:30, 2026-03-30 02:30');
  });

  it('@every begins one interval after a start within a second, as a job has that is made now', () => {
    const schedule = scheduleOf('@every 1m', { startAt: at('2026-01-01 09:00:00.250') });
    expect(iso(nextOccurrence(schedule, schedule.startAt))).toBe('2026-01-01T09:01:00Z');
    expect(lastOccurrence(schedule, schedule.startAt)).toBeUndefined();
    expect(lastOccurrence(schedule, at('2026-01-01 09:00:59.999'))).toBeUndefined();
    expect(iso(lastOccurrence(schedule, at('2026-01-01 09:01')))).toBe('2026-01-01T09:01:00Z');
    expect(iso(lastOccurrence(schedule, at('2026-01-01 09:03:59')))).toBe('2026-01-01T09:03:00Z');
  });

  it('@once is due at its start, in whole seconds', () => {
    const schedule = scheduleOf('@once', { startAt: at('2026-01-01 09:00:00.250') });
    expect(iso(nextOccurrence(schedule, 0))).toBe('2026-01-01T09:00:01Z');
    expect(nextOccurrence(schedule, at('2026-01-01 09:00:01'))).toBeUndefined();
    expect(lastOccurrence(schedule, at('2026-01-01 09:00:00.999'))).toBeUndefined();
    expect(iso(lastOccurrence(schedule, at('2027-01-01')))).toBe('2026-01-01T09:00:01Z');
  });
});

describe('start and end', () => {
  const schedule = scheduleOf('0 * * * *', { startAt: at('2026-01-01 02:00'), endAt: at('2026-01-01 05:00') });

  it('the start is in, the end is out', () => {
    expect(occurrencesBetween(schedule, 0, Number.POSITIVE_INFINITY, 10).map(iso)).toEqual([
      '2026-01-01T02:00:00Z',
      '2026-01-01T03:00:00Z',
      '2026-01-01T04:00:00Z',
    ]);
    expect(iso(lastOccurrence(schedule, at('2027-01-01')))).toBe('2026-01-01T04:00:00Z');
    expect(iso(lastOccurrence(schedule, at('2026-01-01 02:00')))).toBe('2026-01-01T02:00:00Z');
    expect(lastOccurrence(schedule, at('2026-01-01 01:59:59'))).toBeUndefined();
  });

  it('a start within a second leaves that second out', () => {
    const later = { ...schedule, startAt: schedule.startAt + 1 };
    expect(iso(nextOccurrence(later, 0))).toBe('2026-01-01T03:00:00Z');
    expect(lastOccurrence(later, at('2026-01-01 02:30'))).toBeUndefined();
  });

  it('an end a millisecond after an occurrence keeps it', () => {
    const longer = { ...schedule, endAt: at('2026-01-01 05:00:00.001') };
    expect(iso(lastOccurrence(longer, at('2027-01-01')))).toBe('2026-01-01T05:00:00Z');
    expect(iso(nextOccurrence(longer, at('2026-01-01 04:00')))).toBe('2026-01-01T05:00:00Z');
  });

  it('ends @every and @once as well', () => {
    const startAt = at('2026-01-01');
    expect(nextOccurrence(scheduleOf('@every 1h', { startAt, endAt: startAt + 3_600_000 }), startAt)).toBeUndefined();
    expect(nextOccurrence(scheduleOf('@once', { startAt, endAt: startAt }), 0)).toBeUndefined();
  });
});

describe('bounds', () => {
  it('ends, whatever it is asked', () => {
    for (const after of [
      Number.NEGATIVE_INFINITY,
      -1,
      0,
      at('9999-12-31 23:59:59'),
      8.64e15,
      Number.POSITIVE_INFINITY,
    ]) {
      for (const expression of ['0 0 31 2 *', '0 0 0 1 1 * 1970', '* * * * * *', '@every 1s', '@once']) {
        const next = nextOccurrence(scheduleOf(expression, { timeZone: 'Europe/Berlin' }), after);
        expect(next === undefined || next > after).toBe(true);
        const last = lastOccurrence(scheduleOf(expression, { timeZone: 'Europe/Berlin' }), after);
        expect(last === undefined || last <= after).toBe(true);
      }
    }
  });

  it('a time that every one of its days leaves out never comes', () => {
    const schedule = scheduleOf('30 2 * 3 SUNL', { timeZone: 'Europe/Berlin', gap: 'skip', startAt: at('2026-01-01') });
    expect(nextOccurrence(schedule, 0)).toBeUndefined();
    expect(lastOccurrence(schedule, at('2400-01-01'))).toBeUndefined();
  });

  it('nothing comes before 1970 on the clock of the place', () => {
    const schedule = scheduleOf('0 0 1 1 *', { timeZone: 'America/New_York', startAt: -1e12 });
    expect(iso(nextOccurrence(schedule, -1e12))).toBe('1970-01-01T05:00:00Z');
    expect(lastOccurrence(schedule, 5 * 3_600_000 - 1)).toBeUndefined();
  });

  it('a schedule that cannot be read is a fault', () => {
    expect(() => nextOccurrence(scheduleOf('nonsense'), 0)).toThrow('cannot be read: "nonsense" has 1 field:');
    expect(() => nextOccurrence(scheduleOf('* * * * *', { timeZone: 'Mars/Olympus' }), 0)).toThrow(RangeError);
  });
});
