/** What the tests of schedules share: short ways to write a schedule, an instant and a table of vectors. */
import type { Schedule } from '../../../lib/domain/cron/schedule.ts';

export const scheduleOf = (expression: string, settings: Partial<Schedule> = {}): Schedule => ({
  expression,
  timeZone: 'UTC',
  days: 'or',
  gap: 'shift',
  overlap: 'once',
  startAt: 0,
  jitterMs: 0,
  ...settings,
});

/** `2016-12-09`, `2016-12-09 16:46`, `2016-12-09 16:46:30 -05:00`: epoch ms; UTC where no offset is told. */
export const at = (text: string): number => {
  const [date, time = '00:00', offset = 'Z'] = text.split(' ');
  const instant = Date.parse(`${date}T${time}${offset}`);
  if (Number.isNaN(instant)) {
    throw new Error(`"${text}" is no instant`);
  }
  return instant;
};

/** The rows of a table of vectors: its columns are parted by `|`, and empty lines and those that begin with `#` tell nothing. */
export const rowsOf = (table: string): string[][] =>
  table
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trim().startsWith('#'))
    .map((line) => line.split('|').map((cell) => cell.trim()));

export const iso = (instant: number | undefined): string =>
  instant === undefined ? 'never' : new Date(instant).toISOString().replace('.000Z', 'Z');

const clocks = new Map<string, Intl.DateTimeFormat>();

/** The clock on the wall, by Intl alone: what the engine's own arithmetic is held against. As if it were UTC, in ms. */
export const wallClock = (timeZone: string, instant: number): number => {
  let clock = clocks.get(timeZone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    clocks.set(timeZone, clock);
  }
  return Date.parse(`${clock.format(instant).replace(' ', 'T')}Z`);
};
