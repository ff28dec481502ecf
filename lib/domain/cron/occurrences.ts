/**
 * When a schedule is due. All instants are epoch milliseconds and whole seconds.
 *
 * The search goes along the segments of the zone, the stretches without a clock change: within one, local time and instants go
 * in step, and the calendar is asked for the next local time. At the seams the policies decide:
 *
 * | the clock goes | policy    | local times between                                                      |
 * | -------------- | --------- | ------------------------------------------------------------------------ |
 * | forward        | `skip`    | are left out                                                             |
 * | forward        | `shift`   | are due, all together once, at the instant that the clock jumps to       |
 * | back           | `once`    | are due when they are shown first, never the second time                 |
 * | back           | `twice`   | are due both times                                                       |
 *
 * They hold for every expression alike, one of every 15 minutes as one of once a day.
 */
import { type Calendar, firstIn, lastIn } from './calendar.ts';
import { formatLocal } from './civil.ts';
import { type Expression, readExpression } from './expression.ts';
import { isProblem, LAST_YEAR } from './fields.ts';
import type { Schedule } from './schedule.ts';
import { type Segment, type Zone, zoneOf } from './zone.ts';

/** Far more than one offset differs from another (26 h), and than any offset from UTC (15 h in the past). */
const REACH_S = 30 * 3_600;
/** At each step a local time is near, and clock changes were in its way. After so many such years nothing will come. */
const MAX_STEPS = 400;
/** The years of an expression are 1970 to 9999. */
const FIRST_INSTANT_S = 0;
const LAST_INSTANT_S = Date.UTC(LAST_YEAR, 11, 31, 23, 59, 59) / 1_000;

/**
 * The longest interval that is searched for clock changes: a year that is looked at first costs some 0.2 ms.
 * Nobody reads a ledger of more.
 */
const MAX_GAP_S = 100 * 365 * 86_400;

const expressionOf = ({ expression, days }: Schedule): Expression => {
  const read = readExpression(expression, days);
  if (isProblem(read)) {
    throw new Error(`a schedule is kept that cannot be read: ${read.problem}`);
  }
  return read;
};

/** The first local time that the clock change at the start of a segment leaves out. */
const missedAt = (calendar: Calendar, { start, before, offset }: Segment): number | undefined =>
  before < offset ? firstIn(calendar, start + before, start + offset - 1) : undefined;

const shownFirst = ({ overlap }: Schedule, { start, offset, repeatedUntil }: Segment): number =>
  overlap === 'once' ? Math.max(start + offset, repeatedUntil) : start + offset;

const nextInZone = (schedule: Schedule, calendar: Calendar, zone: Zone, from: number): number | undefined => {
  let at = from;
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const segment = zone.segmentAt(at);
    const { start, end, offset } = segment;
    if (at === start && schedule.gap === 'shift' && missedAt(calendar, segment) !== undefined) {
      return at;
    }
    const local = firstIn(calendar, Math.max(at + offset, shownFirst(schedule, segment)), end + offset - 1);
    if (local !== undefined) {
      return local - offset;
    }
    // Nothing before the next local time is worth a look. It may come somewhat earlier by another offset, or come again.
    const ahead = firstIn(calendar, end + offset - REACH_S, Number.POSITIVE_INFINITY);
    if (ahead === undefined) {
      return undefined;
    }
    at = Math.max(end, ahead - REACH_S);
  }
  return undefined;
};

const lastInZone = (
  schedule: Schedule,
  calendar: Calendar,
  zone: Zone,
  to: number,
  earliest: number,
): number | undefined => {
  let at = to;
  for (let step = 0; step < MAX_STEPS && at >= earliest; step += 1) {
    const segment = zone.segmentAt(at);
    const { start, offset } = segment;
    const local = lastIn(calendar, shownFirst(schedule, segment), at + offset);
    if (local !== undefined) {
      return local - offset;
    }
    if (schedule.gap === 'shift' && missedAt(calendar, segment) !== undefined) {
      return start;
    }
    const behind = lastIn(calendar, earliest - REACH_S, start + offset + REACH_S);
    if (behind === undefined) {
      return undefined;
    }
    at = Math.min(start - 1, behind + REACH_S);
  }
  return undefined;
};

const ceilToSecond = (instant: number): number => Math.ceil(instant / 1_000);

/** `@every`: the first one that is not before `from`. It counts from the second in which `startAt` lies. */
const nextPeriod = (startAt: number, periodMs: number, from: number): number => {
  const base = Math.floor(startAt / 1_000) * 1_000;
  return base + Math.max(0, Math.ceil((from - base) / periodMs)) * periodMs;
};

