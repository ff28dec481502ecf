import { ChangeMessageVisibilityCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { encodeAlarm } from '../../contracts/alarm-message.ts';
import type { Alarm } from '../../domain/alarm.ts';
import { AWS_CALL, type Sender } from '../aws-call.ts';

/** The near tier of the timer (rule A3): SQS holds a message back for up to 900 s, exact to about a second. */
export const createAlarmQueue =
  (
    queueUrl: string,
    client: Sender<SendMessageCommand> = new SQSClient(AWS_CALL),
  ): ((alarm: Alarm, delaySeconds: number) => Promise<void>) =>
  async (alarm, delaySeconds) => {
    await client.send(
      new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: encodeAlarm(alarm), DelaySeconds: delaySeconds }),
    );
  };

/** Makes a received message visible again sooner than the queue's own timeout would. */
export const createBringBack =
  (
    queueUrl: string,
    client: Sender<ChangeMessageVisibilityCommand> = new SQSClient(AWS_CALL),
  ): ((receiptHandle: string, inSeconds: number) => Promise<void>) =>
  async (receiptHandle, inSeconds) => {
    await client.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: queueUrl,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: inSeconds,
      }),
    );
  };
