/** What API A takes of a cron job. */
import * as z from 'zod';
import { isPlainId } from '../../../domain/ids.ts';
import { categoryCodeSchema } from '../../frames.ts';
import { MAX_TRIES } from '../../limits.ts';
import { badRequest, bodyOf, wrongType } from '../c-inputs.ts';
import { flag, instant, oneOf, optional, someText, text, wholeNumber } from '../fields.ts';
import { jobSettingsFields } from '../job-settings.ts';
import {
  filter,
  flagFilter,
  forbidden,
  ID,
  instantFilter,
  isWithinReach,
  MOST_IN_BULK,
  numberFilter,
  OUT_OF_REACH,
  ordering,
  pageParameters,
} from './inputs.ts';
import { type Metadata, metadataSchema } from './metadata.ts';

export const MAX_NAME = 128;
export const MAX_COMMAND = 512;
const MAX_EXPRESSION = 100;
/** 30 days: what runs longer is stuck. 0 asks for no limit, and gets this one. */
export const MAX_TIMEOUT_S = 30 * 86_400;

/** `null` and the empty text count as absent. */
export const nameOr = (field: string, most: number) =>
  optional(text(field, most)).transform((value) => (value === '' ? undefined : value));

/** A code that no category can have would keep the work waiting for ever. */
export const categoryField = nameOr('category', MAX_NAME).refine(
  (code) => code === undefined || categoryCodeSchema.safeParse(code).success,
  badRequest('category 不能以数字开头, 也不能包含控制字符'),
);

/** What follows the command: a JSON array of texts as text, or one argument. */
export const argsField = text('args', MAX_COMMAND).refine((value) => {
  if (!value.trimStart().startsWith('[')) {
    return true;
  }
  try {
    const list: unknown = JSON.parse(value);
    return !Array.isArray(list) || list.every((item) => ['string', 'number', 'boolean'].includes(typeof item));
  } catch {
    return true;
  }
}, badRequest('args 的 JSON 数组只能包含字符串、数字或布尔值'));

export const timeoutField = wholeNumber('timeout', 0, MAX_TIMEOUT_S).meta({
  description: 'Seconds; 0: no limit but the 30 days of every run',
});
export const retryField = wholeNumber('max_retry', 0, MAX_TRIES - 1).meta({
  description: 'Repetitions after a first attempt that failed',
});

const fields = {
  project: nameOr('project', MAX_NAME).meta({ description: 'default by default' }),
  category: categoryField,
  description: optional(text('description', MAX_COMMAND)),
  args: optional(argsField).meta({ description: 'A JSON array of texts, as text, or one plain argument' }),
  is_active: optional(flag('is_active')),
  save_log: optional(flag('save_log')).meta({
    description: 'Whether output and log are kept; true at a create by default',
  }),
  timeout: optional(timeoutField),
  max_retry: optional(retryField),
  metadata: optional(metadataSchema),
  ...jobSettingsFields,
};

export const createCronjobBody = bodyOf({
  name: someText('name', MAX_NAME),
  time: someText('time', MAX_EXPRESSION).meta({
    description: '5, 6 or 7 fields (A: seconds first, year last), or a macro',
  }),
  command: someText('command', MAX_COMMAND),
  ...fields,
}).meta({ id: 'CreateCronjob' });

/** PUT: a full update. What A's document says is overwritten even when absent is; names, time and command only when given. */
export const putCronjobBody = bodyOf({
  name: nameOr('name', MAX_NAME),
  time: nameOr('time', MAX_EXPRESSION),
  command: nameOr('command', MAX_COMMAND),
  ...fields,
}).meta({ id: 'PutCronjob' });

const UNTOUCHABLE = [
  'id',
  'created_at',
  'updated_at',
  'deleted',
  'deleted_at',
  'last_plan',
  'last_dispatch',
  'last_status',
  'next_plan',
] as const;

export const patchCronjobBody = bodyOf({
  ...forbidden(UNTOUCHABLE, (field) => `${field} 不能修改`),
  name: optional(someText('name', MAX_NAME)),
  time: optional(someText('time', MAX_EXPRESSION)),
  command: optional(someText('command', MAX_COMMAND)),
  ...fields,
}).meta({ id: 'PatchCronjob' });

