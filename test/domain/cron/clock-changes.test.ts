/** Clock changes: every policy, over zones with odd ones, against a search minute by minute that uses Intl alone. */
import { describe, expect, it } from 'vitest';
import {
  gapsBetween,
  lastOccurrence,
  nextOccurrence,
  occurrencesBetween,
} from '../../../lib/domain/cron/occurrences.ts';
import { GAP_POLICIES, OVERLAP_POLICIES, type Schedule } from '../../../lib/domain/cron/schedule.ts';
import { zoneOf } from '../../../lib/domain/cron/zone.ts';
import { at, iso, rowsOf, scheduleOf, wallClock } from './at.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const ALL = Number.MAX_SAFE_INTEGER;

/** Zone, the instant of a change, and the clock before and after it. */
const CHANGES = rowsOf(`
  Europe/Berlin       | 2026-03-29T01:00:00Z | 02:00 | 03:00
  Europe/Berlin       | 2026-10-25T01:00:00Z | 03:00 | 02:00
  # "Winter time" is the exception there by law: a negative summer time in the database.
  Europe/Dublin       | 2026-03-29T01:00:00Z | 01:00 | 02:00
  Europe/Dublin       | 2026-10-25T01:00:00Z | 02:00 | 01:00
  America/New_York    | 2026-03-08T07:00:00Z | 02:00 | 03:00
  America/New_York    | 2026-11-01T06:00:00Z | 02:00 | 01:00
  # Half an hour.
  Australia/Lord_Howe | 2025-10-04T15:30:00Z | 02:00 | 02:30
  Australia/Lord_Howe | 2026-04-04T15:00:00Z | 02:00 | 01:30
  # Two hours.
  Antarctica/Troll    | 2026-03-29T01:00:00Z | 01:00 | 03:00
  Antarctica/Troll    | 2026-10-25T01:00:00Z | 03:00 | 01:00
  # At midnight: a day without its first hour, and one whose last comes twice.
  America/Sao_Paulo   | 2018-11-04T03:00:00Z | 00:00 | 01:00
  America/Sao_Paulo   | 2018-02-18T02:00:00Z | 00:00 | 23:00
  Asia/Beirut         | 2026-03-28T22:00:00Z | 00:00 | 01:00
  Asia/Beirut         | 2026-10-24T21:00:00Z | 00:00 | 23:00
  Africa/Cairo        | 2026-04-23T22:00:00Z | 00:00 | 01:00
  Africa/Cairo        | 2026-10-29T21:00:00Z | 00:00 | 23:00
  America/Santiago    | 2026-09-06T04:00:00Z | 00:00 | 01:00
  America/Santiago    | 2026-04-05T03:00:00Z | 00:00 | 23:00
  Asia/Amman          | 2017-03-30T22:00:00Z | 00:00 | 01:00
  Asia/Amman          | 2017-10-26T22:00:00Z | 01:00 | 00:00
  # A minute past midnight, and back into the day before.
  America/St_Johns    | 2006-04-02T03:31:00Z | 00:01 | 01:01
  America/St_Johns    | 2006-10-29T02:31:00Z | 00:01 | 23:01
  # Ramadan: four changes in a year.
  Africa/Casablanca   | 2026-03-22T02:00:00Z | 02:00 | 03:00
  Africa/Casablanca   | 2026-02-15T02:00:00Z | 03:00 | 02:00
  # The whole 30 December 2011 was left out.
  Pacific/Apia        | 2011-12-30T10:00:00Z | 00:00 | 00:00
  Pacific/Apia        | 2012-03-31T14:00:00Z | 04:00 | 03:00
`).map(([zone = '', instant = '', before = '', after = '']) => ({ zone, instant: Date.parse(instant), before, after }));

const clockOf = (local: number): string => new Date(local).toISOString().slice(11, 16);

it.each(CHANGES)('$zone changes from $before to $after', ({ zone, instant, before, after }) => {
  expect([clockOf(wallClock(zone, instant - 1) + 1_000), clockOf(wallClock(zone, instant))]).toEqual([before, after]);
  const { start, offset, before: offsetBefore } = zoneOf(zone).segmentAt(instant / 1_000);
  expect(start * 1_000).toBe(instant);
  expect((start + offset) * 1_000).toBe(wallClock(zone, instant));
  expect((start + offsetBefore) * 1_000).toBe(wallClock(zone, instant - 1_000) + 1_000);
  expect(zoneOf(zone).segmentAt(start - 1).offset).toBe(offsetBefore);
});

