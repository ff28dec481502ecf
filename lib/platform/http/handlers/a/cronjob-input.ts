/** What API A asks of a cron job, as the engine takes it. */
import type { JobInput, JobPatch, JobView } from '../../../../application/jobs/api.ts';
import type { CronjobFields } from '../../../../contracts/http/a/cronjob-inputs.ts';
import type { Metadata } from '../../../../contracts/http/a/metadata.ts';
import {
  DEFAULT_SETTINGS,
  resolveSettings,
  settingsOf,
  touchesSchedule,
} from '../../../../contracts/http/job-settings.ts';
import {
  DEFAULT_NAME,
  DEFAULT_PRIORITY,
  EMPTY_METADATA,
  givenOf,
  keptOf,
  needsWith,
  payloadWith,
  timeoutMsOf,
  workOf,
} from './work.ts';

const HANDLER = 'shell';

type Created = CronjobFields & { readonly name: string; readonly time: string; readonly command: string };

export const jobInputOf = (body: Created): JobInput => {
  const { schedule, policy, pool, strategy, tags } = resolveSettings(body, DEFAULT_SETTINGS.A);
  const { name, time, command, args = '', category = DEFAULT_NAME } = body;
  const metadata: Metadata = body.metadata ?? {};
  const kept = keptOf(metadata);
  const needs = needsWith({ tags }, category, metadata);
  return {
    project: body.project ?? DEFAULT_NAME,
    name,
    category,
    description: body.description ?? '',
    saveLog: body.save_log ?? true,
    ...(kept === undefined ? {} : { metadata: kept }),
    handler: HANDLER,
    payload: payloadWith(HANDLER, '{}', { command, args, metadata }),
    pool,
    priority: metadata.priority ?? DEFAULT_PRIORITY,
    maxTries: (body.max_retry ?? 0) + 1,
    timeoutMs: timeoutMsOf(body.timeout ?? 0),
    ...(needs === undefined ? {} : { needs }),
    strategy,
    schedule: { expression: time, ...schedule },
    policy,
    state: body.is_active === true ? 'active' : 'paused',
  };
};

/** What A's document says that a PUT overwrites when it is absent; of metadata, where it is given, every key. */
export const withPutDefaults = (body: CronjobFields): CronjobFields => ({
  ...body,
  args: body.args ?? '',
  description: body.description ?? '',
  is_active: body.is_active ?? false,
  save_log: body.save_log ?? false,
  timeout: body.timeout ?? 0,
  metadata: body.metadata && { ...EMPTY_METADATA, ...givenOf(body.metadata) },
});

/** The keys that are given, one by one. */
const metadataPatch = (job: JobView, metadata: Metadata): Pick<JobPatch, 'metadata' | 'priority'> => {
  const { handler, payload, priority, needs } = job;
  const current = workOf({ handler, payload, priority, needs, kept: job.metadata }).metadata;
  return {
    metadata: keptOf({ ...current, ...givenOf(metadata) }) ?? null,
    ...(metadata.priority === undefined ? {} : { priority: metadata.priority }),
  };
};

const schedulePatch = (job: JobView, given: CronjobFields, now: number): Pick<JobPatch, 'schedule'> => {
  const expression = given.time ?? job.schedule?.expression;
  if (expression === undefined || (given.time === undefined && !touchesSchedule(given))) {
    return {};
  }
  const { startAt, ...schedule } = resolveSettings(given, settingsOf(job, 'A')).schedule;
  // Another expression counts from now on, unless its beginning was asked for or still lies ahead.
  const keepsStart =
    startAt !== undefined && (given.start_at !== undefined || startAt > now || expression === job.schedule?.expression);
  return { schedule: { expression, ...schedule, ...(keepsStart ? { startAt } : {}) } };
};

const touchesWork = ({ command, args, metadata }: CronjobFields): boolean =>
  [command, args, metadata].some((value) => value !== undefined);
const touchesNeeds = ({ category, metadata, tags }: CronjobFields): boolean =>
  [category, metadata, tags].some((value) => value !== undefined);
const touchesPolicy = (given: CronjobFields): boolean =>
  [given.concurrency_policy, given.misfire_policy, given.misfire_cap, given.starting_deadline_seconds].some(
    (value) => value !== undefined,
  );

/** What is disabled stays so: to API A it is as little active as what is paused. */
const stateOf = (job: JobView, isActive: boolean): JobInput['state'] =>
  isActive ? 'active' : job.state === 'disabled' ? 'disabled' : 'paused';

/** @param now epoch ms */
export const jobPatchOf = (job: JobView, given: CronjobFields, now: number): JobPatch => {
  const { project, category, name, description, save_log, timeout, max_retry, is_active, metadata } = given;
  const { policy, pool, strategy, tags } = resolveSettings(given, settingsOf(job, 'A'));
  const needs = needsWith({ ...job.needs, tags }, category ?? job.category, metadata) ?? null;
  return {
    ...(project === undefined ? {} : { project }),
    ...(category === undefined ? {} : { category }),
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(save_log === undefined ? {} : { saveLog: save_log }),
    ...(timeout === undefined ? {} : { timeoutMs: timeoutMsOf(timeout) }),
    ...(max_retry === undefined ? {} : { maxTries: max_retry + 1 }),
    ...(is_active === undefined ? {} : { state: stateOf(job, is_active) }),
    ...(touchesWork(given) ? { payload: payloadWith(job.handler, job.payload, given) } : {}),
    ...(touchesNeeds(given) ? { needs } : {}),
    ...(metadata === undefined ? {} : metadataPatch(job, metadata)),
    ...(touchesPolicy(given) ? { policy } : {}),
    ...(given.pool === undefined ? {} : { pool }),
    ...(given.routing === undefined ? {} : { strategy }),
    ...schedulePatch(job, given, now),
  };
};
