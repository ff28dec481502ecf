/** How long a step may take. */
import { FUNCTION_POOL, FUNCTION_RUN_LIMIT_MS } from '../fleet/function-pool.ts';
import { MAX_WAIT_MS } from './config.ts';
import type { StepType, Work } from './flow.ts';
import { poolOf } from './to-work.ts';

const DAY_MS = 86_400_000;
/** As long as a run of a job may last (API A's `timeout`). */
const MAX_RUN_MS = 30 * DAY_MS;

const DEFAULTS_MS: Readonly<Record<StepType, number>> = {
  http: 30_000,
  rpc: 30_000,
  queue: 30_000,
  worker: 300_000,
  flow: 30 * DAY_MS,
  wait: 30 * DAY_MS,
};

type Executed = Pick<Work, 'type' | 'config'>;

/** Nobody executes it: it lasts until somebody says how it ended. */
const isWaiting = ({ type }: Executed): boolean => type === 'flow' || type === 'wait';

export const longestTimeoutMs = (work: Executed): number => {
  if (isWaiting(work)) {
    return MAX_WAIT_MS;
  }
  return poolOf(work) === FUNCTION_POOL ? FUNCTION_RUN_LIMIT_MS : MAX_RUN_MS;
};

export const defaultTimeoutMs = (work: Executed): number => Math.min(DEFAULTS_MS[work.type], longestTimeoutMs(work));
