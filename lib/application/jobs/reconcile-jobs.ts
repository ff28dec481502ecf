import type { Job } from '../../domain/job/job.ts';
import { brokenAt, isOverdue } from '../../domain/job/reconcile.ts';
import { arm } from '../alarms/arm.ts';
import type { Ports } from '../ports/index.ts';
import type { Jobs } from './api.ts';
import { inBatches } from './in-batches.ts';
import type { RunsOfFire } from './runs-of-fire.ts';

const PAGE = 100;

/** Rule J6: the row wins. Active jobs whose alarm was lost are armed again, runs that a crash left out are created. */
export const createReconcileJobs = (ports: Ports, runsOfFire: RunsOfFire): Jobs['reconcile'] => {
  const { jobs, log, now } = ports;

  const repair = async (job: Job): Promise<number> => {
    let repaired = 0;
    const n = brokenAt(job, now());
    if (n !== undefined) {
      // Due now: another time than the lost alarm's, so its name is another one too (rule A4).
      await arm(ports, { kind: 'job', id: job.id, n }, job.rev, now());
      log.warn('The chain of a job had no alarm: armed again', { job: job.id, n });
      repaired += 1;
    }
    if (isOverdue(job, now())) {
      const { missed } = await runsOfFire.help(job, 'eventual');
      if (missed > 0) {
        log.warn('A fire had no run: created', { job: job.id, n: job.pend?.n });
        repaired += missed;
      }
    }
    return repaired;
  };

  /** One that cannot be repaired must not keep all behind it from being looked at: the next turn tries again. */
  const tryToRepair = async (job: Job): Promise<number> => {
    try {
      return await repair(job);
    } catch (error) {
      log.error('A job could not be repaired', { job: job.id, error });
      return 0;
    }
  };

  return async (cursor) => {
    const page = await jobs.list({
      ...{ index: { by: 'state', state: 'active' }, descending: false, limit: PAGE },
      ...(cursor === undefined ? {} : { cursor }),
    });
    if ('bad' in page) {
      throw new Error('The cursor of the reconciliation cannot be read: begin without one');
    }
    const repaired = await inBatches(await jobs.getMany(page.ids), tryToRepair);
    return {
      repaired: repaired.reduce((sum, count) => sum + count, 0),
      ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
    };
  };
};
