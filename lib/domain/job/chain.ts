/**
 * What the alarm of an occurrence does when it arrives (rules J1 and A2). It is a hint as every alarm is: the row decides.
 *
 * | row                                   | verdict                                                            |
 * | ------------------------------------- | ------------------------------------------------------------------ |
 * | `pend` is this occurrence, of this rev | create: it was fired; its run has to be there                      |
 * | newer rev, or deleted                  | done                                                               |
 * | older rev, or no row                   | wait for the commit; after 90 s fence, so that it cannot come late |
 * | same rev, a start by hand              | confirm: its run is there, or its commit has not come              |
 * | same rev, n < next, or no next         | done: it was fired, or was left out                                |
 * | same rev, n > next                     | wait, then fence                                                   |
 * | same rev, n = next, early              | look again when it is due                                          |
 * | same rev, n = next, due                | fire                                                               |
 */
import { FENCE_AFTER_MS } from '../alarm.ts';
import { DISPATCH_LEAD_MS } from '../timing.ts';
import type { Job } from './job.ts';

export type ChainVerdict = 'create' | 'done' | 'wait' | 'fence' | 'confirm' | 'look' | 'fire';

/** An occurrence, and the chain that its alarm was armed for. */
export type OccurrenceAlarm = { readonly n: number; readonly rev: number; readonly armedAt: number };

/** Occurrences of a schedule are whole seconds; a start by hand gets an instant that is none. */
export const isByHand = (n: number): boolean => n % 1_000 !== 0;

/** A commit that has not come is waited for as long as it may come (rule W2), and then made impossible (rule A5). */
export const patience = (armedAt: number, now: number): 'wait' | 'fence' =>
  now < armedAt + FENCE_AFTER_MS ? 'wait' : 'fence';

/** Occurrences are fired ahead of their instant, and the worker holds them. */
export const firesAt = (n: number): number => n - DISPATCH_LEAD_MS;

/** An alarm that is armed for this very moment would overtake the commit that it is armed for, and wait 5 s for it. */
const ALARM_AFTER_MS = 1_000;
export const armedFor = (n: number, now: number): number => Math.max(now + ALARM_AFTER_MS, firesAt(n));

export const judgeOccurrence = (alarm: OccurrenceAlarm, job: Job | undefined, now: number): ChainVerdict => {
  const { n, rev, armedAt } = alarm;
  if (job === undefined) {
    return patience(armedAt, now);
  }
  if (job.pend?.n === n && job.pend.rev === rev) {
    return 'create';
  }
  if (job.state === 'deleted' || job.rev > rev) {
    return 'done';
  }
  if (job.rev < rev) {
    return patience(armedAt, now);
  }
  if (isByHand(n)) {
    return 'confirm';
  }
  if (job.next === undefined || n < job.next) {
    return 'done';
  }
  if (n > job.next) {
    return patience(armedAt, now);
  }
  return now < firesAt(n) ? 'look' : 'fire';
};
