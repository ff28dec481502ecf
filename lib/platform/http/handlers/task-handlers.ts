/** API D over the engine. */
import { createHash } from 'node:crypto';
import type { Engine, Idempotency, SubmitInput, SubmittedResult } from '../../../application/api.ts';
import { DEFAULT_TIMEOUT_MS, MAX_AHEAD_MS } from '../../../contracts/limits.ts';
import type { Handlers } from '../serve.ts';
import { createListTasks } from './list-tasks.ts';
import { createdTaskView, taskView } from './task-view.ts';

/** API D names neither: its tasks wait in the pool that every stack has, half-way between first (1) and last (10). */
const POOL = 'default';
const PRIORITY = 5;
/** API D knows no callers, so all of them share one space of idempotency keys. */
const CALLER = 'anonymous';

/** The same request, however it was spaced and ordered at its top level, has the same fingerprint. */
const fingerprintOf = (request: Pick<SubmitInput, 'executeAt' | 'handler' | 'payload' | 'maxTries'>): string =>
  createHash('sha256')
    .update(JSON.stringify([request.executeAt, request.handler, request.payload, request.maxTries]))
    .digest('hex');

export type TaskDependencies = {
  readonly engine: Pick<Engine, 'submitRun' | 'findSubmitted' | 'getRun' | 'cancelRun' | 'listRuns'>;
  /** Epoch ms. */
  readonly now: () => number;
};

export const taskHandlers = ({
  engine,
  now,
}: TaskDependencies): Pick<Handlers, 'createTask' | 'getTask' | 'cancelTask' | 'listTasks'> => {
  const replayOf = async (asked: Idempotency | undefined): Promise<SubmittedResult> =>
    asked === undefined ? { kind: 'unknown' } : engine.findSubmitted(asked);

  return {
    createTask: async ({ body, headers }) => {
      const request = {
        executeAt: body.execute_at,
        handler: body.task_type,
        payload: JSON.stringify(body.payload),
        maxTries: body.max_attempts,
      };
      const key = headers['idempotency-key'];
      const idempotency = key === undefined ? undefined : { caller: CALLER, key, fingerprint: fingerprintOf(request) };
      const aheadMs = body.execute_at - now();
      if (aheadMs > MAX_AHEAD_MS) {
        return { status: 400, error: 'execute_at must be at most 10 years ahead' };
      }
      const past = aheadMs <= 0;
      const submitted = { pool: POOL, priority: PRIORITY, timeoutMs: DEFAULT_TIMEOUT_MS, ...request };
      // A repeat of a create that was accepted is answered as the first was, also when its instant has passed meanwhile.
      const result = past
        ? await replayOf(idempotency)
        : await engine.submitRun(idempotency === undefined ? submitted : { ...submitted, idempotency });
      switch (result.kind) {
        case 'created':
        case 'replayed':
          return { status: 201, body: { task: createdTaskView(result.run) } };
        case 'key_reused':
          return { status: 409, error: 'This Idempotency-Key was used for another task: use a new key for a new task' };
        case 'unknown':
          return { status: 400, error: 'execute_at must be in the future' };
      }
    },

    getTask: async ({ params }) => {
      const run = await engine.getRun(params.id);
      return run ? { status: 200, body: { task: taskView(run) } } : { status: 404, error: 'Task not found' };
    },

    cancelTask: async ({ params }) => {
      const result = await engine.cancelRun(params.id);
      return result.kind === 'cancelled'
        ? { status: 200, body: { task: taskView(result.run) } }
        : { status: 404, error: 'Task not found or cannot be cancelled' };
    },

    listTasks: createListTasks(engine),
  };
};
