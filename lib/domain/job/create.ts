/** The first row of a job. */
import { nextOccurrence } from '../cron/occurrences.ts';
import type { Schedule } from '../cron/schedule.ts';
import { pickDefined } from './fields.ts';
import type { Job } from './job.ts';
import { settingsOf, type Wanted } from './wanted.ts';

/** The first occurrence that is not past yet. */
export const firstOccurrence = (schedule: Schedule, now: number): number | undefined =>
  nextOccurrence(schedule, now - 1);

export const newJob = (
  wanted: Wanted,
  { id, by, now, keyed }: { readonly id: string; readonly by: string; readonly now: number; readonly keyed?: string },
): Job => {
  const { schedule, state } = wanted;
  const active = state === 'active';
  return {
    ...settingsOf(wanted),
    id,
    state,
    spec: 1,
    rev: 1,
    version: 1,
    fired: 0,
    createdAt: now,
    createdBy: by,
    updatedAt: now,
    ...(active ? {} : { pausedAt: now, pausedBy: by }),
    ...pickDefined({
      keyed,
      next: active && schedule !== undefined ? firstOccurrence(schedule, now) : undefined,
      scheduledFrom: schedule === undefined ? undefined : now,
    }),
  };
};
