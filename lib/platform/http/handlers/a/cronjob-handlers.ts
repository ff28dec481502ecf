/** API A's cron jobs over the engine's jobs. */
import type { Engine } from '../../../../application/api.ts';
import type { ChangeJobResult, Jobs, JobView, ListJobsInput } from '../../../../application/jobs/api.ts';
import type { JobIndex } from '../../../../application/ports/index.ts';
import type { CronjobFields } from '../../../../contracts/http/a/cronjob-inputs.ts';
import { BAD_CURSOR, MOST_IN_BULK } from '../../../../contracts/http/a/inputs.ts';
import { DEFAULT_SETTINGS, resolveSettings } from '../../../../contracts/http/job-settings.ts';
import type { AuditDraft } from '../../../../domain/identity/audit.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import type { Handlers } from '../../serve.ts';
import { fitPool, fitPoolOf } from '../function-pool.ts';
import { bad, busy, idempotencyOf, instantOrNull, ok, REUSED, TAKEN, UNKNOWN } from './a-answers.ts';
import { jobInputOf, jobPatchOf, withPutDefaults } from './cronjob-input.ts';
import { backfillView, bulkView, cronjobView, ledgerView } from './cronjob-view.ts';
import { createListCronjobs } from './list-cronjobs.ts';
import { createdTaskView } from './task-view.ts';

export type CronjobDependencies = {
  readonly engine: { readonly jobs: Omit<Engine['jobs'], 'ring' | 'reconcile'> };
  /** Appends to the audit log. */
  readonly record: (draft: AuditDraft) => Promise<void>;
  /** Epoch ms. */
  readonly now: () => number;
};

type Ids =
  | 'createCronjob'
  | 'listCronjobs'
  | 'getCronjob'
  | 'getCronjobByName'
  | 'putCronjob'
  | 'patchCronjob'
  | 'deleteCronjob'
  | 'toggleCronjob'
  | 'validateExpression'
  | 'executeCronjob'
  | 'readLedger'
  | 'startBackfill'
  | 'listBackfills'
  | 'cancelBackfill'
  | 'bulkCronjobs';

const DAY_MS = 86_400_000;

/** What the index of a bulk command leaves to be looked at. Without any, each page is one of the index, and costs no more. */
const matchesOf = (category: string | undefined, contained: string | undefined): Pick<ListJobsInput, 'matches'> =>
  category === undefined && contained === undefined
    ? {}
    : {
        matches: (job) =>
          (category === undefined || job.category === category) &&
          (contained === undefined || job.name.includes(contained)),
      };

const changed = (result: ChangeJobResult) => {
  switch (result.kind) {
    case 'changed':
      return ok(200, cronjobView(result.job));
    case 'not_found':
      return UNKNOWN;
    case 'name_taken':
      return TAKEN;
    case 'bad_schedule':
      return bad(`time: ${result.problem}`);
  }
};

