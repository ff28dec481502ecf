import { type Alarm, type EntityKey, WAIT_MS } from '../../domain/alarm.ts';
import { armedFor, firesAt, judgeOccurrence, patience } from '../../domain/job/chain.ts';
import { asksForLast, asksForWorkers, decideFire } from '../../domain/job/fire.ts';
import type { Job } from '../../domain/job/job.ts';
import { CREATE_WITHIN_MS } from '../../domain/job/pending.ts';
import { arm, sendOn } from '../alarms/arm.ts';
import type { Ports } from '../ports/index.ts';
import type { BroadcastWorkers } from './broadcast-workers.ts';
import type { JobRuns } from './job-runs.ts';
import type { RunsOfFire } from './runs-of-fire.ts';

type Tools = {
  readonly jobRuns: JobRuns;
  readonly runsOfFire: RunsOfFire;
  readonly broadcastWorkers: BroadcastWorkers;
};

export type JobAlarm = Alarm & { readonly key: Extract<EntityKey, { kind: 'job' }> };

/** A row that changes under us so often is being looked after by others; the message comes again. */
const ROUNDS = 10;
/**
 * Occurrences that one call fires in a row, where the next is due when one is done: a schedule of every second keeps up
 * though each alarm comes a second late, and what an outage left over is caught up with.
 */
const MOST_IN_A_ROW = 10;

type Fired =
  | { readonly kind: 'fired'; readonly after: Job }
  | { readonly kind: 'changed' }
  | { readonly kind: 'look'; readonly at: number };

/** The alarm of an occurrence has come: rules J1 and J4. */
export const createFireJob = (ports: Ports, tools: Tools): ((alarm: JobAlarm) => Promise<void>) => {
  const { jobs, alarms, log, now } = ports;
  const { jobRuns, runsOfFire } = tools;

  const fire = async (job: Job): Promise<Fired> => {
    const asks = asksForLast(job);
    const { runs } = await runsOfFire.help(job, asks ? 'consistent' : 'eventual');
    const firing = decideFire(job, now(), {
      lastEnded: asks ? await jobRuns.lastEnded(job, runs) : true,
      workers: asksForWorkers(job) ? await tools.broadcastWorkers(job) : [],
    });
    if (firing.do === 'look') {
      return { kind: 'look', at: firing.at };
    }
    const { after, gap } = firing;
    if (after.next !== undefined) {
      await arm(ports, { kind: 'job', id: job.id, n: after.next }, job.rev, armedFor(after.next, now()));
    }
    const written = await jobs.write(job, after, gap === undefined ? {} : { gap });
    if (written.kind !== 'done') {
      return { kind: 'changed' };
    }
    if (gap !== undefined) {
      log.warn('Occurrences could not fire in time and were left out', { job: job.id, ...gap });
    }
    if (after.pend !== undefined && after.pend !== job.pend) {
      await runsOfFire.create(after, after.pend);
    }
    return { kind: 'fired', after };
  };

  /** What is due by now too has an alarm of its own, to which all but a plain fire is left. */
  const catchUp = async (first: Job): Promise<void> => {
    let job = first;
    for (let fires = 1; fires < MOST_IN_A_ROW; fires += 1) {
      if (job.next === undefined || now() < firesAt(job.next)) {
        return;
      }
      const fired = await fire(job);
      if (fired.kind !== 'fired') {
        return;
      }
      job = fired.after;
    }
  };

  const wait = (alarm: JobAlarm): Promise<void> => alarms.send({ ...alarm, dueAt: now() + WAIT_MS });

  /** Rule A5. False: the row was written meanwhile. */
  const fence = async (alarm: JobAlarm, job: Job): Promise<boolean> => {
    log.warn('An alarm waited in vain for its commit: the row is fenced', { key: alarm.key, g: alarm.g });
    return (await jobs.write(job, { ...job, version: job.version + 1 })).kind === 'done';
  };

  return async (alarm) => {
    const { id, n } = alarm.key;
    for (let round = 0; round < ROUNDS; round += 1) {
      // The first reading may be stale: what ends here is monotone, and every write conditional.
      const job = await jobs.get(id, round === 0 ? 'eventual' : 'consistent');
      let verdict = judgeOccurrence({ n, rev: alarm.g, armedAt: alarm.armedAt }, job, now());
      if (verdict === 'confirm') {
        verdict = (await jobRuns.atInstant(id, n)) === undefined ? patience(alarm.armedAt, now()) : 'done';
      }
      if (verdict === 'wait' && round === 0) {
        // A wait costs punctuality: not for a row that was only read too early.
        continue;
      }
      if (verdict === 'wait') {
        return wait(alarm);
      }
      if (job === undefined || verdict === 'done') {
        return;
      }
      if (verdict === 'create') {
        await runsOfFire.help(job, 'eventual', CREATE_WITHIN_MS);
        return;
      }
      if (verdict === 'look') {
        return sendOn(ports, alarm, firesAt(n));
      }
      if (verdict === 'fence') {
        if (await fence(alarm, job)) {
          return;
        }
        continue;
      }
      const fired = await fire(job);
      if (fired.kind === 'look') {
        return sendOn(ports, alarm, fired.at);
      }
      if (fired.kind === 'fired') {
        return catchUp(fired.after);
      }
    }
    throw new Error(`Job ${id} changed ${ROUNDS} times while its alarm looked at it`);
  };
};
