/** What a person may not have meant, in a schedule that can be used. */
import { firstIn } from './calendar.ts';
import { formatLocal } from './civil.ts';
import { isEither } from './days.ts';
import type { Expression, Fields } from './expression.ts';
import { FIELDS } from './fields.ts';
import type { Schedule } from './schedule.ts';
import { type Segment, zoneOf } from './zone.ts';

/** Clock changes are looked for so far ahead. */
const AHEAD_S = 5 * 366 * 86_400;

const clock = (localS: number): string => formatLocal(localS).slice(11, 16);

const dayWarning = ({ dayOfMonth, dayOfWeek }: Fields, { days }: Schedule): readonly string[] => {
  if (dayOfMonth.any || dayOfWeek.any) {
    return [];
  }
  if (isEither(dayOfMonth, dayOfWeek, days)) {
    return [
      'Day of month and day of week are both given: it is due on days that meet one of them. Day rule "and" asks for both.',
    ];
  }
  return [
    days === 'or'
      ? 'Day of month and day of week are both given, and one begins with "*": it is due only on days that meet both.'
      : 'Day of month and day of week are both given: it is due only on days that meet both. Day rule "or" asks for one of them.',
  ];
};

/** How many values a cycle has: a step that does not divide it has a shorter last stride. */
const CYCLES = { second: 60, minute: 60, hour: 24, month: 12, dayOfWeek: 7 } as const;

const stepWarnings = (fields: Fields): readonly string[] => {
  const warnings: string[] = [];
  const stepOf = (text: string): number => Number(/^(?:\*|\d+)\/(\d+)$/.exec(text)?.[1] ?? 1);
  for (const [name, cycle] of Object.entries(CYCLES) as [keyof typeof CYCLES, number][]) {
    const step = stepOf(fields[name].text);
    if (cycle % step !== 0) {
      warnings.push(
        `${FIELDS[name].label}: the step ${step} does not divide ${cycle}, so the last interval of each round is a shorter one.`,
      );
    }
  }
  const step = stepOf(fields.dayOfMonth.text);
  if (step > 1) {
    warnings.push(
      `${FIELDS.dayOfMonth.label}: the step ${step} starts anew with each month, so the last interval of a month is another one.`,
    );
  }
  return warnings;
};

const secondWarning = ({ second }: Fields): readonly string[] =>
  second.values.length === 60 ? ['The field of the seconds names all 60: it is due every second of its minutes.'] : [];

const turn = ({ timeZone }: Schedule, way: string, { start, before, offset }: Segment): string =>
  `On ${formatLocal(start + before).slice(0, 10)} the clock of ${timeZone} goes from ${clock(start + before)} ${way} ${clock(start + offset)}`;

const gapWarning = (schedule: Schedule, missed: number, segment: Segment): string => {
  const outcome =
    schedule.gap === 'skip' ? 'is left out' : `is due at ${clock(segment.start + segment.offset)} instead`;
  return `${turn(schedule, 'to', segment)}: ${clock(missed)} ${outcome}.`;
};

/** @param again whether more than the one local time comes twice */
const overlapWarning = (schedule: Schedule, repeated: number, again: boolean, segment: Segment): string => {
  const what = again ? 'what is due in between' : clock(repeated);
  const outcome =
    schedule.overlap === 'once'
      ? `is due the first time only${again ? ', so that the second time passes without' : ''}`
      : 'is due both times';
  return `${turn(schedule, 'back to', segment)}: ${what} ${outcome}.`;
};

const clockWarnings = (
  expression: Extract<Expression, { kind: 'calendar' }>,
  schedule: Schedule,
  from: number,
): readonly string[] => {
  const { calendar } = expression;
  const zone = zoneOf(schedule.timeZone);
  let gapFound: string | undefined;
  let overlapFound: string | undefined;
  let at = from;
  const end = Math.min(from + AHEAD_S, (schedule.endAt ?? Number.POSITIVE_INFINITY) / 1_000);
  while (at < end && (gapFound === undefined || overlapFound === undefined)) {
    const segment = zone.segmentAt(at);
    const { start, before, offset } = segment;
    if (at === start && before < offset) {
      const missed = firstIn(calendar, start + before, start + offset - 1);
      const dueThen = firstIn(calendar, start + offset, start + offset);
      if (missed !== undefined && dueThen === undefined) {
        gapFound ??= gapWarning(schedule, missed, segment);
      }
    }
    if (at === start && before > offset) {
      const repeated = firstIn(calendar, start + offset, start + before - 1);
      if (repeated !== undefined) {
        const again = firstIn(calendar, repeated + 1, start + before - 1) !== undefined;
        overlapFound ??= overlapWarning(schedule, repeated, again, segment);
      }
    }
    at = segment.end;
  }
  return [gapFound, overlapFound].filter((warning) => warning !== undefined);
};

export const warningsOf = (expression: Expression, schedule: Schedule, now: number): readonly string[] => {
  if (expression.kind !== 'calendar') {
    return [];
  }
  const { fields } = expression;
  const from = Math.floor(Math.max(now, schedule.startAt) / 1_000);
  return [
    ...dayWarning(fields, schedule),
    ...stepWarnings(fields),
    ...secondWarning(fields),
    ...clockWarnings(expression, schedule, from),
  ];
};