/** What a local time (as if it were UTC) must meet. */
type Meets = (local: Date) => boolean;
const EXPRESSIONS: readonly (readonly [string, Meets])[] = [
  ['*/15 * * * *', (local) => local.getUTCMinutes() % 15 === 0],
  ['0 * * * *', (local) => local.getUTCMinutes() === 0],
  ['40 * * * *', (local) => local.getUTCMinutes() === 40],
  ['10,50 0-3 * * *', (local) => [10, 50].includes(local.getUTCMinutes()) && local.getUTCHours() < 4],
  ['0 0 * * *', (local) => local.getUTCHours() === 0 && local.getUTCMinutes() === 0],
  ['30 2 * * *', (local) => local.getUTCHours() === 2 && local.getUTCMinutes() === 30],
  ['30 23 * * *', (local) => local.getUTCHours() === 23 && local.getUTCMinutes() === 30],
  [
    '20 1-2 * * SUN,FRI',
    (local) =>
      [1, 2].includes(local.getUTCHours()) && local.getUTCMinutes() === 20 && [0, 5].includes(local.getUTCDay()),
  ],
];

/** The clock on the wall at every minute of an interval and the two days before it. */
const walls = (timeZone: string, from: number, to: number): readonly { minute: number; local: number }[] => {
  const all: { minute: number; local: number }[] = [];
  for (let minute = from - 2 * DAY_MS; minute < to; minute += MINUTE_MS) {
    all.push({ minute, local: wallClock(timeZone, minute) });
  }
  return all;
};

/** Goes through every minute, without any idea of offsets. */
const searched = (
  schedule: Schedule,
  meets: Meets,
  clock: ReturnType<typeof walls>,
  from: number,
): readonly number[] => {
  const found: number[] = [];
  let shown = Number.NEGATIVE_INFINITY;
  let before = Number.POSITIVE_INFINITY;
  for (const { minute, local } of clock) {
    let due = meets(new Date(local)) && (schedule.overlap === 'twice' || local > shown);
    for (let missing = before + MINUTE_MS; schedule.gap === 'shift' && missing < local; missing += MINUTE_MS) {
      due ||= meets(new Date(missing));
    }
    shown = Math.max(shown, local);
    before = local;
    if (due && minute >= from) {
      found.push(minute);
    }
  }
  return found;
};

describe.each(CHANGES)('$zone, $before to $after', ({ zone, instant }) => {
  const [from, to] = [instant - DAY_MS, instant + 2 * DAY_MS];
  const clock = walls(zone, from, to);

  it.each(EXPRESSIONS)('%s is due when a search finds it, under each policy', (expression, meets) => {
    for (const gap of GAP_POLICIES) {
      for (const overlap of OVERLAP_POLICIES) {
        const schedule = scheduleOf(expression, { timeZone: zone, gap, overlap });
        const expected = searched(schedule, meets, clock, from);
        expect(occurrencesBetween(schedule, from, to, ALL).map(iso)).toEqual(expected.map(iso));
        // Backwards.
        const back: number[] = [];
        let last = lastOccurrence(schedule, to - 1);
        while (last !== undefined && last >= from) {
          back.unshift(last);
          last = lastOccurrence(schedule, last - 1);
        }
        expect(back.map(iso)).toEqual(expected.map(iso));
      }
    }
  });

  it.each(EXPRESSIONS)('%s: what "skip" leaves out is what "shift" adds', (expression) => {
    const schedule = scheduleOf(expression, { timeZone: zone, overlap: 'twice', gap: 'skip' });
    const skipped = occurrencesBetween(schedule, from, to, ALL);
    const shifted = occurrencesBetween({ ...schedule, gap: 'shift' }, from, to, ALL);
    const gaps = gapsBetween(schedule, from, to, ALL);
    expect(gaps.map(({ n }) => n)).toEqual(shifted.filter((n) => !skipped.includes(n)));
    for (const { n, local } of gaps) {
      const missing = Date.parse(`${local}Z`);
      expect(missing).toBeGreaterThan(wallClock(zone, n - 1_000));
      expect(missing).toBeLessThan(wallClock(zone, n));
    }
  });
});

