/** What holds for every schedule, on schedules and instants drawn at random. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jitterOf, lastOccurrence, nextOccurrence, occurrencesBetween } from '../../../lib/domain/cron/occurrences.ts';
import { readSchedule } from '../../../lib/domain/cron/read.ts';
import { GAP_POLICIES, OVERLAP_POLICIES, type Schedule } from '../../../lib/domain/cron/schedule.ts';
import { at, scheduleOf, wallClock } from './at.ts';

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'Europe/Dublin',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'Asia/Beirut',
  'Africa/Casablanca',
  'Pacific/Apia',
  'Asia/Kathmandu',
  'America/St_Johns',
  'Antarctica/Troll',
];

/** A field with the values that it stands for: what it says is known without reading it. */
type Drawn = { readonly text: string; readonly values: readonly number[] };

const range = (from: number, to: number, step = 1): readonly number[] =>
  Array.from({ length: Math.max(0, Math.floor((to - from) / step) + 1) }, (_, index) => from + index * step);

const item = (min: number, max: number): fc.Arbitrary<Drawn> => {
  const value = fc.integer({ min, max });
  const step = fc.integer({ min: 1, max: Math.min(max, 20) });
  return fc.oneof(
    value.map((n) => ({ text: `${n}`, values: [n] })),
    fc.tuple(value, value, step).map(([a, b, by]) => {
      const values =
        a <= b ? range(a, b, by) : range(a, b + max - min + 1, by).map((n) => (n > max ? n - (max - min + 1) : n));
      return { text: `${a}-${b}/${by}`, values };
    }),
    fc.tuple(value, step).map(([a, by]) => ({ text: `${a}/${by}`, values: range(a, max, by) })),
  );
};

const field = (min: number, max: number): fc.Arbitrary<Drawn> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant({ text: '*', values: range(min, max) }) },
    {
      weight: 3,
      arbitrary: fc.array(item(min, max), { minLength: 1, maxLength: 3 }).map((items) => ({
        text: items.map(({ text }) => text).join(','),
        values: items.flatMap(({ values }) => values),
      })),
    },
  );

const drawn = fc.record({
  second: fc.oneof(fc.constant<Drawn>({ text: '0', values: [0] }), field(0, 59)),
  minute: field(0, 59),
  hour: field(0, 23),
  dayOfMonth: field(1, 31),
  month: field(1, 12),
  dayOfWeek: field(0, 6),
  days: fc.constantFrom('or' as const, 'and' as const),
  gap: fc.constantFrom(...GAP_POLICIES),
  overlap: fc.constantFrom(...OVERLAP_POLICIES),
  timeZone: fc.constantFrom(...ZONES),
});
type DrawnSchedule = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

const toSchedule = ({ second, minute, hour, dayOfMonth, month, dayOfWeek, ...settings }: DrawnSchedule): Schedule =>
  scheduleOf([second, minute, hour, dayOfMonth, month, dayOfWeek].map(({ text }) => text).join(' '), settings);

const meets = (schedule: DrawnSchedule, local: Date): boolean => {
  const { second, minute, hour, dayOfMonth, month, dayOfWeek, days } = schedule;
  const inMonth = dayOfMonth.values.includes(local.getUTCDate());
  const inWeek = dayOfWeek.values.includes(local.getUTCDay());
  const either = days === 'or' && dayOfMonth.text !== '*' && dayOfWeek.text !== '*';
  return (
    second.values.includes(local.getUTCSeconds()) &&
    minute.values.includes(local.getUTCMinutes()) &&
    hour.values.includes(local.getUTCHours()) &&
    month.values.includes(local.getUTCMonth() + 1) &&
    (either ? inMonth || inWeek : inMonth && inWeek)
  );
};

const instant = fc.integer({ min: at('2011-01-01'), max: at('2027-12-31') });
const RUNS = { numRuns: 150 };

it('the next is later and whole seconds, and its local time is one that is meant, or the end of a gap', () => {
  fc.assert(
    fc.property(drawn, instant, (schedule, after) => {
      const next = nextOccurrence(toSchedule(schedule), after);
      if (next === undefined) {
        return;
      }
      expect(next).toBeGreaterThan(after);
      expect(next % 1_000).toBe(0);
      const local = wallClock(schedule.timeZone, next);
      const jumped = local - wallClock(schedule.timeZone, next - 1_000) > 1_000;
      expect(meets(schedule, new Date(local)) || (schedule.gap === 'shift' && jumped)).toBe(true);
    }),
    RUNS,
  );
});

