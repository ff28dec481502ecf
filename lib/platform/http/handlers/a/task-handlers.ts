/** API A's tasks over the engine's runs, of both families. */
import type { Engine, ListResult, RunView, Settled } from '../../../../application/api.ts';
import type { Caller } from '../../../../application/identity/api.ts';
import { BAD_CURSOR } from '../../../../contracts/http/a/inputs.ts';
import type { TaskStatus } from '../../../../contracts/http/a/task.ts';
import { STATUS_MISSING, type TaskFields } from '../../../../contracts/http/a/task-inputs.ts';
import { MAX_AHEAD_MS } from '../../../../contracts/limits.ts';
import { isRunId } from '../../../../domain/ids.ts';
import { isTerminal } from '../../../../domain/run.ts';
import type { Handlers } from '../../serve.ts';
import { fitting } from '../fitting.ts';
import { fitPool } from '../function-pool.ts';
import { bad, busy, idempotencyOf, ok, pageOf, placeOf, REUSED, UNKNOWN } from './a-answers.ts';
import { type BulkTasksDependencies, createBulkTasks } from './bulk-tasks.ts';
import { createFindTasks } from './find-tasks.ts';
import { changedForm, fixedFieldOf, submitInputOf } from './task-input.ts';
import { createdTaskView, formOf, taskView } from './task-view.ts';
import { cutOutput, statusOf } from './task-words.ts';

export type CronjobTaskDependencies = BulkTasksDependencies & {
  readonly engine: { readonly jobs: Pick<Engine['jobs'], 'get'> } & Pick<
    Engine,
    'submitRun' | 'findSubmitted' | 'getRun' | 'settleRun' | 'noteRun'
  >;
};

type Ids =
  | 'createCronjobTask'
  | 'listCronjobTasks'
  | 'getCronjobTask'
  | 'putCronjobTask'
  | 'patchCronjobTask'
  | 'deleteCronjobTask'
  | 'updateTaskStatus'
  | 'updateTaskOutput'
  | 'cancelCronjobTask'
  | 'retryCronjobTask'
  | 'bulkCronjobTasks';

const ENDED = { status: 409, error: '任务已结束, 不能再改变状态' } as const;
const NOT_ENDED = { status: 409, error: '任务尚未结束: 请等待其结束, 或先取消' } as const;

/** The words that end a task. Any other is the work's to say, not a person's. */
const VERDICTS: Readonly<Partial<Record<TaskStatus, Settled>>> = {
  success: 'succeeded',
  failed: 'failed',
  error: 'error',
  timeout: 'timed_out',
  canceled: 'cancelled',
};

