/**
 * One-time schedules in memory, fired for real: the part of EventBridge Scheduler that no emulator runs. A schedule
 * fires at the start of its second; AWS fires somewhere within the minute, which the early alarm absorbs.
 */
import * as z from 'zod';
import type { Logger } from '../../platform/logger.ts';
import { pause } from '../pause.ts';

/** SQS is the only kind of target; a function's own permission to use the role is not checked. */
const target = z.object({
  Arn: z.string().startsWith('arn:aws:sqs:', 'the local scheduler knows SQS targets only'),
  RoleArn: z.string().min(1),
  Input: z.string().max(262_144).default(''),
  DeadLetterConfig: z.object({ Arn: z.string().optional() }).optional(),
  RetryPolicy: z
    .object({
      MaximumEventAgeInSeconds: z.int().min(60).max(86_400).optional(),
      MaximumRetryAttempts: z.int().min(0).max(185).optional(),
    })
    .optional(),
});

export const scheduleInput = z.object({
  GroupName: z.string().default('default'),
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.literal('UTC', 'the local scheduler knows UTC only').default('UTC'),
  FlexibleTimeWindow: z.object({ Mode: z.literal('OFF', 'the local scheduler knows FlexibleTimeWindow OFF only') }),
  Target: target,
  ActionAfterCompletion: z.enum(['NONE', 'DELETE']).default('NONE'),
  State: z.literal('ENABLED', 'the local scheduler knows State ENABLED only').default('ENABLED'),
  Description: z.string().max(512).optional(),
  ClientToken: z.string().optional(),
});
export type ScheduleInput = z.output<typeof scheduleInput>;
export type StoredSchedule = ScheduleInput & {
  readonly Name: string;
  readonly atMs: number;
  readonly createdAtMs: number;
};

export type ScheduleFault = {
  readonly status: 400 | 404 | 409;
  readonly code: 'ValidationException' | 'ResourceNotFoundException' | 'ConflictException';
  readonly message: string;
};

export type Schedules = {
  readonly create: (name: string, input: ScheduleInput) => StoredSchedule | ScheduleFault;
  readonly get: (group: string, name: string) => StoredSchedule | ScheduleFault;
  readonly remove: (group: string, name: string) => StoredSchedule | ScheduleFault;
  readonly list: (group: string | undefined, namePrefix: string) => readonly StoredSchedule[];
  /** Fires nothing any more; resolves when what is being delivered has been. */
  readonly stop: () => Promise<void>;
};

export const isFault = (value: StoredSchedule | ScheduleFault): value is ScheduleFault => 'code' in value;

/** `at(yyyy-mm-ddThh:mm:ss)`: no zone, no fraction. */
const AT = /^at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)$/;
/** A timer of Node cannot be longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const RETRY_PAUSE_MS = 1_000;
/** What AWS takes unasked. */
const DEFAULT_RETRIES = 185;
const DEFAULT_MAX_AGE_SECONDS = 86_400;

type Attribute = { readonly DataType: 'String'; readonly StringValue: string };
export type SendToQueue = (
  queueArn: string,
  body: string,
  attributes?: Readonly<Record<string, Attribute>>,
) => Promise<void>;

