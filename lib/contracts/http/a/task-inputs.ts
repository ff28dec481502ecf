/** What API A takes of a task. */
import * as z from 'zod';
import { isPlainId, isRunId } from '../../../domain/ids.ts';
import { badRequest, bodyOf, required, wrongType } from '../c-inputs.ts';
import { flag, instant, oneOf, optional, someText, text, wholeNumber } from '../fields.ts';
import { jobSettingsFields } from '../job-settings.ts';
import {
  argsField,
  bulkIds,
  categoryField,
  MAX_COMMAND,
  MAX_NAME,
  nameOr,
  retryField,
  timeoutField,
} from './cronjob-inputs.ts';
import {
  filter,
  flagFilter,
  forbidden,
  instantFilter,
  isWithinReach,
  numberFilter,
  OUT_OF_REACH,
  ordering,
  pageParameters,
} from './inputs.ts';
import { metadataSchema } from './metadata.ts';
import { TASK_STATUSES } from './task.ts';

const MAX_TASK_NAME = 256;
/** Of an id that a client gives: ours have at most 45 characters, a UUID has 36. */
const MAX_REFERENCE = 64;
/** Fits 32 bits, as the column that it comes from. */
const MAX_ORDER = 2_147_483_647;
/** More is cut to its first and last 100 characters all the same; this keeps the row small until then. */
const MAX_OUTPUT = 64 * 1024;

const reference = (field: string) => nameOr(field, MAX_REFERENCE);

const cronjob = nameOr('cronjob', MAX_REFERENCE).refine(
  (id) => id === undefined || isPlainId(id),
  badRequest('cronjob 必须是定时任务的 id'),
);

const fields = {
  project: nameOr('project', MAX_NAME).meta({ description: 'default by default' }),
  category: categoryField,
  cronjob,
  args: optional(argsField),
  description: optional(text('description', MAX_COMMAND)),
  time_plan: optional(instant('time_plan')).meta({ description: 'When it is to run; now by default' }),
  timeout_at: optional(instant('timeout_at')).meta({
    description: 'Not begun by then, it is not begun any more; an hour after time_plan by default',
  }),
  is_group: optional(flag('is_group')),
  task_order: optional(wholeNumber('task_order', 0, MAX_ORDER)),
  previous: reference('previous'),
  next: reference('next'),
  save_log: optional(flag('save_log')).meta({
    description: 'Whether output and log are kept; true at a create by default',
  }),
  max_retry: optional(retryField),
  is_standalone: optional(flag('is_standalone')),
  timeout: optional(timeoutField),
  metadata: optional(metadataSchema),
};

export const createTaskBody = bodyOf({
  name: someText('name', MAX_TASK_NAME),
  command: nameOr('command', MAX_COMMAND).meta({ description: 'Required, save of a group, which executes nothing' }),
  ...fields,
  pool: jobSettingsFields.pool,
  routing: jobSettingsFields.routing,
  tags: jobSettingsFields.tags,
})
  .refine(({ is_group, command }) => is_group === true || command !== undefined, badRequest('缺少 command'))
  .meta({ id: 'CreateCronjobTask' });

const changeable = {
  name: nameOr('name', MAX_TASK_NAME),
  command: nameOr('command', MAX_COMMAND),
  ...fields,
};

/** What describes a task may change; what it executes was fixed when it was created, and must be the same where it is given. */
export const putTaskBody = bodyOf(changeable).meta({ id: 'PutCronjobTask' });

const UNTOUCHABLE = [
  'id',
  'created_at',
  'updated_at',
  'deleted',
  'deleted_at',
  'time_start',
  'time_end',
  'retry_count',
  'worker_id',
  'worker_name',
  'exit_code',
  'progress',
] as const;

export const patchTaskBody = bodyOf({
  ...forbidden(UNTOUCHABLE, (field) => `${field} 不能修改`),
  ...forbidden(['status'], () => 'status 不能在此修改: 请使用 update-status'),
  ...forbidden(['output'], () => 'output 不能在此修改: 请使用 update-output'),
  ...changeable,
}).meta({ id: 'PatchCronjobTask' });

export type TaskFields = Readonly<Partial<z.output<typeof putTaskBody>>>;

const ORDERINGS = ['created_at', 'time_plan', 'time_start', 'time_end', 'name', 'status', 'task_order'] as const;

export const listTasksQuery = z
  .object({
    ...pageParameters,
    id: filter,
    project: filter,
    category: filter,
    cronjob: filter,
    status: filter.meta({ enum: [...TASK_STATUSES], description: 'An unknown status matches nothing' }),
    worker_id: filter,
    name: filter,
    name__contains: filter,
    is_group: flagFilter,
    task_order: numberFilter,
    timeout: numberFilter,
    is_standalone: flagFilter,
    start_time: instantFilter('start_time').meta({ format: 'date-time', description: 'Created then or later' }),
    end_time: instantFilter('end_time').meta({ format: 'date-time', description: 'Created then or earlier' }),
    search: filter.meta({ description: 'Text in name, description or command' }),
    ordering: ordering(ORDERINGS, '-created_at'),
  })
  .refine(isWithinReach, OUT_OF_REACH);
export type ListTasksQuery = z.output<typeof listTasksQuery>;

const STATUS_WORDS = badRequest(`status 必须是 ${TASK_STATUSES.join('、')} 之一`);
export const STATUS_MISSING = badRequest('缺少 status');
const status = z.enum(TASK_STATUSES, STATUS_WORDS);

/** The status lies in the body or, as in the system that the API comes from, in the query. */
export const updateStatusBody = bodyOf({ status: optional(status) }).meta({ id: 'UpdateStatus' });
export const updateStatusQuery = z.object({
  status: filter.pipe(status.optional()).meta({ enum: [...TASK_STATUSES] }),
});

export const updateOutputBody = bodyOf({
  output: z
    .string(required('output', '字符串'))
    .refine((value) => value.length <= MAX_OUTPUT, badRequest(`output 不能超过 ${MAX_OUTPUT} 个字符`))
    .refine((value) => value.isWellFormed(), badRequest('output 必须是有效的 Unicode 文本'))
    .meta({ maxLength: MAX_OUTPUT }),
}).meta({ id: 'UpdateOutput' });

export const bulkTasksBody = bodyOf({
  action: oneOf('action', ['cancel', 'retry']),
  ids: optional(bulkIds(isRunId)),
  status: optional(status),
  cronjob,
  project: nameOr('project', MAX_NAME),
  cursor: optional(z.string(wrongType('cursor', '字符串'))).meta({ description: 'next_cursor of the call before' }),
})
  .refine(
    (body) => [body.ids, body.status, body.cronjob, body.project].some((value) => value !== undefined),
    badRequest('至少需要 ids、status、cronjob、project 中的一项'),
  )
  .refine(
    (body) => body.ids === undefined || [body.status, body.cronjob, body.project].every((value) => value === undefined),
    badRequest('ids 不能与其他筛选条件一起使用'),
  )
  .meta({ id: 'BulkCronjobTasks' });
export type BulkTasks = z.output<typeof bulkTasksBody>;