describe('by example', () => {
  const day = (expression: string, timeZone: string, from: string, policies: Partial<Schedule>) =>
    occurrencesBetween(scheduleOf(expression, { timeZone, ...policies }), at(from), at(from) + DAY_MS, ALL).map(iso);

  it('02:30 in Berlin, on the day without it and on the day that has it twice', () => {
    const spring = '2026-03-28 23:00';
    const autumn = '2026-10-24 22:00';
    expect(day('30 2 * * *', 'Europe/Berlin', spring, { gap: 'skip' })).toEqual([]);
    expect(day('30 2 * * *', 'Europe/Berlin', spring, { gap: 'shift' })).toEqual(['2026-03-29T01:00:00Z']);
    expect(day('30 2 * * *', 'Europe/Berlin', autumn, { overlap: 'once' })).toEqual(['2026-10-25T00:30:00Z']);
    expect(day('30 2 * * *', 'Europe/Berlin', autumn, { overlap: 'twice' })).toEqual([
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:30:00Z',
    ]);
  });

  it('every half hour rests for an hour when the clock goes back, unless it is to be due twice', () => {
    const from = '2026-10-25 00:00';
    const first = ['00:00', '00:30', '01:00', '01:30', '02:00'].map((time) => `2026-10-25T${time}:00Z`);
    const due = (overlap: Schedule['overlap']) => day('*/30 * * * *', 'Europe/Berlin', from, { overlap }).slice(0, 5);
    expect(due('twice')).toEqual(first);
    expect(due('once').slice(0, 3)).toEqual(['2026-10-25T00:00:00Z', '2026-10-25T00:30:00Z', '2026-10-25T02:00:00Z']);
  });

  it('noon of the day that Apia did not have', () => {
    const schedule = scheduleOf('0 12 30 12 *', { timeZone: 'Pacific/Apia' });
    const from = at('2011-01-01');
    expect(iso(nextOccurrence({ ...schedule, gap: 'skip' }, from))).toBe('2012-12-29T22:00:00Z');
    expect(iso(nextOccurrence({ ...schedule, gap: 'shift' }, from))).toBe('2011-12-30T10:00:00Z');
    expect(gapsBetween(schedule, from, at('2013-01-01'), ALL)).toEqual([
      { n: at('2011-12-30 10:00'), local: '2011-12-30T12:00:00' },
    ]);
  });

  it('several times within a gap are one occurrence at its end, and none of its own where one is due anyway', () => {
    const schedule = scheduleOf('*/20 2 * * *', { timeZone: 'Europe/Berlin' });
    expect(day('*/20 2 * * *', 'Europe/Berlin', '2026-03-28 23:00', {})).toEqual(['2026-03-29T01:00:00Z']);
    expect(gapsBetween(schedule, at('2026-01-01'), at('2027-01-01'), ALL)).toEqual([
      { n: at('2026-03-29 01:00'), local: '2026-03-29T02:00:00' },
    ]);
    const all = { ...schedule, expression: '*/20 * * * *' };
    expect(gapsBetween(all, at('2026-01-01'), at('2027-01-01'), ALL)).toEqual([]);
  });
});

describe('gapsBetween', () => {
  const schedule = scheduleOf('30 2 * * *', { timeZone: 'Europe/Berlin', gap: 'skip' });
  const [spring26, spring27] = [at('2026-03-29 01:00'), at('2027-03-28 01:00')];
  const instants = (settings: Partial<Schedule>, from: number, to: number, limit = ALL) =>
    gapsBetween({ ...schedule, ...settings }, from, to, limit).map(({ n }) => n);

  it('has its beginning in and its end out, and stops at the limit', () => {
    expect(instants({}, spring26, spring27)).toEqual([spring26]);
    expect(instants({}, spring26 + 1, spring27 + 1)).toEqual([spring27]);
    expect(instants({}, spring26, spring27 + 1, 1)).toEqual([spring26]);
  });

  it('keeps to the start and the end of the schedule', () => {
    expect(instants({ startAt: spring26 }, 0, spring27)).toEqual([spring26]);
    expect(instants({ startAt: spring26 + 1, endAt: spring27 }, 0, ALL)).toEqual([]);
    expect(instants({ startAt: spring26 + 1, endAt: spring27 + 1 }, 0, ALL)).toEqual([spring27]);
  });

  it('looks at 100 years, and at nothing of an interval', () => {
    expect(gapsBetween({ ...schedule, startAt: spring26 }, 0, ALL, ALL)).toHaveLength(100);
    expect(instants({ expression: '@every 1s' }, 0, spring27)).toEqual([]);
    expect(instants({ expression: '@once' }, 0, spring27)).toEqual([]);
  });
});