export const createSchedules = (options: {
  readonly groups: readonly string[];
  readonly arnOf: (schedule: { readonly GroupName: string; readonly Name: string }) => string;
  readonly send: SendToQueue;
  readonly logger: Logger;
}): Schedules => {
  const { arnOf, send, logger } = options;
  const groups = new Set(['default', ...options.groups]);
  const schedules = new Map<string, StoredSchedule>();
  const timers = new Map<string, NodeJS.Timeout>();
  const firing = new Set<Promise<void>>();
  const stopping = new AbortController();
  const keyOf = (group: string, name: string): string => `${group}/${name}`;

  const notFound = (what: string): ScheduleFault => ({
    status: 404,
    code: 'ResourceNotFoundException',
    message: `${what} does not exist.`,
  });
  const invalid = (message: string): ScheduleFault => ({ status: 400, code: 'ValidationException', message });

  const deliver = async (schedule: StoredSchedule): Promise<void> => {
    const { Target } = schedule;
    const retries = Target.RetryPolicy?.MaximumRetryAttempts ?? DEFAULT_RETRIES;
    const maxAgeMs = (Target.RetryPolicy?.MaximumEventAgeInSeconds ?? DEFAULT_MAX_AGE_SECONDS) * 1_000;
    for (let attempt = 0; ; attempt += 1) {
      try {
        await send(Target.Arn, Target.Input);
        return;
      } catch (error) {
        if (stopping.signal.aborted) {
          return;
        }
        const isTooOld = Date.now() - schedule.atMs > maxAgeMs;
        if (attempt < retries && !isTooOld) {
          await pause(RETRY_PAUSE_MS, stopping.signal);
          continue;
        }
        const reason = error instanceof Error ? error.message : String(error);
        logger.error('A schedule could not be delivered', { schedule: arnOf(schedule), target: Target.Arn, reason });
        if (Target.DeadLetterConfig?.Arn !== undefined) {
          const text = (value: string): Attribute => ({ DataType: 'String', StringValue: value });
          await send(Target.DeadLetterConfig.Arn, Target.Input, {
            ERROR_MESSAGE: text(reason),
            EXHAUSTED_RETRY_CONDITION: text(isTooOld ? 'MaximumEventAgeInSeconds' : 'MaximumRetryAttempts'),
            RETRY_ATTEMPTS: text(String(attempt)),
            SCHEDULE_ARN: text(arnOf(schedule)),
            TARGET_ARN: text(Target.Arn),
          });
        }
        return;
      }
    }
  };

  const fire = async (key: string, schedule: StoredSchedule): Promise<void> => {
    timers.delete(key);
    try {
      await deliver(schedule);
    } catch (error) {
      logger.error('A dead-letter queue of a schedule could not be reached', { schedule: arnOf(schedule), error });
    }
    // Only after the delivery, as AWS does: until then the name is taken.
    if (schedule.ActionAfterCompletion === 'DELETE' && schedules.get(key) === schedule) {
      schedules.delete(key);
    }
  };

  const wait = (key: string, schedule: StoredSchedule): void => {
    const leftMs = schedule.atMs - Date.now();
    const timer = setTimeout(
      () => {
        if (leftMs > LONGEST_TIMER_MS) {
          wait(key, schedule);
          return;
        }
        const delivery: Promise<void> = fire(key, schedule).finally(() => firing.delete(delivery));
        firing.add(delivery);
      },
      Math.max(0, Math.min(leftMs, LONGEST_TIMER_MS)),
    );
    timers.set(key, timer);
  };

  return {
    create: (name, input) => {
      const key = keyOf(input.GroupName, name);
      if (!/^[\w.-]{1,64}$/.test(name)) {
        return invalid(`Invalid schedule name ${name}.`);
      }
      if (!groups.has(input.GroupName)) {
        return notFound(`Schedule group ${input.GroupName}`);
      }
      const instant = AT.exec(input.ScheduleExpression)?.[1];
      const atMs = instant === undefined ? Number.NaN : Date.parse(`${instant}Z`);
      if (Number.isNaN(atMs)) {
        return invalid(`Invalid Schedule Expression ${input.ScheduleExpression}.`);
      }
      if (atMs <= Date.now()) {
        return invalid(`Invalid Schedule Expression ${input.ScheduleExpression}: it is in the past.`);
      }
      if (schedules.has(key)) {
        return { status: 409, code: 'ConflictException', message: `Schedule ${name} already exists.` };
      }
      const schedule = { ...input, Name: name, atMs, createdAtMs: Date.now() };
      schedules.set(key, schedule);
      wait(key, schedule);
      return schedule;
    },
    get: (group, name) => schedules.get(keyOf(group, name)) ?? notFound(`Schedule ${name}`),
    remove: (group, name) => {
      const key = keyOf(group, name);
      const schedule = schedules.get(key);
      clearTimeout(timers.get(key));
      timers.delete(key);
      schedules.delete(key);
      return schedule ?? notFound(`Schedule ${name}`);
    },
    list: (group, namePrefix) =>
      [...schedules.values()].filter(
        (schedule) => (group === undefined || schedule.GroupName === group) && schedule.Name.startsWith(namePrefix),
      ),
    stop: async () => {
      stopping.abort();
      for (const timer of timers.values()) {
        clearTimeout(timer);
      }
      await Promise.all(firing);
    },
  };
};
