/**
 * The settings of a job that APIs A and B have in common and neither document names: clock, policies, pool and routing. All
 * are optional and have the same names in both; what they are when absent is each API's to say.
 */
import * as z from 'zod';
import { DAY_RULES, type DayRule, GAP_POLICIES, OVERLAP_POLICIES, type Schedule } from '../../domain/cron/schedule.ts';
import { ROUTING_STRATEGIES, type RoutingStrategy, type WorkerNeeds } from '../../domain/fleet/needs.ts';
import { formatInstant } from '../../domain/instant.ts';
import {
  CONCURRENCY_POLICIES,
  type ConcurrencyPolicy,
  type Job,
  type JobPolicy,
  MISFIRE_POLICIES,
} from '../../domain/job/job.ts';
import { nameSchema } from '../frames.ts';
import { badRequest, wrongType } from './c-inputs.ts';
import { instant, oneOf, optional, text, wholeNumber } from './fields.ts';

/** A day: a share of it spreads even a nightly job over the whole night. */
const MAX_JITTER_S = 86_400;
/** A year. */
const MAX_DEADLINE_S = 366 * 86_400;
/** Occurrences that one late fire may make up for. */
const MAX_MISFIRE_CAP = 1_000;
const DEFAULT_MISFIRE_CAP = 100;
/** The longest IANA name has 32 characters. */
const MAX_TIME_ZONE = 64;
const MAX_TAGS = 32;

const name = (field: string) =>
  z
    .string(wrongType(field, '字符串'))
    .refine(
      (value) => nameSchema.safeParse(value).success,
      badRequest(`${field} 只能包含 1 到 64 个字母、数字和 . _ -`),
    );

const tags = z
  .array(name('tags 的每一项'), wrongType('tags', '数组'))
  .max(MAX_TAGS, badRequest(`tags 不能超过 ${MAX_TAGS} 项`))
  .transform((list) => [...new Set(list)]);

/** Spread into the body of a create or change. `null` counts as absent, save where it says that it takes away. */
export const jobSettingsFields = {
  timezone: optional(text('timezone', MAX_TIME_ZONE)).meta({
    description: 'IANA name of the time zone that the expression is read in; UTC by default',
  }),
  day_rule: optional(oneOf('day_rule', DAY_RULES)).meta({
    description: 'Day of month and day of week both given: or (either, as Unix cron), and (both), one (refused)',
  }),
  dst_gap: optional(oneOf('dst_gap', GAP_POLICIES)).meta({
    description: 'A local time that a clock change leaves out: skip it, or shift to where the clock jumps to (default)',
  }),
  dst_overlap: optional(oneOf('dst_overlap', OVERLAP_POLICIES)).meta({
    description: 'A local time that a clock change repeats: once (default) or twice',
  }),
  start_at: optional(instant('start_at')).meta({ description: 'No occurrence before it' }),
  end_at: instant('end_at').nullish().meta({ description: 'No occurrence at or after it; null takes it away' }),
  jitter_seconds: optional(wholeNumber('jitter_seconds', 0, MAX_JITTER_S)).meta({
    description: 'Each occurrence starts up to this much later, by a share that never changes; 0 by default',
  }),
  concurrency_policy: optional(oneOf('concurrency_policy', CONCURRENCY_POLICIES)).meta({
    description:
      'When the run before has not ended: allow starts this one too, forbid skips it, replace cancels the other',
  }),
  misfire_policy: optional(oneOf('misfire_policy', MISFIRE_POLICIES)).meta({
    description: 'Of occurrences that could not fire in time: none, the latest (default), or all up to misfire_cap',
  }),
  misfire_cap: optional(wholeNumber('misfire_cap', 1, MAX_MISFIRE_CAP)).meta({
    description: `fire_all fires the newest so many; ${DEFAULT_MISFIRE_CAP} by default`,
  }),
  starting_deadline_seconds: wholeNumber('starting_deadline_seconds', 1, MAX_DEADLINE_S)
    .nullish()
    .meta({ description: 'What has not begun this long after its instant is not begun any more; null takes it away' }),
  pool: optional(name('pool')).meta({
    description:
      'Pool of workers; default when absent. lambda has none: a function executes http alone there, for at most 280 s, to which a longer timeout is cut',
  }),
  routing: optional(oneOf('routing', ROUTING_STRATEGIES)).meta({
    description: 'How a worker is chosen; least_loaded by default',
  }),
  tags: optional(tags).meta({ description: 'Tags that the worker must have, all of them' }),
};

const settingsBody = z.object(jobSettingsFields);
/** As a request gives them, after its checks. */
export type JobSettings = Readonly<Partial<z.output<typeof settingsBody>>>;

/** The settings as jobs have them. */
export type ResolvedSettings = {
  readonly schedule: Omit<Schedule, 'expression' | 'startAt'> & {
    /** Epoch ms. Absent: from now on. */
    readonly startAt?: number;
  };
  readonly policy: JobPolicy;
  readonly pool: string;
  readonly strategy: RoutingStrategy;
  readonly tags: readonly string[];
};

const defaults = (days: DayRule, concurrency: ConcurrencyPolicy): ResolvedSettings => ({
  schedule: { timeZone: 'UTC', days, gap: 'shift', overlap: 'once', jitterMs: 0 },
  policy: { concurrency, misfire: 'fire_once', misfireCap: DEFAULT_MISFIRE_CAP },
  pool: 'default',
  strategy: 'least_loaded',
  tags: [],
});

/** What is absent takes these: A's system reads days as AND and starts a run whatever the one before does, B's does neither. */
export const DEFAULT_SETTINGS = {
  A: defaults('and', 'allow'),
  B: defaults('or', 'forbid'),
} as const satisfies Readonly<Record<string, ResolvedSettings>>;