const nextFrom = (schedule: Schedule, from: number): number | undefined => {
  const expression = expressionOf(schedule);
  switch (expression.kind) {
    case 'once': {
      const due = ceilToSecond(schedule.startAt) * 1_000;
      return from <= due ? due : undefined;
    }
    case 'every':
      return nextPeriod(schedule.startAt, expression.periodMs, from);
    case 'calendar': {
      const found = nextInZone(schedule, expression.calendar, zoneOf(schedule.timeZone), from / 1_000);
      return found === undefined ? undefined : found * 1_000;
    }
  }
};

/** The first occurrence after `after`, never at it. */
export const nextOccurrence = (schedule: Schedule, after: number): number | undefined => {
  const { startAt, endAt = Number.POSITIVE_INFINITY } = schedule;
  const from = Math.max(Math.floor(after / 1_000) + 1, ceilToSecond(startAt), FIRST_INSTANT_S);
  if (from > LAST_INSTANT_S) {
    return undefined;
  }
  const next = nextFrom(schedule, from * 1_000);
  return next === undefined || next >= endAt || next > LAST_INSTANT_S * 1_000 ? undefined : next;
};

/** The last occurrence that is not after `atOrBefore`. */
export const lastOccurrence = (schedule: Schedule, atOrBefore: number): number | undefined => {
  const { startAt, endAt = Number.POSITIVE_INFINITY } = schedule;
  const expression = expressionOf(schedule);
  const to = Math.min(Math.floor(Math.min(atOrBefore, endAt - 1) / 1_000), LAST_INSTANT_S);
  const earliest = Math.max(ceilToSecond(startAt), FIRST_INSTANT_S);
  if (to < earliest) {
    return undefined;
  }
  switch (expression.kind) {
    case 'once':
      return earliest * 1_000;
    case 'every': {
      const after = nextPeriod(startAt, expression.periodMs, to * 1_000 + 1) - expression.periodMs;
      return after < startAt ? undefined : after;
    }
    case 'calendar': {
      const found = lastInZone(schedule, expression.calendar, zoneOf(schedule.timeZone), to, earliest);
      return found === undefined || found < earliest ? undefined : found * 1_000;
    }
  }
};

/** Occurrences `from` ≤ n < `to`, oldest first, at most `limit`. */
export const occurrencesBetween = (schedule: Schedule, from: number, to: number, limit: number): readonly number[] => {
  const found: number[] = [];
  let next = nextOccurrence(schedule, from - 1);
  while (next !== undefined && next < to && found.length < limit) {
    found.push(next);
    next = nextOccurrence(schedule, next);
  }
  return found;
};

/**
 * What `gap: 'skip'` leaves out and `shift` would not, `from` ≤ n < `to` (at most 100 years of it), oldest first, at most `limit`:
 * `n` is the instant that `shift` would give, `local` the first local time that is missing. Where something is due at `n` anyway
 * (an expression of every 15 minutes, say), nothing is left out.
 */
export const gapsBetween = (
  schedule: Schedule,
  from: number,
  to: number,
  limit: number,
): readonly { readonly n: number; readonly local: string }[] => {
  const { startAt, endAt = Number.POSITIVE_INFINITY } = schedule;
  const expression = expressionOf(schedule);
  if (expression.kind !== 'calendar') {
    return [];
  }
  const zone = zoneOf(schedule.timeZone);
  const found: { n: number; local: string }[] = [];
  let at = Math.max(ceilToSecond(from), ceilToSecond(startAt), FIRST_INSTANT_S);
  const last = Math.min(ceilToSecond(Math.min(to, endAt)), at + MAX_GAP_S, LAST_INSTANT_S);
  while (at < last && found.length < limit) {
    const segment = zone.segmentAt(at);
    const missed = at === segment.start ? missedAt(expression.calendar, segment) : undefined;
    const due = at + segment.offset;
    if (missed !== undefined && firstIn(expression.calendar, due, due) === undefined) {
      found.push({ n: at * 1_000, local: formatLocal(missed) });
    }
    at = segment.end;
  }
  return found;
};

/** The share of an occurrence in its job's jitter: a whole number of ms from 0 to `jitterMs`, always the same. */
export const jitterOf = (job: string, n: number, jitterMs: number): number => {
  // FNV-1a, then the finish of MurmurHash3: neighbouring instants must not get neighbouring shares.
  let hash = 0x811c9dc5;
  for (const character of `${job}.${n}`) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash = (hash ^ (hash >>> 16)) >>> 0;
  return Math.floor((hash / 2 ** 32) * (jitterMs + 1));
};
