/** The runs that a fire stands for: their ids, and what each of them is asked to be. */
import { makeJobRunId, parseJobRunId } from '../ids.ts';
import type { RunRequest } from '../run-decisions.ts';
import { pickDefined } from './fields.ts';
import type { Job, JobSpec, Pending } from './job.ts';

/**
 * How long after a fire others look whether its run is there (rule J1). A handler lives for 30 s and its message comes back
 * for half an hour; after an hour nobody is at it any more, and looking would only cost.
 */
export const HELP_WITHIN_MS = 60 * 60_000;

/**
 * How long after a fire its own alarm creates the run. Runs are kept for a day at the least (rule J5), so one that is missing
 * by then was never there; later it may have been there and gone, and would be executed a second time (hole H27).
 */
export const CREATE_WITHIN_MS = 12 * 60 * 60_000;

/** Ids of the runs of a fire: one, or one for each worker of a broadcast. */
export const runIdsOf = (job: string, { n, workers }: Pick<Pending, 'n' | 'workers'>): readonly string[] =>
  workers === undefined
    ? [makeJobRunId({ job, instant: n })]
    : workers.map((_, index) => makeJobRunId({ job, instant: n, index }));

/** What `last` says of a fire: its run, of a broadcast the last of its runs. The others follow from it. */
export const lastIdOf = (job: string, pend: Pick<Pending, 'n' | 'workers'>): string =>
  runIdsOf(job, pend).at(-1) ?? makeJobRunId({ job, instant: pend.n });

/** All runs of the fire that a job's `last` stands for. */
export const runIdsOfLast = (last: string): readonly string[] => {
  const parsed = parseJobRunId(last);
  if (parsed?.index === undefined) {
    return [last];
  }
  const { job, instant, index } = parsed;
  return Array.from({ length: index + 1 }, (_, at) => makeJobRunId({ job, instant, index: at }));
};

/** What of a specification its runs' rows hold; the payload stays with the specification. */
export type RunSpec = Omit<JobSpec, 'payload' | 'metadata'> & { readonly payloadBytes: number };

/** When a run of this fire must have begun. A start by hand is asked for now, so nothing keeps it waiting for its turn. */
const startByOf = ({ trigger, executeAt }: Pending, deadlineMs: number | undefined): number | undefined =>
  trigger !== 'schedule' || deadlineMs === undefined ? undefined : executeAt + deadlineMs;

/** What the runs of a fire are asked to be, in the order of {@link runIdsOf}. */
export const requestsOf = (
  job: Pick<Job, 'id' | 'policy' | 'saveLog'>,
  pend: Pending,
  spec: RunSpec,
): readonly RunRequest[] => {
  const { handler, pool, priority, maxTries, timeoutMs, needs, strategy, payloadBytes } = spec;
  const total = pend.workers?.length ?? 1;
  return runIdsOf(job.id, pend).map((id, index) => {
    const worker = pend.workers?.[index];
    // Where nobody is there for a broadcast, the run waits for any worker; and the default needs no word on every row.
    const routed = strategy !== 'least_loaded' && strategy !== 'broadcast';
    return {
      ...{ id, handler, pool, priority, maxTries, timeoutMs, payloadBytes },
      executeAt: pend.executeAt,
      job: job.id,
      spec: pend.spec,
      trigger: pend.trigger,
      ...pickDefined({
        startBy: startByOf(pend, job.policy.deadlineMs),
        needs: worker === undefined ? needs : { ...needs, workers: [worker] },
        routing: routed ? { strategy, ...(strategy === 'round_robin' ? { turn: pend.turn } : {}) } : undefined,
        broadcast: worker === undefined ? undefined : (pend.place ?? { index, total }),
        unsaved: job.saveLog ? undefined : (true as const),
        keyed: pend.keyed,
      }),
    };
  });
};
