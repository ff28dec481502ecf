/**
 * The clock changes of a time zone, from the data that Intl brings. One formatted date costs about 1.5 µs, so the changes of a
 * year are looked for once and kept: asking for an offset is then a comparison or two.
 */
import { DAY_S } from './civil.ts';

/** A stretch of time with one offset, cut at the turn of the year (UTC) too. Instants in epoch seconds. */
export type Segment = {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** Local time less UTC, in seconds. */
  readonly offset: number;
  /** The offset right before `start`: the same, unless the clock is changed at `start`. */
  readonly before: number;
  /** Local times before this one were shown already: the clock was put back. */
  readonly repeatedUntil: number;
};

type Change = { readonly at: number; readonly before: number; readonly after: number };

export type Zone = { readonly segmentAt: (instant: number) => Segment };

/**
 * The closest two changes of any zone from 1970 to 2037 are a week apart (Recife, October 2000; looked through with the data of
 * 2026c), so two of them never lie between two looks.
 */
const LOOK_EVERY = 4 * DAY_S;
/** No two offsets are further apart (UTC+14 and UTC-12), so no stretch that is repeated is longer. */
const LONGEST_REPEAT = 26 * 3_600;

const FIELDS = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)$/;

const createOffsetAt = (name: string): ((instant: number) => number) => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (instant) => {
    const text = format.format(instant * 1_000);
    const [month, day, year, hour, minute, second] = FIELDS.exec(text)?.slice(1).map(Number) ?? [];
    const local = Date.UTC(year ?? Number.NaN, (month ?? 0) - 1, day, hour, minute, second);
    if (Number.isNaN(local)) {
      throw new Error(`the local time of ${name} came as "${text}"`);
    }
    return local / 1_000 - instant;
  };
};

const createZone = (name: string): Zone => {
  const offsetAt = createOffsetAt(name);
  const years = new Map<number, readonly Segment[]>();

  /** The first second from which on the offset of `to` holds. */
  const findChange = (from: number, to: number, before: number): number => {
    let [low, high] = [from, to];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetAt(middle) === before) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return high;
  };

  const changesIn = (from: number, to: number): readonly Change[] => {
    const changes: Change[] = [];
    let [at, before] = [from, offsetAt(from)];
    while (at < to) {
      const next = Math.min(at + LOOK_EVERY, to);
      const after = offsetAt(next);
      if (after !== before) {
        changes.push({ at: findChange(at, next, before), before, after });
      }
      [at, before] = [next, after];
    }
    return changes;
  };

  const segmentsOf = (year: number): readonly Segment[] => {
    const start = Date.UTC(year, 0, 1) / 1_000;
    const end = Date.UTC(year + 1, 0, 1) / 1_000;
    const changes = changesIn(start - LONGEST_REPEAT, end);
    const early = changes.findLast(({ at }) => at <= start);
    const offset = early?.after ?? changes[0]?.before ?? offsetAt(start);
    const first: Change = { at: start, before: early?.at === start ? early.before : offset, after: offset };
    const starts = [first, ...changes.filter(({ at }) => at > start && at < end)];
    return starts.map((change, index) => {
      const put = index === 0 ? (early ?? change) : change;
      return {
        start: change.at,
        end: starts[index + 1]?.at ?? end,
        offset: change.after,
        before: change.before,
        repeatedUntil: put.at + put.before,
      };
    });
  };

  return {
    segmentAt: (instant) => {
      const year = new Date(instant * 1_000).getUTCFullYear();
      let segments = years.get(year);
      if (segments === undefined) {
        segments = segmentsOf(year);
        years.set(year, segments);
      }
      const segment = segments.findLast(({ start }) => start <= instant);
      if (segment === undefined) {
        throw new Error(`${instant} is no instant that ${name} has a clock for`);
      }
      return segment;
    },
  };
};

/** There are about 600 names; more than this many are spellings of one another. */
const MAX_ZONES = 1_000;
const zones = new Map<string, Zone>();

/** @throws RangeError for a name that the IANA database does not have */
export const zoneOf = (name: string): Zone => {
  let zone = zones.get(name);
  if (zone === undefined) {
    if (zones.size >= MAX_ZONES) {
      zones.clear();
    }
    zone = createZone(name);
    zones.set(name, zone);
  }
  return zone;
};

export const isTimeZone = (name: string): boolean => {
  try {
    zoneOf(name);
    return true;
  } catch {
    return false;
  }
};
