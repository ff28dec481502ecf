/** A start by hand goes through the same write as a fire (rule J4), so neither overtakes the other. So does a retry. */
import type { Run } from '../run.ts';
import { isByHand } from './chain.ts';
import { pickDefined } from './fields.ts';
import { asksForWorkers, pendBase, type Surroundings, withFire } from './fire.ts';
import type { Job, Pending } from './job.ts';

/**
 * By when a start by hand is looked at once more: its commit has come by then, or comes too late to succeed (rule W2). Nothing
 * else watches it where the job has no schedule.
 */
export const CONFIRM_AFTER_MS = 30_000;

/** The first instant from `from` on that no occurrence of a schedule can have. */
export const instantByHand = (from: number): number => (isByHand(from) ? from : from + 1);

/** A run of the job whose work is to be done again: by the version of the specification that it had, by its worker of a broadcast. */
export type Again = Pick<Run, 'spec' | 'needs' | 'broadcast'>;

/** Why nothing may be started: `busy`, because of `forbid` and a run that has not ended. */
export type Refusal = 'disabled' | 'busy';

/** Whether a start has to know who is there: a retry goes where the first went. */
export const startAsksForWorkers = (job: Job, again: Again | undefined): boolean =>
  again === undefined && asksForWorkers(job);

const isBusy = ({ policy, last }: Job, { lastEnded }: Pick<Surroundings, 'lastEnded'>): boolean =>
  policy.concurrency !== 'allow' && last !== undefined && !lastEnded;

export const refusalOf = (job: Job, around: Pick<Surroundings, 'lastEnded'>): Refusal | undefined => {
  if (job.state === 'disabled' || job.state === 'deleted') {
    return 'disabled';
  }
  return job.policy.concurrency === 'forbid' && isBusy(job, around) ? 'busy' : undefined;
};

/** What of a fire a retry takes over from the run that it repeats. */
const asBefore = ({ spec, needs, broadcast }: Again): Partial<Pending> =>
  pickDefined({
    spec,
    workers: broadcast === undefined ? undefined : needs?.workers,
    place: broadcast,
  });

/**
 * The job's row with the start in it, where {@link refusalOf} has nothing against it.
 * @param asked.instant free, and made by {@link instantByHand}
 */
export const startByHand = (
  job: Job,
  asked: { readonly instant: number; readonly again?: Again | undefined; readonly keyed?: string | undefined },
  now: number,
  around: Surroundings,
): { readonly after: Job; readonly pend: Pending } => {
  const { instant, again, keyed } = asked;
  const pend: Pending = {
    ...pendBase(job, again === undefined ? around : { workers: [] }),
    ...(again === undefined ? {} : asBefore(again)),
    n: instant,
    at: now,
    executeAt: instant,
    trigger: again === undefined ? 'manual' : 'retry',
    ...pickDefined({ keyed, replaces: isBusy(job, around) ? job.last : undefined }),
  };
  return { after: withFire(job, pend, now), pend };
};
