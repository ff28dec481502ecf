/** What a person wants a job to be, and what of it lies on the job's row. */
import type { Schedule } from '../cron/schedule.ts';
import { isSame, pickDefined } from './fields.ts';
import type { Job, JobDetails, JobPolicy, JobSpec, JobState } from './job.ts';

export type Wanted = {
  readonly details: JobDetails;
  readonly spec: JobSpec;
  /** UTF-8 bytes of the specification's payload. */
  readonly payloadBytes: number;
  readonly policy: JobPolicy;
  readonly schedule?: Schedule;
  readonly state: Exclude<JobState, 'deleted'>;
};

/** A longer payload lies with its version alone: every fire writes the row, and DynamoDB bills each kilobyte of it. */
const INLINE_PAYLOAD_BYTES = 300;

/**
 * The fields of a row that hold the specification. A payload that is short enough is among them, because a fire needs it;
 * metadata never is, because a job fires more often than it is looked at.
 */
const specFields = ({ payload, metadata, ...spec }: JobSpec, payloadBytes: number) => ({
  ...spec,
  payloadBytes,
  ...(payloadBytes <= INLINE_PAYLOAD_BYTES ? { payload } : {}),
  ...(metadata === undefined ? {} : { hasMetadata: true as const }),
});

/** All of a row that a person sets, apart from its state. */
export const settingsOf = ({ details, spec, payloadBytes, policy, schedule }: Wanted) => ({
  ...details,
  ...specFields(spec, payloadBytes),
  policy,
  ...pickDefined({ schedule }),
});

/** The fields that {@link settingsOf} may leave out: they go from a row that had them. */
export const OPTIONAL_SETTINGS = [
  'hasMetadata',
  'needs',
  'payload',
  'schedule',
] as const satisfies readonly (keyof Job)[];

export const detailsOf = ({ project, name, category, description, saveLog }: Job): JobDetails => ({
  ...{ project, name, category, description, saveLog },
});

/** What of a specification may lie with its version alone. */
export type Beside = Pick<JobSpec, 'payload' | 'metadata'>;

/** @param beside the row's own, or that of its version */
export const specOf = (
  { handler, pool, priority, maxTries, timeoutMs, needs, strategy }: Job,
  { payload, metadata }: Beside,
): JobSpec => ({
  ...{ handler, payload, pool, priority, maxTries, timeoutMs, strategy },
  ...pickDefined({ metadata, needs }),
});

/** A schedule as it is asked for. */
export type ScheduleWish = Omit<Schedule, 'startAt'> & { readonly startAt?: number };

const wholeSecond = (at: number): number => Math.ceil(at / 1_000) * 1_000;

/**
 * A schedule without a beginning begins now; one that is asked for again as it is goes on as it is, so that saving a form
 * does not move the beat of an `@every`. Occurrences are whole seconds, so their beginning is one.
 */
export const scheduleOf = (wish: ScheduleWish, current: Schedule | undefined, now: number): Schedule => {
  const { expression, timeZone, days, gap, overlap, endAt, jitterMs, startAt } = wish;
  const rest = { expression, timeZone, days, gap, overlap, jitterMs, ...pickDefined({ endAt }) };
  if (startAt !== undefined) {
    return { ...rest, startAt: wholeSecond(startAt) };
  }
  const again =
    current !== undefined && current.startAt <= now && isSame({ ...rest, startAt: current.startAt }, current);
  return again ? current : { ...rest, startAt: wholeSecond(now) };
};
