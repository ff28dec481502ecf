/** What API B takes of a task: the executor's fields lie flat beside the task's own. */
import * as z from 'zod';
import { instantFilter } from '../a/inputs.ts';
import { badRequest, bodyOf, filter, wrongType } from '../c-inputs.ts';
import { flag, oneOf, optional, someText, text, texts, wholeNumber } from '../fields.ts';
import { jobSettingsFields } from '../job-settings.ts';
import { isWithinReach, OUT_OF_REACH, pageParameters, wordFilter } from './inputs.ts';
import { RUN_STATUS_WORDS } from './run.ts';

export const EXECUTORS = ['shell', 'http', 'python'] as const;
export type Executor = (typeof EXECUTORS)[number];

export const PRIORITY_WORDS = ['low', 'normal', 'high', 'critical'] as const;
export type PriorityWord = (typeof PRIORITY_WORDS)[number];

export const STATUS_WORDS = ['active', 'paused', 'disabled'] as const;

const MAX_NAME = 255;
const MAX_COMMAND = 8_192;
const MAX_DESCRIPTION = 1_000;
/** A path, as Linux takes one. */
const MAX_PATH = 4_096;
/** Longer URLs are cut or refused on their way by many a server and proxy. */
const MAX_URL = 8_192;
/** An environment takes no more of what the system gives a process (128 KB a variable, 2 MB in all). */
const MAX_ENVIRONMENT_BYTES = 32 * 1024;
const MAX_ARGUMENTS = 256;
/** With the rest of the body it stays below what a request may have (256 KB). */
const MAX_BODY_TEXT = 200_000;
const MAX_RETRIES = 10;
const DEFAULT_RETRIES = 3;
const MAX_TIMEOUT_S = 86_400;
const DEFAULT_TIMEOUT_S = 3_600;
const MAX_SCHEDULE = 256;

const environment = texts('environment')
  .refine(
    (variables) => Buffer.byteLength(JSON.stringify(variables)) <= MAX_ENVIRONMENT_BYTES,
    badRequest(`environment 不能超过 ${MAX_ENVIRONMENT_BYTES} 字节`),
  )
  .refine(
    (variables) =>
      Object.entries(variables).every(
        ([name, value]) => name !== '' && !/[=\0]/.test(name) && name.isWellFormed() && !value.includes('\0'),
      ),
    badRequest('environment 的变量名不能为空或包含 =, 且不能包含 NUL 字符'),
  )
  .meta({ description: `Variables beside those that the worker has; at most ${MAX_ENVIRONMENT_BYTES} bytes as JSON` });

const isHttpUrl = (value: string): boolean => /^https?:$/.test(URL.parse(value)?.protocol ?? '');

const url = someText('url', MAX_URL)
  .refine(isHttpUrl, badRequest('url 必须是 http 或 https 地址, 例如 https://api.example.com/webhook'))
  .meta({ format: 'uri' });

