/** API A's `metadata`: where and how a command runs. Of cron jobs and tasks alike. */
import * as z from 'zod';
import { workerIdSchema } from '../../frames.ts';
import { MAX_CPU_SECONDS, MAX_LABELS, MAX_MEMORY_MB } from '../../limits.ts';
import { badRequest, wrongType } from '../c-inputs.ts';
import { optional, text, texts, wholeNumber } from '../fields.ts';

/** Counted in UTF-8 as JSON. A process gets its variables in one block, which systems limit too. */
export const MAX_ENVIRONMENT_BYTES = 32 * 1024;
/** Of what is kept and not executed: a row of the store ends at 400 KB. */
const MAX_KEPT_BYTES = 64 * 1024;
const MAX_WORKERS = 100;
const MAX_PATH = 1_024;
const MAX_LABEL = 64;

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const environment = texts('metadata.environment')
  .refine(
    (variables) => bytesOf(variables) <= MAX_ENVIRONMENT_BYTES,
    badRequest(`metadata.environment 不能超过 ${MAX_ENVIRONMENT_BYTES / 1024} KB`),
  )
  .refine(
    (variables) => Object.keys(variables).every((name) => /^[^=\0]+$/.test(name)),
    badRequest('metadata.environment 的变量名不能为空, 也不能包含 = 或 NUL 字符'),
  )
  .refine(
    (variables) => Object.values(variables).every((value) => value.isWellFormed() && !value.includes('\0')),
    badRequest('metadata.environment 的值不能包含 NUL 字符或无效的 Unicode 文本'),
  )
  .meta({ description: `Environment variables; at most ${MAX_ENVIRONMENT_BYTES / 1024} KB as JSON` });

const workerSelect = z
  .array(z.string(wrongType('metadata.worker_select 的每一项', '字符串')), wrongType('metadata.worker_select', '数组'))
  .max(MAX_WORKERS, badRequest(`metadata.worker_select 不能超过 ${MAX_WORKERS} 项`))
  .refine(
    (workers) => workers.every((worker) => workerIdSchema.safeParse(worker).success),
    badRequest('metadata.worker_select 的每一项必须是工作节点的名称或 id'),
  )
  .meta({ description: 'Names or ids of workers, any one of which may run it; empty: all' });

const workerLabels = texts('metadata.worker_labels')
  .refine(
    (labels) => Object.keys(labels).length <= MAX_LABELS,
    badRequest(`metadata.worker_labels 不能超过 ${MAX_LABELS} 项`),
  )
  .refine(
    (labels) => Object.entries(labels).every(([name, value]) => name.length <= MAX_LABEL && value.length <= MAX_LABEL),
    badRequest(`metadata.worker_labels 的名称和值不能超过 ${MAX_LABEL} 个字符`),
  )
  .meta({ description: 'Labels that the worker must have, all of them' });

const anyObject = (field: string) => z.record(z.string(), z.unknown(), wrongType(field, '对象'));

const limit = (name: string, most: number) => ({
  name,
  schema: wholeNumber(`metadata.resource_limit.${name}`, 1, most),
});
const LIMITS = [limit('memory_mb', MAX_MEMORY_MB), limit('cpu_seconds', MAX_CPU_SECONDS)];

/** What the built-in executors hold each process of a run to. Further keys are kept and mean nothing; `null` is none. */
const resourceLimit = anyObject('metadata.resource_limit')
  .transform((limits) => Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== null)))
  .superRefine((limits, context) => {
    for (const { name, schema } of LIMITS) {
      const read = limits[name] === undefined ? undefined : schema.safeParse(limits[name]);
      for (const { message } of read?.error?.issues ?? []) {
        context.addIssue({ code: 'custom', message });
      }
    }
  })
  .meta({
    description: `Limits of each process of the run: memory_mb (address space, 1 to ${MAX_MEMORY_MB}), cpu_seconds (1 to ${MAX_CPU_SECONDS})`,
  });

/** Further keys are kept and shown. */
export const metadataSchema = z
  .looseObject(
    {
      workingDir: optional(text('metadata.workingDir', MAX_PATH)).meta({ description: 'Working directory' }),
      environment: optional(environment),
      worker_select: optional(workerSelect),
      worker_labels: optional(workerLabels),
      priority: optional(wholeNumber('metadata.priority', 1, 10)).meta({
        description: '1 (first) to 10 (last); 5 by default',
      }),
      resource_limit: optional(resourceLimit),
      extensions: optional(anyObject('metadata.extensions')),
    },
    wrongType('metadata', '对象'),
  )
  .refine(
    ({ environment: _, ...rest }) => bytesOf(rest) <= MAX_KEPT_BYTES,
    badRequest(`metadata (不含 environment) 不能超过 ${MAX_KEPT_BYTES / 1024} KB`),
  )
  .meta({ id: 'TaskMetadata' });

export type Metadata = Partial<z.output<typeof metadataSchema>>;

/** As answers show it: every key that the document names is there. */
export const metadataShown = z
  .looseObject({
    workingDir: z.string(),
    environment: z.record(z.string(), z.string()),
    worker_select: z.array(z.string()),
    worker_labels: z.record(z.string(), z.string()),
    priority: z.int().min(1).max(10),
    resource_limit: z.record(z.string(), z.unknown()),
    extensions: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'ShownTaskMetadata' });
export type MetadataView = z.input<typeof metadataShown>;

export const METADATA_EXAMPLE: MetadataView = {
  workingDir: '/srv/reports',
  environment: { LANG: 'C.UTF-8' },
  worker_select: [],
  worker_labels: {},
  priority: 5,
  resource_limit: {},
  extensions: {},
};
