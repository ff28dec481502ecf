/** API B's tasks over jobs. */
import { createHash } from 'node:crypto';
import type { Engine } from '../../../../application/api.ts';
import type { BulkFilter, ListJobsInput } from '../../../../application/jobs/api.ts';
import { BAD_CURSOR } from '../../../../contracts/http/a/inputs.ts';
import { badRequest } from '../../../../contracts/http/c-inputs.ts';
import type { JobState } from '../../../../domain/job/job.ts';
import type { Handlers } from '../../serve.ts';
import { answerWith } from '../c-answers.ts';
import { fitPool, fitPoolOf } from '../function-pool.ts';
import { jobSearchOf } from '../job-search.ts';
import { isRefused, jobInputOf, jobPatchOf } from './job-input.ts';
import { jobView } from './job-view.ts';
import { fromOf, KEY_REUSED, NOTHING, pageView, UNKNOWN_TASK } from './page-view.ts';
import { runView } from './run-view.ts';

export type JobDependencies = {
  readonly engine: Pick<Engine, 'jobs' | 'listRuns'>;
  /** Epoch ms. */
  readonly now: () => number;
};

const RECENT_RUNS = 10;

const NAME_TAKEN = { status: 409, error: '任务名称已存在: 请换一个 name' } as const;
const badSchedule = (problem: string) => ({ status: 400, error: badRequest(`schedule 无效, ${problem}`) }) as const;

/** Exactly one of them is given: the contract sees to that. */
const bulkFilterOf = (filter: {
  readonly ids?: readonly number[] | undefined;
  readonly status?: JobState | undefined;
  readonly project?: string | undefined;
  readonly category?: string | undefined;
}): BulkFilter => {
  const { ids, status, project, category } = filter;
  if (ids !== undefined) {
    return { ids: ids.map(String) };
  }
  if (status !== undefined) {
    return { index: { by: 'state', state: status } };
  }
  if (project !== undefined) {
    return { index: { by: 'project', project } };
  }
  return { index: category === undefined ? { by: 'creation' } : { by: 'category', category } };
};

export const jobHandlers = ({
  engine,
  now,
}: JobDependencies): Pick<Handlers, 'createJob' | 'listJobs' | 'getJob' | 'updateJob' | 'deleteJob' | 'changeJobs'> => {
  const { jobs } = engine;

  return {
    createJob: async ({ body, headers }, { principal }) => {
      const built = jobInputOf(body);
      const input = isRefused(built) ? built : fitPool(built);
      if (isRefused(input)) {
        return { status: 400, ...input };
      }
      const key = headers['idempotency-key'];
      const fingerprint = createHash('sha256').update(JSON.stringify(input)).digest('hex');
      const created = await jobs.create(
        input,
        principal.id,
        key === undefined ? undefined : { caller: principal.id, key, fingerprint },
      );
      switch (created.kind) {
        case 'created':
        case 'replayed':
          return answerWith(201, '创建成功', jobView(created.job), now());
        case 'name_taken':
          return NAME_TAKEN;
        case 'key_reused':
          return KEY_REUSED;
        case 'bad_schedule':
          return badSchedule(created.problem);
      }
    },

    listJobs: async ({ query }) => {
      const search = query.search === undefined ? undefined : jobSearchOf(query.search);
      if (query.search !== undefined && search === undefined) {
        return answerWith(200, '获取成功', pageView([], query, NOTHING), now());
      }
      const { status } = query;
      const asked: Pick<ListJobsInput, 'index' | 'matches'> =
        search === undefined
          ? { index: status === undefined ? { by: 'creation' } : { by: 'state', state: status } }
          : {
              index: { by: 'word', prefix: search.prefix },
              matches: (job) => (status === undefined || job.state === status) && search.matches(job),
            };
      const found = await jobs.list({ ...asked, descending: true, limit: query.size, from: fromOf(query) });
      return found.kind === 'bad_cursor'
        ? { status: 400, error: BAD_CURSOR }
        : answerWith(200, '获取成功', pageView(found.jobs.map(jobView), query, found), now());
    },

    getJob: async ({ params: { id } }) => {
      const job = await jobs.get(id);
      if (job === undefined) {
        return UNKNOWN_TASK;
      }
      const runs = await engine.listRuns({ families: ['job'], job: id, limit: RECENT_RUNS, from: { offset: 0 } });
      const recent = runs.kind === 'page' ? runs.runs.map(runView) : [];
      return answerWith(200, '获取成功', { ...jobView(job), recent_runs: recent }, now());
    },

    updateJob: async ({ params: { id }, body }, { principal }) => {
      const job = await jobs.get(id);
      if (job === undefined) {
        return UNKNOWN_TASK;
      }
      const made = jobPatchOf(job, body, now());
      const patch = isRefused(made) ? made : fitPoolOf(job, made);
      if (isRefused(patch)) {
        return { status: 400, ...patch };
      }
      const changed = await jobs.change(id, patch, principal.id);
      switch (changed.kind) {
        case 'changed':
          return answerWith(200, '更新成功', jobView(changed.job), now());
        case 'not_found':
          return UNKNOWN_TASK;
        case 'name_taken':
          return NAME_TAKEN;
        case 'bad_schedule':
          return badSchedule(changed.problem);
      }
    },

    deleteJob: async ({ params }, { principal }) =>
      (await jobs.remove(params.id, principal.id)) === 'removed' ? { status: 204 } : UNKNOWN_TASK,

    changeJobs: async ({ body }, { principal }) => {
      const state = body.action === 'pause' ? 'paused' : 'active';
      const done = await jobs.setStates(bulkFilterOf(body.filter), state, principal.id, body.cursor);
      if (done.kind === 'bad_cursor') {
        return { status: 400, error: BAD_CURSOR };
      }
      return answerWith(
        200,
        '操作成功',
        {
          changed: done.changed,
          failed: done.failed.map(({ id, reason }) => ({ id: Number(id), reason })),
          ...(done.cursor === undefined ? {} : { next_cursor: done.cursor }),
        },
        now(),
      );
    },
  };
};
