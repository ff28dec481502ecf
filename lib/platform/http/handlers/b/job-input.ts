/** API B's bodies as jobs take them. */
import type { JobInput, JobPatch, JobView, ScheduleInput } from '../../../../application/jobs/api.ts';
import type { CreateTaskBody, UpdateTaskBody } from '../../../../contracts/http/b/task-inputs.ts';
import { badRequest } from '../../../../contracts/http/c-inputs.ts';
import {
  DEFAULT_SETTINGS,
  type JobSettings,
  needsOf,
  type ResolvedSettings,
  resolveSettings,
  settingsOf,
  touchesSchedule,
} from '../../../../contracts/http/job-settings.ts';
import { isExecutor, namesAnyField, payloadOf } from './executor.ts';
import { PRIORITY } from './job-view.ts';

type Refused = { readonly error: string };
export const isRefused = (value: object): value is Refused => 'error' in value;

const UNSCHEDULED = badRequest('没有 schedule 的任务不能设置时区、夏令时、起止时间或抖动: 请同时给出 schedule');

const scheduleInput = (expression: string, { schedule }: ResolvedSettings): ScheduleInput => ({
  expression,
  ...schedule,
});

/** API B's jobs are in the one project that its document knows nothing of. */
const PROJECT = 'default';
const CATEGORY = 'default';

export const jobInputOf = (body: CreateTaskBody): JobInput | Refused => {
  const built = payloadOf(body.executor, body);
  if ('missing' in built) {
    return { error: badRequest(`${body.executor} 任务缺少 ${built.missing}`) };
  }
  if (body.schedule === undefined || body.schedule === null) {
    if (touchesSchedule(body)) {
      return { error: UNSCHEDULED };
    }
  }
  const settings = resolveSettings(body, DEFAULT_SETTINGS.B);
  const needs = needsOf({ tags: settings.tags });
  return {
    ...{ project: PROJECT, name: body.name, category: CATEGORY, description: body.description, saveLog: true },
    ...{ handler: body.executor, payload: built.payload, pool: settings.pool, strategy: settings.strategy },
    ...{ priority: PRIORITY[body.priority], maxTries: body.retry_count + 1, timeoutMs: body.timeout_seconds * 1_000 },
    ...{ policy: settings.policy, state: body.status },
    ...(needs === undefined ? {} : { needs }),
    ...(body.schedule === undefined || body.schedule === null
      ? {}
      : { schedule: scheduleInput(body.schedule, settings) }),
  };
};

const POLICY_FIELDS = [
  'concurrency_policy',
  'misfire_policy',
  'misfire_cap',
  'starting_deadline_seconds',
] as const satisfies readonly (keyof JobSettings)[];

/** What changes of the handler and its payload. */
const workOf = (job: JobView, body: UpdateTaskBody): Pick<JobPatch, 'handler' | 'payload'> | Refused => {
  const executor = body.executor ?? job.handler;
  if (executor === job.handler && !namesAnyField(body)) {
    return {};
  }
  if (!isExecutor(executor)) {
    return { error: badRequest(`该任务由 ${executor} 执行, 不能设置执行器的字段: 请同时给出 executor`) };
  }
  const built = payloadOf(executor, body, executor === job.handler ? job.payload : '{}');
  return 'missing' in built
    ? { error: badRequest(`${executor} 任务缺少 ${built.missing}`) }
    : { handler: executor, payload: built.payload };
};

/** Another expression counts from now on, not from when the task was made; a beginning that is still to come stays. */
const scheduleOf = (
  job: JobView,
  body: UpdateTaskBody,
  settings: ResolvedSettings,
  now: number,
): Pick<JobPatch, 'schedule'> | Refused => {
  if (body.schedule === null) {
    return touchesSchedule(body) ? { error: UNSCHEDULED } : { schedule: null };
  }
  if (body.schedule === undefined && !touchesSchedule(body)) {
    return {};
  }
  const expression = body.schedule ?? job.schedule?.expression;
  if (expression === undefined) {
    return { error: UNSCHEDULED };
  }
  const { startAt, ...schedule } = scheduleInput(expression, settings);
  const keepsStart = body.start_at !== undefined || (startAt ?? 0) > now || expression === job.schedule?.expression;
  return { schedule: { ...schedule, ...(keepsStart && startAt !== undefined ? { startAt } : {}) } };
};

/** Of the needs only the tags are B's to change. */
const needsPatch = ({ needs }: JobView, tags: readonly string[]): NonNullable<JobPatch['needs']> | null =>
  needsOf({
    tags,
    ...(needs?.workers && { workers: needs.workers }),
    ...(needs?.labels && { labels: needs.labels }),
    category: needs?.category,
  }) ?? null;

/** @param now epoch ms */
export const jobPatchOf = (job: JobView, body: UpdateTaskBody, now: number): JobPatch | Refused => {
  const settings = resolveSettings(body, settingsOf(job, 'B'));
  const work = workOf(job, body);
  const schedule = scheduleOf(job, body, settings, now);
  if (isRefused(work)) {
    return work;
  }
  if (isRefused(schedule)) {
    return schedule;
  }
  return {
    ...work,
    ...schedule,
    ...(body.name === undefined ? {} : { name: body.name }),
    ...(body.description === undefined ? {} : { description: body.description }),
    ...(body.status === undefined ? {} : { state: body.status }),
    ...(body.priority === undefined ? {} : { priority: PRIORITY[body.priority] }),
    ...(body.retry_count === undefined ? {} : { maxTries: body.retry_count + 1 }),
    ...(body.timeout_seconds === undefined ? {} : { timeoutMs: body.timeout_seconds * 1_000 }),
    ...(body.pool === undefined ? {} : { pool: settings.pool }),
    ...(body.routing === undefined ? {} : { strategy: settings.strategy }),
    ...(body.tags === undefined ? {} : { needs: needsPatch(job, settings.tags) }),
    ...(POLICY_FIELDS.every((field) => body[field] === undefined) ? {} : { policy: settings.policy }),
  };
};