export const cronjobTaskHandlers = ({ engine, record, now }: CronjobTaskDependencies): Pick<Handlers, Ids> => {
  const { find, jobsOf } = createFindTasks({
    listRuns: (input) => engine.listRuns(input),
    jobs: { find: (input) => engine.jobs.find(input), describe: (ids) => engine.jobs.describe(ids) },
    workers: { get: (id) => engine.workers.get(id) },
  });
  const bulk = createBulkTasks({ engine, record, now }, find);

  const jobOf = async ({ job }: RunView) => (job === undefined ? undefined : engine.jobs.get(job));
  const view = async (run: RunView) => taskView(run, await jobOf(run));

  /** Before what it records: nothing is cancelled unrecorded. */
  const recordCancel = (id: string, { principal, address, requestId }: Caller, detail?: string): Promise<void> =>
    record({
      at: now(),
      actor: principal.id,
      action: 'run.cancel',
      entity: `run:${id}`,
      address,
      requestId,
      ...(detail === undefined ? {} : { detail }),
    });

  const change = async (id: string, given: TaskFields) => {
    const run = await engine.getRun(id);
    if (run === undefined) {
      return UNKNOWN;
    }
    const job = await jobOf(run);
    const task = taskView(run, job);
    const fixed = fixedFieldOf(given, task);
    if (fixed !== undefined) {
      return bad(`${fixed} 在任务创建后不能修改: 请取消任务后重新创建`);
    }
    const noted = await engine.noteRun(id, { task: changedForm(formOf(run, job), given, task) });
    return noted === undefined ? UNKNOWN : ok(200, taskView(noted, job));
  };

  return {
    createCronjobTask: async ({ body, headers }, caller) => {
      if (body.routing === 'broadcast') {
        return bad('routing 的 broadcast 只能用于定时任务');
      }
      const at = now();
      // A group is no work: it has no timeout to be cut, and its pool is not the client's choice.
      const input = submitInputOf(body, at);
      const fit = body.is_group === true ? input : fitPool(input);
      if ('error' in fit) {
        return { status: 400, ...fit };
      }
      if (input.executeAt > at + MAX_AHEAD_MS) {
        return bad('time_plan 最多可提前 10 年');
      }
      const tooLate = input.startBy <= at;
      if (!tooLate && input.startBy <= input.executeAt) {
        return bad('timeout_at 必须晚于 time_plan');
      }
      const asked = idempotencyOf(headers, caller, ['createCronjobTask', body]);
      // A repeat of a create that was accepted is answered as the first was, also when its time has passed meanwhile.
      const result = !tooLate
        ? await engine.submitRun(asked === undefined ? input : { ...input, idempotency: asked })
        : asked === undefined
          ? ({ kind: 'unknown' } as const)
          : await engine.findSubmitted(asked);
      switch (result.kind) {
        case 'created':
        case 'replayed':
          return ok(201, createdTaskView(result.run));
        case 'key_reused':
          return REUSED;
        case 'unknown':
          return bad('timeout_at 必须晚于当前时间');
      }
    },

    listCronjobTasks: async ({ query }) => {
      const { page: _1, page_size, cursor: _2, ordering, id, ...filters } = query;
      if (id !== undefined) {
        const run = isRunId(id) ? await engine.getRun(id) : undefined;
        const found = run === undefined || query.page > 1 ? [] : [await view(run)];
        return ok(200, pageOf(query, found, { total: run === undefined ? 0 : 1, partial: false }));
      }
      const read = (limit: number): Promise<ListResult> =>
        find(filters, ordering, { limit, from: placeOf(query) }, undefined);
      const page = await fitting(page_size, read, async (found) => {
        const known = await jobsOf(found.runs);
        return found.runs.map((run) => taskView(run, run.job === undefined ? undefined : known.get(run.job)));
      });
      return page.kind === 'bad_cursor'
        ? { status: 400, error: BAD_CURSOR }
        : ok(200, pageOf(query, [...page.items], page.of));
    },

    getCronjobTask: async ({ params }) => {
      const run = await engine.getRun(params.id);
      return run === undefined ? UNKNOWN : ok(200, await view(run));
    },

    putCronjobTask: ({ params, body }) => change(params.id, body),

    patchCronjobTask: ({ params, body }) => change(params.id, body),

    deleteCronjobTask: async ({ params: { id } }, caller) => {
      const run = await engine.getRun(id);
      if (run === undefined) {
        return UNKNOWN;
      }
      if (!isTerminal(run.status)) {
        await recordCancel(id, caller, 'deleted');
        await engine.cancelRun(id);
      }
      const hidden = await engine.noteRun(id, { hidden: true });
      return hidden === undefined ? UNKNOWN : ok(200, { message: '任务删除成功' as const });
    },

    updateTaskStatus: async ({ params: { id }, query, body }, caller) => {
      const word = body.status ?? query.status;
      if (word === undefined) {
        return { status: 400, error: STATUS_MISSING };
      }
      const run = await engine.getRun(id);
      if (run === undefined) {
        return UNKNOWN;
      }
      if (isTerminal(run.status)) {
        return ENDED;
      }
      const done = ok(200, { success: true, message: '任务状态更新成功' } as const);
      const present = statusOf(run);
      if (word === present) {
        return done;
      }
      const refused = { status: 409, error: `任务不能从 ${present} 变为 ${word}` } as const;
      const verdict = VERDICTS[word];
      if (verdict === undefined) {
        return refused;
      }
      await recordCancel(id, caller, `settled as ${word}`);
      const result = await engine.settleRun(id, verdict);
      switch (result.kind) {
        case 'settled':
          return done;
        case 'not_found':
          return UNKNOWN;
        case 'illegal':
          return isTerminal(result.status) ? ENDED : refused;
      }
    },

    updateTaskOutput: async ({ params, body }) => {
      const noted = await engine.noteRun(params.id, { notedOutput: cutOutput(body.output) });
      return noted === undefined ? UNKNOWN : ok(200, { success: true, message: '任务输出更新成功' } as const);
    },

    cancelCronjobTask: async ({ params: { id } }, caller) => {
      const run = await engine.getRun(id);
      if (run === undefined) {
        return UNKNOWN;
      }
      if (isTerminal(run.status)) {
        return ENDED;
      }
      await recordCancel(id, caller);
      const result = await engine.cancelRun(id);
      switch (result.kind) {
        case 'cancelled':
          return ok(200, await view(result.run));
        case 'not_found':
          return UNKNOWN;
        case 'already_ended':
          return ENDED;
      }
    },

    retryCronjobTask: async ({ params: { id }, headers }, caller) => {
      const result = await engine.retryRun(id, idempotencyOf(headers, caller, ['retryCronjobTask', id]));
      switch (result.kind) {
        case 'created':
        case 'replayed':
          return ok(201, createdTaskView(result.run, await jobOf(result.run)));
        case 'key_reused':
          return REUSED;
        case 'not_found':
          return UNKNOWN;
        case 'not_ended':
          return NOT_ENDED;
        case 'disabled':
          return bad('定时任务已禁用或已删除: 请先启用');
        case 'busy':
          return busy(result.run);
      }
    },

    bulkCronjobTasks: async ({ body }, caller) => {
      const result = await bulk(body, caller);
      return result === 'bad_cursor' ? { status: 400, error: BAD_CURSOR } : ok(200, result);
    },
  };
};