export const cronjobHandlers = ({ engine, record, now }: CronjobDependencies): Pick<Handlers, Ids> => {
  /** Loaded when a request comes: an engine may be put together after its handlers. */
  const jobsOf = (): Omit<Jobs, 'ring' | 'reconcile'> => engine.jobs;

  const find = async (id: string): Promise<JobView | undefined> => {
    const job = await jobsOf().get(id);
    return job?.state === 'deleted' ? undefined : job;
  };
  const change = async (id: string, given: CronjobFields, by: string) => {
    const job = await find(id);
    if (job === undefined) {
      return UNKNOWN;
    }
    const patch = fitPoolOf(job, jobPatchOf(job, given, now()));
    return 'error' in patch ? ({ status: 400, ...patch } as const) : changed(await jobsOf().change(id, patch, by));
  };

  return {
    createCronjob: async ({ body, headers }, caller) => {
      const asked = idempotencyOf(headers, caller, ['createCronjob', body]);
      const input = fitPool(jobInputOf(body));
      if ('error' in input) {
        return { status: 400, ...input };
      }
      const result = await jobsOf().create(input, caller.principal.id, asked);
      switch (result.kind) {
        case 'created':
        case 'replayed':
          return ok(201, cronjobView(result.job));
        case 'name_taken':
          return TAKEN;
        case 'key_reused':
          return REUSED;
        case 'bad_schedule':
          return bad(`time: ${result.problem}`);
      }
    },

    listCronjobs: (input, caller) => createListCronjobs(jobsOf())(input, caller),

    getCronjob: async ({ params }) => {
      const job = await find(params.id);
      return job === undefined ? UNKNOWN : ok(200, cronjobView(job));
    },

    getCronjobByName: async ({ params }) => {
      const job = await jobsOf().findByName(params.project, params.name);
      return job === undefined ? UNKNOWN : ok(200, cronjobView(job));
    },

    putCronjob: ({ params, body }, { principal }) => change(params.id, withPutDefaults(body), principal.id),

    patchCronjob: ({ params, body }, { principal }) => change(params.id, body, principal.id),

    deleteCronjob: async ({ params }, { principal }) =>
      (await jobsOf().remove(params.id, principal.id)) === 'removed'
        ? ok(200, { message: '定时任务删除成功' as const })
        : UNKNOWN,

    toggleCronjob: async ({ params }, { principal }) => {
      const job = await find(params.id);
      if (job === undefined) {
        return UNKNOWN;
      }
      const state = job.state === 'active' ? 'paused' : 'active';
      const result = await jobsOf().change(job.id, { state }, principal.id);
      if (result.kind === 'changed') {
        return ok(200, cronjobView(result.job));
      }
      return result.kind === 'bad_schedule' ? bad(`time: ${result.problem}`) : UNKNOWN;
    },

    validateExpression: ({ body }) => {
      const { schedule } = resolveSettings(body, DEFAULT_SETTINGS.A);
      const reading = jobsOf().read({ expression: body.expr, ...schedule });
      const [next] = reading.kind === 'valid' ? reading.next : [];
      if (reading.kind === 'invalid' || next === undefined) {
        return bad(`expr: ${reading.kind === 'invalid' ? reading.problem : 'it never fires'}`);
      }
      return ok(200, {
        valid: true,
        expression: body.expr,
        next_execution_time: formatInstant(next),
        next_execution_times: reading.next.map(formatInstant),
        description: reading.words,
        warnings: [...reading.warnings],
      });
    },

    executeCronjob: async ({ params: { id }, headers }, caller) => {
      const result = await jobsOf().trigger(id, idempotencyOf(headers, caller, ['executeCronjob', id]));
      switch (result.kind) {
        case 'started':
        case 'replayed':
          return ok(201, createdTaskView(result.run, await find(id)));
        case 'key_reused':
          return REUSED;
        case 'not_found':
          return UNKNOWN;
        case 'disabled':
          return bad('定时任务已禁用: 请先启用');
        case 'busy':
          return busy(result.run);
      }
    },

    readLedger: async ({ params, query }) => {
      const to = query.to ?? now();
      const from = query.from ?? to - DAY_MS;
      if (from >= to) {
        return bad('from 必须早于 to');
      }
      const { limit } = query;
      const entries = await jobsOf().ledger(params.id, { from, to, limit: limit + 1 });
      const further = entries?.[limit];
      return entries === undefined
        ? UNKNOWN
        : ok(200, {
            from: formatInstant(from),
            to: formatInstant(to),
            entries: entries.slice(0, limit).map(ledgerView),
            ...(further === undefined ? {} : { next_from: formatInstant(further.n) }),
          });
    },

    startBackfill: async ({ params, body }, { principal }) => {
      const { from, to, parallel = 1, dry_run: dryRun = false } = body;
      const result = await jobsOf().backfill(params.id, { from, to, parallel, dryRun }, principal.id);
      switch (result.kind) {
        case 'planned':
          return ok(200, {
            dry_run: true,
            total: result.total,
            first: instantOrNull(result.first),
            last: instantOrNull(result.last),
          });
        case 'started':
          return ok(201, backfillView(result.backfill));
        case 'not_found':
          return UNKNOWN;
        case 'no_schedule':
          return bad('定时任务没有 cron 表达式: 无法回填');
        case 'nothing_to_do':
          return bad('此时间范围内没有需要回填的计划: 请扩大范围');
        case 'too_many':
          return bad(`此时间范围内的计划超过 ${result.most} 次: 请缩小范围`);
      }
    },

    listBackfills: async ({ params }) => {
      const backfills = await jobsOf().listBackfills(params.id);
      return backfills === undefined ? UNKNOWN : ok(200, { results: backfills.map(backfillView) });
    },

    cancelBackfill: async ({ params }, { principal, address, requestId }) => {
      const backfills = await jobsOf().listBackfills(params.id);
      if (!backfills?.some(({ id }) => id === params.backfill)) {
        return UNKNOWN;
      }
      // Before the cancel: nothing is cancelled unrecorded. After the look: made-up ids leave no entries.
      await record({
        at: now(),
        actor: principal.id,
        action: 'run.cancel',
        entity: `backfill:${params.backfill}`,
        address,
        requestId,
      });
      const cancelled = await jobsOf().cancelBackfill(params.id, params.backfill);
      return cancelled === undefined ? UNKNOWN : ok(200, backfillView(cancelled));
    },

    bulkCronjobs: async ({ body }, { principal }) => {
      const state = body.action === 'pause' ? 'paused' : 'active';
      const { ids, project, category, name__contains } = body;
      /** At most so many as one call changes, so there is no cursor of the engine's own. */
      const changeAll = async (some: readonly string[], cursor?: string) => {
        const done = await jobsOf().setStates({ ids: some }, state, principal.id);
        return done.kind === 'bad_cursor'
          ? ({ status: 400, error: BAD_CURSOR } as const)
          : ok(200, bulkView({ ...done, ...(cursor === undefined ? {} : { cursor }) }));
      };
      if (ids !== undefined) {
        return changeAll(ids);
      }
      const index: JobIndex =
        project !== undefined
          ? { by: 'project', project }
          : category !== undefined
            ? { by: 'category', category }
            : { by: 'creation' };
      const page = await jobsOf().find({
        index,
        descending: true,
        ...matchesOf(project === undefined ? undefined : category, name__contains),
        limit: MOST_IN_BULK,
        from: body.cursor === undefined ? { offset: 0 } : { cursor: body.cursor },
      });
      if (page.kind === 'bad_cursor') {
        return { status: 400, error: BAD_CURSOR };
      }
      return changeAll(
        page.jobs.map(({ id }) => id),
        page.cursor,
      );
    },
  };
};
