/**
 * The pool without workers: its runs are executed by a function, so that webhooks need no fleet.
 *
 * To the rest of the control plane that function is one session that is always up and never out of credit. It reports
 * nothing, so a run tells by its own status how far it is: `dispatched` until the function takes it up, then `running`.
 */
import { deadline, type Run } from '../run.ts';
import type { Look } from '../run-decisions.ts';
import type { Session } from '../session.ts';
import { DISPATCH_WATCH_MS, LONGEST_LOOK_MS, TIMEOUT_GRACE_MS } from '../timing.ts';

export const FUNCTION_POOL = 'lambda';

/** What the function knows to execute: what needs no machine of its own. `group` does nothing and succeeds. */
export const FUNCTION_HANDLERS = ['http', 'http_callback', 'group'] as const;

/** What it executes for steps of flows alone: a message to an allowed queue, and the end of a wait. */
export const STEP_HANDLERS = ['queue', 'wait'] as const;

/**
 * The longest that it works on one run: what its time-out leaves. A run that may take longer belongs on a worker.
 * The function's own limit is 5 min (`lib/infrastructure`), of which some goes to waiting for the instant and to writing.
 */
export const FUNCTION_RUN_LIMIT_MS = 280_000;

export const FUNCTION_SESSION: Session = {
  pool: FUNCTION_POOL,
  shard: 0,
  id: 'function',
  st: 'up',
  name: FUNCTION_POOL,
  epoch: 0,
  handlers: FUNCTION_HANDLERS,
  tags: [],
  maxTasks: 1,
  limit: 1,
  q: 0,
  rep: 0,
  seen: 0,
  hbAt: 0,
  takeAt: 0,
  list: [],
  g: 0,
  fence: 0,
  createdAt: 0,
};

/** Its time on the run is over by then, however much the run may have: it may have died at it. */
const overAt = (run: Run): number =>
  deadline({ ...run, timeoutMs: Math.min(run.timeoutMs, FUNCTION_RUN_LIMIT_MS) }) + TIMEOUT_GRACE_MS;

/**
 * Nobody took up the order for so long, however often it was sent: the function is broken, or has far too much to do. The
 * run's own time does not count here, for it begins when the function does.
 */
const TAKEN_UP_WITHIN_MS = LONGEST_LOOK_MS;

/** Rule R3 for these runs: the queue may have lost the order, or the function died at the run. */
export const lookInFunction = (run: Run, now: number): Look => {
  const sentAt = Math.max(run.dispatchedAt ?? 0, run.dueAt);
  const giveUpAt = run.status === 'running' ? overAt(run) : sentAt + TAKEN_UP_WITHIN_MS;
  if (now >= giveUpAt) {
    return { do: 'time_out' };
  }
  // Each wait is as long as all before it: where thousands of orders queue up, their copies must not outnumber them.
  const wait = Math.max(DISPATCH_WATCH_MS, now - sentAt);
  return run.status === 'running'
    ? { do: 'wait', lookAt: giveUpAt }
    : { do: 'redeliver', lookAt: Math.min(giveUpAt, now + wait) };
};

export type FunctionEvidence =
  | { readonly do: 'wait'; readonly lookAt: number }
  | { readonly do: 'record'; readonly state: 'exited' | 'abandoned' };

/**
 * Rule R7 for these runs. What the function has begun it ends, and its result is the evidence; it is not interrupted. What
 * it has not begun it never will, for beginning is a change of the row that a final row refuses.
 */
export const lookForFunctionEvidence = (run: Run, now: number): FunctionEvidence => {
  if (run.startedAt === undefined) {
    return { do: 'record', state: 'exited' };
  }
  const lookAt = overAt(run);
  return now >= lookAt ? { do: 'record', state: 'abandoned' } : { do: 'wait', lookAt };
};