const method = z
  .string(wrongType('method', '字符串'))
  .toUpperCase()
  .pipe(oneOf('method', ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']))
  .meta({ description: 'GET by default' });

/** A header's name is a token (RFC 9110 §5.6.2); a line break in its value would begin another. */
const headers = texts('headers').refine(
  (given) =>
    Object.entries(given).every(
      ([name, value]) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value),
    ),
  badRequest('headers 的名称或值不是有效的 HTTP 头'),
);

const argumentList = z
  .array(text('arguments 的每一项', MAX_COMMAND), wrongType('arguments', '数组'))
  .max(MAX_ARGUMENTS, badRequest(`arguments 不能超过 ${MAX_ARGUMENTS} 项`));

/** The fields of all executors. Which of them a task has goes by its executor; those of another are left out. */
const executorFields = {
  command: optional(someText('command', MAX_COMMAND)).meta({ description: 'shell, python: required' }),
  working_directory: optional(someText('working_directory', MAX_PATH)).meta({ description: 'shell' }),
  environment: optional(environment),
  url: optional(url).meta({ description: 'http: required' }),
  method: optional(method),
  headers: optional(headers),
  body: optional(text('body', MAX_BODY_TEXT)).meta({ description: 'http' }),
  arguments: optional(argumentList).meta({ description: 'python' }),
  python_path: optional(someText('python_path', MAX_PATH)).meta({ description: 'python; python3 by default' }),
};
const executorBody = z.object(executorFields);
export type ExecutorFields = z.output<typeof executorBody>;

const schedule = someText('schedule', MAX_SCHEDULE).nullish().meta({
  description:
    'Cron expression of 5 fields (also 6 with seconds, 7 with seconds and year, or a macro such as @daily); without one the task starts by hand only',
});

const priority = optional(oneOf('priority', PRIORITY_WORDS));
const retryCount = optional(wholeNumber('retry_count', 0, MAX_RETRIES));
const timeoutSeconds = optional(wholeNumber('timeout_seconds', 1, MAX_TIMEOUT_S));
const status = optional(oneOf('status', STATUS_WORDS));
const description = optional(text('description', MAX_DESCRIPTION));

const withDefault = <T extends z.ZodType, D extends NonNullable<z.output<T>>>(schema: T, value: D) =>
  schema.transform((given): NonNullable<z.output<T>> => given ?? value).meta({ default: value });

export const createTaskBody = bodyOf({
  name: someText('name', MAX_NAME),
  executor: oneOf('executor', EXECUTORS),
  schedule,
  priority: withDefault(priority, 'normal'),
  retry_count: withDefault(retryCount, DEFAULT_RETRIES),
  timeout_seconds: withDefault(timeoutSeconds, DEFAULT_TIMEOUT_S),
  status: withDefault(status, 'active'),
  description: withDefault(description, ''),
  ...executorFields,
  ...jobSettingsFields,
}).meta({ id: 'CreateScheduledTask' });
export type CreateTaskBody = z.output<typeof createTaskBody>;

/** What is absent stays; `null` takes away where a task can be without. */
export const updateTaskBody = bodyOf({
  name: optional(someText('name', MAX_NAME)),
  executor: optional(oneOf('executor', EXECUTORS)),
  schedule,
  priority,
  retry_count: retryCount,
  timeout_seconds: timeoutSeconds,
  status,
  description,
  ...executorFields,
  ...jobSettingsFields,
}).meta({ id: 'UpdateScheduledTask' });
export type UpdateTaskBody = z.output<typeof updateTaskBody>;

const MAX_SEARCH = 256;
const search = filter
  .refine((value) => (value?.length ?? 0) <= MAX_SEARCH, badRequest(`search 不能超过 ${MAX_SEARCH} 个字符`))
  .meta({ maxLength: MAX_SEARCH, description: 'Words, or beginnings of words, of the name, description or command' });

export const listTasksQuery = z
  .object({ ...pageParameters, status: wordFilter('status', STATUS_WORDS), search })
  .refine(isWithinReach, OUT_OF_REACH);

export const listRunsQuery = z
  .object({ ...pageParameters, status: wordFilter('status', RUN_STATUS_WORDS) })
  .refine(isWithinReach, OUT_OF_REACH);

/** Tasks that one command on many names, and that one request changes. */
export const MAX_IN_BULK = 200;

const ids = z
  .array(z.int(badRequest('ids 的每一项必须是任务 ID')).min(1), wrongType('ids', '数组'))
  .min(1, badRequest('ids 不能为空'))
  .max(MAX_IN_BULK, badRequest(`ids 不能超过 ${MAX_IN_BULK} 项`));

const bulkFilter = z
  .object(
    {
      ids: optional(ids),
      status: optional(oneOf('filter.status', STATUS_WORDS)),
      project: optional(someText('filter.project', MAX_NAME)),
      category: optional(someText('filter.category', MAX_NAME)),
      all: optional(flag('filter.all')),
    },
    wrongType('filter', '对象'),
  )
  .refine(
    ({ ids, status, project, category, all }) =>
      [ids, status, project, category, all || undefined].filter((value) => value !== undefined).length === 1,
    badRequest('filter 必须恰好给出 ids、status、project、category 或 all: true 之一'),
  );

export const bulkBody = bodyOf({
  action: oneOf('action', ['pause', 'resume']),
  filter: bulkFilter,
  cursor: optional(someText('cursor', 1_024)).meta({ description: 'next_cursor of the answer before' }),
}).meta({ id: 'BulkTasks' });

const DEFAULT_ENTRIES = 100;
const MAX_ENTRIES = 1_000;
const entries = badRequest(`limit 必须是 1 到 ${MAX_ENTRIES} 之间的整数`);

export const ledgerQuery = z
  .object({
    from: instantFilter('from').meta({ description: 'From this instant on; a day before to by default' }),
    to: instantFilter('to').meta({ description: 'Before this instant; now by default' }),
    limit: z
      .string()
      .transform((value) => (value === '' ? DEFAULT_ENTRIES : Number(/^\d+$/.test(value) ? value : Number.NaN)))
      .refine((count) => count >= 1 && count <= MAX_ENTRIES, entries)
      .default(DEFAULT_ENTRIES)
      .meta({ type: 'integer', minimum: 1, maximum: MAX_ENTRIES, default: DEFAULT_ENTRIES }),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, badRequest('from 必须早于 to'));
