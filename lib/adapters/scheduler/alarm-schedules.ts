import { createHash } from 'node:crypto';
import { ConflictException, CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { encodeAlarm } from '../../contracts/alarm-message.ts';
import type { Alarm } from '../../domain/alarm.ts';
import { AWS_CALL, type Sender } from '../aws-call.ts';

export type ScheduleTarget = {
  readonly group: string;
  readonly queueArn: string;
  readonly roleArn: string;
  readonly deadLetterArn: string;
};

/**
 * What names an alarm for good: the same key, generation, time and arming is the same alarm (rule A4, hole H2). Of two that
 * arm for one bump in the same millisecond only the one that the row then names counts (rule A6): both have to be there.
 */
const identity = ({ key, g, dueAt, nonce }: Alarm): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([key, g, dueAt, nonce]))
    .digest();

/** Where in the 12 minutes of early fires an alarm lies: fixed for it, even over all. In [0, 1). */
export const spreadOf = (alarm: Alarm): number => identity(alarm).readUInt32BE(0) / 2 ** 32;

/** `at()` takes whole seconds, without zone or fraction. */
const toAt = (epochMs: number): string => `at(${new Date(epochMs).toISOString().slice(0, 19)})`;

/** The default of 185 retries over 24 h would bring an alarm a day late. The early fire leaves at least two minutes. */
const RETRY = { MaximumEventAgeInSeconds: 900, MaximumRetryAttempts: 20 };

/**
 * The far tier of the timer (rule A3): a one-time schedule that sends the alarm to the queue ahead of its time, and
 * deletes itself. A schedule that exists already is this very alarm, armed by an earlier try.
 */
export const createAlarmSchedules =
  (
    target: ScheduleTarget,
    client: Sender<CreateScheduleCommand> = new SchedulerClient(AWS_CALL),
  ): ((alarm: Alarm, fireAt: number) => Promise<void>) =>
  async (alarm, fireAt) => {
    try {
      await client.send(
        new CreateScheduleCommand({
          Name: identity(alarm).toString('base64url'),
          GroupName: target.group,
          ScheduleExpression: toAt(fireAt),
          FlexibleTimeWindow: { Mode: 'OFF' },
          ActionAfterCompletion: 'DELETE',
          Target: {
            Arn: target.queueArn,
            RoleArn: target.roleArn,
            Input: encodeAlarm(alarm),
            RetryPolicy: RETRY,
            DeadLetterConfig: { Arn: target.deadLetterArn },
          },
        }),
      );
    } catch (error) {
      if (!(error instanceof ConflictException)) {
        throw error;
      }
    }
  };