type Patch = z.output<typeof patchCronjobBody>;
export type CronjobFields = Readonly<Partial<Omit<Patch, (typeof UNTOUCHABLE)[number] | 'metadata'>>> & {
  readonly metadata?: Metadata | undefined;
};

const ORDERINGS = ['name', 'created_at', 'updated_at', 'last_dispatch', 'is_active'] as const;

export const listCronjobsQuery = z
  .object({
    ...pageParameters,
    id: filter,
    project: filter,
    category: filter,
    name: filter,
    name__contains: filter,
    is_active: flagFilter,
    deleted: flagFilter.meta({ description: 'true: those that were deleted, and no others' }),
    timeout: numberFilter,
    search: filter.meta({ description: 'Words that begin like this, all of them, in name, description or command' }),
    ordering: ordering(ORDERINGS, '-created_at'),
  })
  .refine(isWithinReach, OUT_OF_REACH);
export type ListCronjobsQuery = z.output<typeof listCronjobsQuery>;

export const validateBody = bodyOf({
  expr: someText('expr', MAX_EXPRESSION),
  timezone: jobSettingsFields.timezone,
  day_rule: jobSettingsFields.day_rule,
  dst_gap: jobSettingsFields.dst_gap,
  dst_overlap: jobSettingsFields.dst_overlap,
  start_at: jobSettingsFields.start_at,
  end_at: jobSettingsFields.end_at,
}).meta({ id: 'ValidateExpression' });

const DEFAULT_LEDGER = 100;
const MAX_LEDGER = 1_000;

export const nameParams = z.object({ project: z.string(), name: z.string() });

/** The most that one backfill runs at a time. */
const MAX_PARALLEL = 100;

export const backfillBody = bodyOf({
  from: instant('from'),
  to: instant('to'),
  parallel: optional(wholeNumber('parallel', 1, MAX_PARALLEL)).meta({ description: 'Runs at a time; 1 by default' }),
  dry_run: optional(flag('dry_run')).meta({ description: 'Only count what would run' }),
})
  .refine(({ from, to }) => from < to, badRequest('from 必须早于 to'))
  .meta({ id: 'Backfill' });

export const ledgerQuery = z.object({
  from: instantFilter('from').meta({ format: 'date-time', description: 'A day before `to` by default' }),
  to: instantFilter('to').meta({ format: 'date-time', description: 'Now by default; not included' }),
  limit: numberFilter
    .transform((count) => Math.min(count || DEFAULT_LEDGER, MAX_LEDGER))
    .meta({ type: 'integer', default: DEFAULT_LEDGER, description: `At most ${MAX_LEDGER}` }),
});

/** Those that are meant, one by one. What is no id must reach neither a key of the store nor the audit log. */
export const bulkIds = (isId: (text: string) => boolean) =>
  z
    .array(
      z.string(wrongType('ids 的每一项', '字符串')).refine(isId, badRequest(`ids 的每一项无效, ${ID}`)),
      wrongType('ids', '数组'),
    )
    .min(1, badRequest('ids 不能为空'))
    .max(MOST_IN_BULK, badRequest(`ids 不能超过 ${MOST_IN_BULK} 项`))
    // One that is named twice would be retried twice.
    .transform((ids) => [...new Set(ids)]);

export const bulkCronjobsBody = bodyOf({
  action: oneOf('action', ['pause', 'resume']),
  ids: optional(bulkIds(isPlainId)),
  project: nameOr('project', MAX_NAME),
  category: nameOr('category', MAX_NAME),
  name__contains: nameOr('name__contains', MAX_NAME),
  cursor: optional(z.string(wrongType('cursor', '字符串'))).meta({ description: 'next_cursor of the call before' }),
})
  .refine(
    (body) => [body.ids, body.project, body.category, body.name__contains].some((value) => value !== undefined),
    badRequest('至少需要 ids、project、category、name__contains 中的一项'),
  )
  .refine(
    (body) =>
      body.ids === undefined ||
      [body.project, body.category, body.name__contains].every((value) => value === undefined),
    badRequest('ids 不能与其他筛选条件一起使用'),
  )
  .meta({ id: 'BulkCronjobs' });
