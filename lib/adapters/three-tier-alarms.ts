import type { AlarmPort } from '../application/ports/index.ts';
import { type Alarm, planAlarm } from '../domain/alarm.ts';
import { spreadOf } from './scheduler/alarm-schedules.ts';

/** Rule A3: near alarms go to the queue, far ones to a schedule that brings them to the queue ahead of their time. */
export const createThreeTierAlarms = (
  queue: (alarm: Alarm, delaySeconds: number) => Promise<void>,
  schedule: (alarm: Alarm, fireAt: number) => Promise<void>,
  now: () => number,
): AlarmPort => ({
  send: (alarm) => {
    const plan = planAlarm(alarm.dueAt, now(), spreadOf(alarm));
    return plan.via === 'queue' ? queue(alarm, plan.delaySeconds) : schedule(alarm, plan.fireAt);
  },
});
