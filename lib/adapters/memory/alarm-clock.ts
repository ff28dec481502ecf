import type { AlarmPort } from '../../application/ports/index.ts';
import type { Alarm } from '../../domain/alarm.ts';

/** The longest delay that a Node timer takes; a farther alarm is looked at again on the way. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** How soon an alarm that failed comes again: the visibility timeout's part. */
const AGAIN_MS = 1_000;

export type AlarmClock = AlarmPort & {
  /** Drops what is pending; alarms in this process live no longer than it does. */
  readonly stop: () => void;
};

/** Alarms in this process, on the process's own timers. A failed one comes again, as a message would. */
export const createAlarmClock = (
  ring: (alarm: Alarm) => Promise<void>,
  onError: (alarm: Alarm, error: unknown) => void,
): AlarmClock => {
  const timers = new Set<NodeJS.Timeout>();
  let stopped = false;

  const at = (alarm: Alarm, dueAt: number): void => {
    if (stopped) {
      return;
    }
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        if (Date.now() < dueAt) {
          at(alarm, dueAt);
          return;
        }
        ring(alarm).catch((error: unknown) => {
          onError(alarm, error);
          at(alarm, Date.now() + AGAIN_MS);
        });
      },
      Math.min(LONGEST_TIMER_MS, Math.max(0, dueAt - Date.now())),
    );
    timers.add(timer);
  };

  return {
    send: async (alarm) => at(alarm, alarm.dueAt),
    stop: () => {
      stopped = true;
      for (const timer of timers) {
        clearTimeout(timer);
      }
      timers.clear();
    },
  };
};
