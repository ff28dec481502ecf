/** API D over the engine. */
import { createHash } from 'node:crypto';
import type { Engine, Idempotency, SubmitInput, SubmittedResult } from '../../../application/api.ts';
import { DEFAULT_TIMEOUT_MS, MAX_AHEAD_MS } from '../../../contracts/limits.ts';
import type { AuditDraft } from '../../../domain/identity/audit.ts';
import { isTerminal } from '../../../domain/run.ts';
import type { Handlers } from '../serve.ts';
import { createListTasks } from './list-tasks.ts';
import { createdTaskView, taskView } from './task-view.ts';

/** API D names neither: its tasks wait in the pool that every stack has, half-way between first (1) and last (10). */
const POOL = 'default';
const PRIORITY = 5;

/** The same request, however it was spaced and ordered at its top level, has the same fingerprint. */
const fingerprintOf = (request: Pick<SubmitInput, 'executeAt' | 'handler' | 'payload' | 'maxTries'>): string =>
  createHash('sha256')
    .update(JSON.stringify([request.executeAt, request.handler, request.payload, request.maxTries]))
    .digest('hex');

const NOT_CANCELLED = 'Task not found or cannot be cancelled';

export type TaskDependencies = {
  readonly engine: Pick<Engine, 'submitRun' | 'findSubmitted' | 'getRun' | 'cancelRun' | 'listRuns'>;
  /** Appends to the audit log. */
  readonly record: (draft: AuditDraft) => Promise<void>;
  /** Epoch ms. */
  readonly now: () => number;
};

export const taskHandlers = ({
  engine,
  record,
  now,
}: TaskDependencies): Pick<Handlers, 'createTask' | 'getTask' | 'cancelTask' | 'listTasks'> => {
  const replayOf = async (asked: Idempotency | undefined): Promise<SubmittedResult> =>
    asked === undefined ? { kind: 'unknown' } : engine.findSubmitted(asked);

  return {
    createTask: async ({ body, headers }, { principal }) => {
      const request = {
        executeAt: body.execute_at,
        handler: body.task_type,
        payload: JSON.stringify(body.payload),
        maxTries: body.max_attempts,
      };
      const key = headers['idempotency-key'];
      const idempotency =
        key === undefined ? undefined : { caller: principal.id, key, fingerprint: fingerprintOf(request) };
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

    cancelTask: async ({ params }, { principal, address, requestId }) => {
      const run = await engine.getRun(params.id);
      if (run === undefined || isTerminal(run.status)) {
        return { status: 404, error: NOT_CANCELLED };
      }
      // Before the cancel: nothing is cancelled unrecorded. After the look: made-up ids leave no entries.
      await record({
        at: now(),
        actor: principal.id,
        action: 'run.cancel',
        entity: `run:${params.id}`,
        address,
        requestId,
      });
      const result = await engine.cancelRun(params.id);
      return result.kind === 'cancelled'
        ? { status: 200, body: { task: taskView(result.run) } }
        : { status: 404, error: NOT_CANCELLED };
    },

    listTasks: createListTasks(engine),
  };
};
