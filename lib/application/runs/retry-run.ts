import { isTerminal, type Run } from '../../domain/run.ts';
import type { Engine, Idempotency, RetryResult, SubmitInput } from '../api.ts';
import type { Jobs } from '../jobs/api.ts';
import type { Ports } from '../ports/index.ts';
import type { ViewRun } from './view-run.ts';

type Tools = {
  readonly viewRun: ViewRun;
  readonly submitRun: Engine['submitRun'];
  readonly retryOfJob: Jobs['retry'];
};

/** What of a run its repetition has in common with it. Its end is its own. */
const workOf = ({ handler, pool, priority, maxTries, timeoutMs, needs, routing, task }: Run) => ({
  handler,
  pool,
  priority,
  maxTries,
  timeoutMs,
  ...(needs === undefined ? {} : { needs }),
  ...(routing === undefined ? {} : { routing }),
  ...(task === undefined ? {} : { task }),
});

/**
 * Does the work of a run that has ended again, as a new run. What was submitted is submitted anew, and may be begun within the
 * time that the first had for it. The run of a job is started by hand once more, with the version of the specification that
 * it had: its policy sees both, so `forbid` refuses it while another run of the job goes on.
 */
export const createRetryRun = (
  { runs, now }: Pick<Ports, 'runs' | 'now'>,
  { viewRun, submitRun, retryOfJob }: Tools,
): Engine['retryRun'] => {
  const retryJobs = async (
    run: Run & { readonly job: string },
    idempotency: Idempotency | undefined,
  ): Promise<RetryResult> => {
    const result = await retryOfJob(run, idempotency);
    switch (result.kind) {
      case 'started':
        return { kind: 'created', run: result.run };
      case 'replayed':
        return { kind: 'replayed', run: result.run };
      case 'not_found':
        return { kind: 'disabled' };
      default:
        return result;
    }
  };

  return async (id, idempotency) => {
    const row = await runs.get(id, 'consistent');
    if (row === undefined || row.hidden) {
      return { kind: 'not_found' };
    }
    if (!isTerminal(row.status)) {
      return { kind: 'not_ended' };
    }
    const { job } = row;
    if (job !== undefined) {
      return retryJobs({ ...row, job }, idempotency);
    }
    const { payload } = await viewRun(row);
    const at = now();
    const input: SubmitInput = {
      ...workOf(row),
      executeAt: at,
      payload,
      ...(row.startBy === undefined ? {} : { startBy: at + Math.max(0, row.startBy - row.executeAt) }),
      ...(idempotency === undefined ? {} : { idempotency }),
    };
    return submitRun(input);
  };
};
