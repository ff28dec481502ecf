import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { encodeAlarm } from '../../contracts/alarm-message.ts';
import type { Alarm } from '../../domain/alarm.ts';
import { AWS_CALL } from '../aws-call.ts';

/** The near tier of the timer (rule A3): SQS holds a message back for up to 900 s, exact to about a second. */
export const createAlarmQueue = (queueUrl: string): ((alarm: Alarm, delaySeconds: number) => Promise<void>) => {
  const client = new SQSClient(AWS_CALL);
  return async (alarm, delaySeconds) => {
    await client.send(
      new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: encodeAlarm(alarm), DelaySeconds: delaySeconds }),
    );
  };
};
