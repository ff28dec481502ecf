/**
 * The pool that a function serves, without workers: a request for what the function cannot execute is refused, because it would
 * only fail later; and a run lasts there no longer than the function works on one, which the answer says.
 */
import type { JobPatch, JobView } from '../../../application/jobs/api.ts';
import { badRequest } from '../../../contracts/http/c-inputs.ts';
import { FUNCTION_HANDLERS, FUNCTION_POOL, FUNCTION_RUN_LIMIT_MS } from '../../../domain/fleet/function-pool.ts';

type Work = { readonly pool: string; readonly handler: string; readonly timeoutMs: number };
type Refused = { readonly error: string };

const refusalOf = ({ pool, handler }: Omit<Work, 'timeoutMs'>): Refused | undefined =>
  pool !== FUNCTION_POOL || FUNCTION_HANDLERS.some((name) => name === handler)
    ? undefined
    : {
        error: badRequest(
          `pool ${FUNCTION_POOL} 没有工作节点, 只能执行 ${FUNCTION_HANDLERS.join(', ')}: 请为 ${handler} 选择有工作节点的 pool`,
        ),
      };

const limited = ({ pool, timeoutMs }: Omit<Work, 'handler'>): number =>
  pool === FUNCTION_POOL ? Math.min(timeoutMs, FUNCTION_RUN_LIMIT_MS) : timeoutMs;

/** @returns what is to be created, with the timeout that it will have */
export const fitPool = <T extends Work>(wanted: T): T | Refused =>
  refusalOf(wanted) ?? { ...wanted, timeoutMs: limited(wanted) };

/** @returns the change, with the timeout that the job will have. What it does not touch is left as it is. */
export const fitPoolOf = (job: Pick<JobView, keyof Work>, patch: JobPatch): JobPatch | Refused => {
  const { pool = job.pool, handler = job.handler, timeoutMs = job.timeoutMs } = patch;
  const isMoved = patch.pool !== undefined || patch.handler !== undefined;
  const refused = isMoved ? refusalOf({ pool, handler }) : undefined;
  if (refused !== undefined) {
    return refused;
  }
  const most = limited({ pool, timeoutMs });
  return most === timeoutMs ? patch : { ...patch, timeoutMs: most };
};
