/** Rule J6: what a chain has lost, told from the row. Nothing of it should ever be found. */
import type { Job } from './job.ts';
import { HELP_WITHIN_MS } from './pending.ts';

/** Alarms are exact to seconds: a fire that has not come by then has no alarm, or one that is being tried again. */
const CHAIN_LATE_MS = 2 * 60_000;
/** A handler lives for 30 s, and its message comes back within three minutes. */
const RUN_LATE_MS = 5 * 60_000;

/** The occurrence that has to be armed once more. */
export const brokenAt = (job: Job, now: number): number | undefined =>
  job.state === 'active' && job.next !== undefined && job.next < now - CHAIN_LATE_MS ? job.next : undefined;

/** Whether the newest fire is of an age at which its run must be there, and is looked for. */
export const isOverdue = ({ pend }: Job, now: number): boolean =>
  pend !== undefined && pend.at < now - RUN_LATE_MS && pend.at > now - HELP_WITHIN_MS;
