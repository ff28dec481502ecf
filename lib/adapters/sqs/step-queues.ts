import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { StepQueuePort } from '../../application/ports/function-pool.ts';
import { parseStepRunId } from '../../domain/ids.ts';
import { AWS_CALL, type Sender } from '../aws-call.ts';

/**
 * What only a FIFO queue takes. It drops a message with the same deduplication id for five minutes, and keeps those of one
 * transaction in order.
 */
const ofFifo = (url: string, dedup: string) =>
  url.endsWith('.fifo') ? { MessageDeduplicationId: dedup, MessageGroupId: parseStepRunId(dedup)?.saga ?? dedup } : {};

/** @param urls of the queues that steps of flows may send to, by their names */
export const createStepQueues = (
  urls: Readonly<Record<string, string>>,
  client: Sender<SendMessageCommand> = new SQSClient(AWS_CALL),
): StepQueuePort => ({
  names: Object.keys(urls),
  send: async (queue, body, dedup) => {
    const url = Object.hasOwn(urls, queue) ? urls[queue] : undefined;
    if (url === undefined) {
      throw new Error(`There is no queue ${queue}`);
    }
    await client.send(
      new SendMessageCommand({
        QueueUrl: url,
        MessageBody: body,
        MessageAttributes: { 'Idempotency-Key': { DataType: 'String', StringValue: dedup } },
        ...ofFifo(url, dedup),
      }),
    );
  },
});