/** The settings of a job that is to be changed: what the change leaves open stays. */
export const settingsOf = (
  job: Pick<Job, 'schedule' | 'policy' | 'pool' | 'strategy' | 'needs'>,
  api: keyof typeof DEFAULT_SETTINGS,
): ResolvedSettings => {
  const { policy, pool, strategy, needs } = job;
  const { expression: _, ...schedule } = job.schedule ?? { expression: '', ...DEFAULT_SETTINGS[api].schedule };
  return { schedule, policy, pool, strategy, tags: needs?.tags ?? [] };
};

const orStay = <T>(given: T | null | undefined, before: T | undefined): T | undefined =>
  given === undefined ? before : (given ?? undefined);

const keep = <K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: T });

/**
 * @param before what holds where nothing is given: an API's {@link DEFAULT_SETTINGS}, or the job's own ({@link settingsOf})
 */
export const resolveSettings = (given: JobSettings, before: ResolvedSettings): ResolvedSettings => {
  const { schedule, policy } = before;
  const deadlineS = given.starting_deadline_seconds;
  return {
    schedule: {
      timeZone: given.timezone ?? schedule.timeZone,
      days: given.day_rule ?? schedule.days,
      gap: given.dst_gap ?? schedule.gap,
      overlap: given.dst_overlap ?? schedule.overlap,
      jitterMs: given.jitter_seconds === undefined ? schedule.jitterMs : given.jitter_seconds * 1_000,
      ...keep('startAt', given.start_at ?? schedule.startAt),
      ...keep('endAt', orStay(given.end_at, schedule.endAt)),
    },
    policy: {
      concurrency: given.concurrency_policy ?? policy.concurrency,
      misfire: given.misfire_policy ?? policy.misfire,
      misfireCap: given.misfire_cap ?? policy.misfireCap,
      ...keep('deadlineMs', orStay(deadlineS && deadlineS * 1_000, policy.deadlineMs)),
    },
    pool: given.pool ?? before.pool,
    strategy: given.routing ?? before.strategy,
    tags: given.tags ?? before.tags,
  };
};

/** Whether any of the settings that belong to the schedule is given: without an expression they have no place. */
export const touchesSchedule = (given: JobSettings): boolean =>
  [
    given.timezone,
    given.day_rule,
    given.dst_gap,
    given.dst_overlap,
    given.start_at,
    given.end_at,
    given.jitter_seconds,
  ].some((value) => value !== undefined);

/** Needs of a worker, of what is given; nothing where any worker will do. */
export const needsOf = (parts: {
  readonly tags: readonly string[];
  readonly workers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly category?: string | undefined;
}): WorkerNeeds | undefined => {
  const { tags: wanted, workers = [], labels = {}, category } = parts;
  const needs: WorkerNeeds = {
    ...(wanted.length > 0 && { tags: wanted }),
    ...(workers.length > 0 && { workers }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...keep('category', category),
  };
  return Object.keys(needs).length > 0 ? needs : undefined;
};

/** As a job's view shows them. */
export const jobSettingsShown = {
  timezone: z.string(),
  day_rule: z.enum(DAY_RULES),
  dst_gap: z.enum(GAP_POLICIES),
  dst_overlap: z.enum(OVERLAP_POLICIES),
  start_at: z.string().nullable().meta({ format: 'date-time' }),
  end_at: z.string().nullable().meta({ format: 'date-time' }),
  jitter_seconds: z.int(),
  concurrency_policy: z.enum(CONCURRENCY_POLICIES),
  misfire_policy: z.enum(MISFIRE_POLICIES),
  misfire_cap: z.int(),
  starting_deadline_seconds: z.number().nullable(),
  pool: z.string(),
  routing: z.enum(ROUTING_STRATEGIES),
  tags: z.array(z.string()),
};
const shown = z.object(jobSettingsShown);
export type JobSettingsView = z.input<typeof shown>;

const instantOrNull = (epochMs: number | undefined): string | null =>
  epochMs === undefined ? null : formatInstant(epochMs);

/** @param api whose defaults a job without a schedule shows */
export const jobSettingsView = (
  job: Parameters<typeof settingsOf>[0],
  api: keyof typeof DEFAULT_SETTINGS,
): JobSettingsView => {
  const { schedule, policy, pool, strategy, tags: wanted } = settingsOf(job, api);
  return {
    timezone: schedule.timeZone,
    day_rule: schedule.days,
    dst_gap: schedule.gap,
    dst_overlap: schedule.overlap,
    start_at: instantOrNull(schedule.startAt),
    end_at: instantOrNull(schedule.endAt),
    jitter_seconds: schedule.jitterMs / 1_000,
    concurrency_policy: policy.concurrency,
    misfire_policy: policy.misfire,
    misfire_cap: policy.misfireCap,
    starting_deadline_seconds: policy.deadlineMs === undefined ? null : policy.deadlineMs / 1_000,
    pool,
    routing: strategy,
    tags: [...wanted],
  };
};

/** The settings of examples. */
export const SETTINGS_EXAMPLE: JobSettingsView = {
  timezone: 'UTC',
  day_rule: 'and',
  dst_gap: 'shift',
  dst_overlap: 'once',
  start_at: '2030-01-01T00:00:00Z',
  end_at: null,
  jitter_seconds: 0,
  concurrency_policy: 'allow',
  misfire_policy: 'fire_once',
  misfire_cap: DEFAULT_MISFIRE_CAP,
  starting_deadline_seconds: null,
  pool: 'default',
  routing: 'least_loaded',
  tags: [],
};
