/** Alarms on their way or being handled, and the rows that cannot do without one (A1). */
import type { Alarm, EntityKey } from '../../../lib/domain/alarm.ts';
import type { Verdict } from './verdict.ts';

/** The longest silence between two looks at an open row. */
const LONGEST_LOOK_MS = 15 * 60_000;

type Live = { readonly g: number; readonly dueAt: number };

export const runKey = (id: string): string => `run ${id}`;
export const sessionKey = (id: string): string => `session ${id}`;
export const jobKey = (id: string, n: number): string => `job ${id}.${n}`;
export const backfillKey = (id: string): string => `backfill ${id}`;
export const sagaKey = (no: string): string => `saga ${no}`;

const alarmKey = (key: EntityKey): string => {
  switch (key.kind) {
    case 'run':
      return runKey(key.id);
    case 'session':
      return sessionKey(key.id);
    case 'job':
      return jobKey(key.id, key.n);
    case 'backfill':
      return backfillKey(key.id);
    case 'saga':
      return sagaKey(key.id);
  }
};

export const createAlarmAccount = (now: () => number, { must }: Verdict) => {
  const alarms = new Map<string, Live[]>();
  /** Rows that changed, or whose alarms went, since they were last looked at. */
  const suspects = new Set<string>();
  /**
   * A function took so long for its look at a `ready` run that a claim relied on the alarm that it had in hands, and was then
   * sent on for the run's next look: a limit that docs/protocol.md states. The run is looked at all the same, later.
   */
  let slow = false;

  const onAlarm = (alarm: Alarm, by: 1 | -1): void => {
    const key = alarmKey(alarm.key);
    const live = alarms.get(key) ?? [];
    alarms.set(key, live);
    if (by === 1) {
      live.push({ g: alarm.g, dueAt: alarm.dueAt });
    } else {
      const index = live.findIndex(({ g, dueAt }) => g === alarm.g && dueAt === alarm.dueAt);
      live.splice(index, 1);
      suspects.add(key);
      if (live.length === 0) {
        alarms.delete(key);
      }
    }
  };

  /**
   * @param wakeAt when the row says that it needs a look
   * @param longestMs the longest silence
   * @param lateMs how much later than it says the alarm of a row may be
   */
  const watch = (
    key: string,
    g: number,
    wakeAt: number,
    { longestMs = LONGEST_LOOK_MS, lateMs = 0 }: { readonly longestMs?: number; readonly lateMs?: number } = {},
  ): void => {
    const own = (alarms.get(key) ?? []).filter((alarm) => alarm.g === g);
    must(own.length > 0, 'armed', () => `${key} is open and has no alarm of generation ${g}`);
    const sooner = wakeAt > now() && !slow;
    const latest = sooner ? wakeAt + lateMs : Math.max(wakeAt, now() + longestMs);
    must(
      own.length === 0 || own.some(({ dueAt }) => dueAt <= latest),
      'armed',
      () => `${key} needs a look at ${new Date(wakeAt).toISOString()} and its alarms come later`,
    );
  };

  return {
    onAlarm,
    watch,
    suspects,
    onSlow: (): void => {
      slow = true;
    },
    wasSlow: (): boolean => slow,
    isArmed: (key: string, g: number): boolean => alarms.get(key)?.some((alarm) => alarm.g === g) ?? false,
    live: alarms as ReadonlyMap<string, readonly Live[]>,
  };
};