it('nothing that is meant lies between an instant and the next', () => {
  fc.assert(
    fc.property(drawn, instant, fc.double({ min: 0, max: 1, noNaN: true }), (schedule, after, share) => {
      const next = nextOccurrence(toSchedule(schedule), after) ?? after + 40 * 366 * 86_400_000;
      // An instant in between, looked at by Intl alone. A local time that comes the second time is not due by "once".
      const between = Math.ceil((after + 1 + share * (next - after - 2)) / 1_000) * 1_000;
      if (between <= after || between >= next) {
        return;
      }
      const local = wallClock(schedule.timeZone, between);
      // The clocks of these zones go back by half an hour, an hour or two.
      const repeated = [30, 60, 120].some(
        (minutes) => wallClock(schedule.timeZone, between - minutes * 60_000) >= local,
      );
      expect(meets(schedule, new Date(local)) && !repeated).toBe(false);
    }),
    RUNS,
  );
});

it('goes up with the instant, and last and next agree', () => {
  fc.assert(
    fc.property(drawn, instant, fc.nat({ max: 90 * 86_400_000 }), (input, early, ahead) => {
      const schedule = toSchedule(input);
      const next = nextOccurrence(schedule, early);
      const later = nextOccurrence(schedule, early + ahead);
      expect(later ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(next ?? Number.POSITIVE_INFINITY);
      if (next !== undefined) {
        expect(lastOccurrence(schedule, next)).toBe(next);
        expect(lastOccurrence(schedule, next - 1) ?? 0).toBeLessThanOrEqual(early);
      }
      const last = lastOccurrence(schedule, early);
      if (last !== undefined) {
        expect(last).toBeLessThanOrEqual(early);
        expect(nextOccurrence(schedule, last - 1)).toBe(last);
        expect(nextOccurrence(schedule, last)).toBe(next);
      }
    }),
    RUNS,
  );
});

it('occurrencesBetween is going from next to next', () => {
  fc.assert(
    fc.property(drawn, instant, fc.nat({ max: 3 * 86_400_000 }), fc.nat({ max: 50 }), (input, from, length, limit) => {
      const schedule = toSchedule(input);
      const expected: number[] = [];
      let next = nextOccurrence(schedule, from - 1);
      while (next !== undefined && next < from + length && expected.length < limit) {
        expected.push(next);
        next = nextOccurrence(schedule, next);
      }
      expect(occurrencesBetween(schedule, from, from + length, limit)).toEqual(expected);
    }),
    RUNS,
  );
});

it('a schedule is valid exactly if it will be due, and any text is answered', () => {
  const now = at('2026-11-21');
  fc.assert(
    fc.property(drawn, (input) => {
      const schedule = toSchedule(input);
      expect(readSchedule(schedule, now).kind === 'valid').toBe(nextOccurrence(schedule, now - 1) !== undefined);
    }),
    RUNS,
  );
  const letters = fc.string({ unit: fc.constantFrom(...'0123456789*/-,?#LW @MONJAN') });
  fc.assert(
    fc.property(fc.oneof(letters, fc.string()), (expression) => {
      expect(['valid', 'invalid']).toContain(readSchedule(scheduleOf(expression), now).kind);
    }),
    RUNS,
  );
});

it('the jitter is whole, within its bounds, always the same, and spread', () => {
  fc.assert(
    fc.property(fc.string(), instant, fc.nat({ max: 86_400_000 }), (job, n, jitterMs) => {
      const jitter = jitterOf(job, n, jitterMs);
      expect(Number.isInteger(jitter) && jitter >= 0 && jitter <= jitterMs).toBe(true);
      expect(jitterOf(job, n, jitterMs)).toBe(jitter);
    }),
    RUNS,
  );
  const counts = Array.from({ length: 10 }, () => 0);
  for (let hour = 0; hour < 10_000; hour += 1) {
    const tenth = jitterOf('7214', at('2026-01-01') + hour * 3_600_000, 9);
    counts[tenth] = (counts[tenth] ?? 0) + 1;
  }
  // Expected 1,000 each; the standard deviation is 30.
  expect(Math.min(...counts)).toBeGreaterThan(850);
  expect(Math.max(...counts)).toBeLessThan(1_150);
});
