/**
 * Lambda's event source mapping for a queue. Messages of a batch that the function names as failed, or all of them when
 * it fails, stay in flight until their visibility timeout shows them again; the queue itself moves those that come too
 * often to its dead-letter queue. Up to `maxConcurrency` batches run side by side.
 */
import {
  DeleteMessageBatchCommand,
  type Message,
  type MessageAttributeValue,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';
import type { Logger } from '../../platform/logger.ts';
import type { Invoke, Outcome } from '../functions/invocation.ts';
import { pause } from '../pause.ts';
import type { QueueSource } from '../template/application.ts';

export type Poller = {
  /** Receives no more; resolves when what was received has been handled. */
  readonly stop: () => Promise<void>;
};

/** The most that one ReceiveMessage or DeleteMessageBatch takes. */
const SQS_BATCH = 10;
const LONG_POLL_SECONDS = 20;
/**
 * Messages that a function is given at a time. Lambda gives each batch an environment of its own; here all of them share a
 * thread whose SDK client has 50 sockets, and a call that waits for one for over a second fails: of 1,000 alarms at once most
 * did, came again, and were in the way of the others.
 */
const MESSAGES_IN_HAND = 40;
/** Pause after a queue that could not be read. */
const ERROR_PAUSE_MS = 1_000;

const batchItemFailures = z.object({
  batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })).nullish(),
});

/**
 * The ids of a batch's failed items as Lambda understands the answer: no list means that all succeeded; an answer of
 * another shape or an id that was not in the batch means that all failed.
 */
export const failedItems = (outcome: Outcome, ids: readonly string[]): readonly string[] => {
  if (!outcome.ok) {
    return ids;
  }
  const parsed = batchItemFailures.safeParse(outcome.payload ?? {});
  const failed = parsed.success ? (parsed.data.batchItemFailures ?? []).map((item) => item.itemIdentifier) : ids;
  return failed.every((id) => ids.includes(id)) ? failed : ids;
};

const lambdaAttribute = (value: MessageAttributeValue) => ({
  stringValue: value.StringValue,
  binaryValue: value.BinaryValue && Buffer.from(value.BinaryValue).toString('base64'),
  stringListValues: [],
  binaryListValues: [],
  dataType: value.DataType,
});

const lambdaRecord = (message: Message, queueArn: string, region: string) => ({
  messageId: message.MessageId,
  receiptHandle: message.ReceiptHandle,
  body: message.Body,
  attributes: message.Attributes ?? {},
  messageAttributes: Object.fromEntries(
    Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [name, lambdaAttribute(value)]),
  ),
  md5OfBody: message.MD5OfBody,
  eventSource: 'aws:sqs',
  eventSourceARN: queueArn,
  awsRegion: region,
});

export const startQueuePoller = (options: {
  readonly client: SQSClient;
  readonly source: QueueSource;
  readonly queueUrl: string;
  readonly region: string;
  readonly invoke: Invoke;
  readonly logger: Logger;
}): Poller => {
  const { client, source, queueUrl, region, invoke, logger } = options;
  const stopping = new AbortController();
  const batches = new Set<Promise<void>>();
  let inHand = 0;

  const receive = async (max: number, waitSeconds: number): Promise<readonly Message[]> => {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: Math.min(SQS_BATCH, max),
        WaitTimeSeconds: waitSeconds,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      }),
      { abortSignal: stopping.signal },
    );
    return Messages;
  };

  /** The first messages as soon as there are any, then more of them until the batch is full or its window ends. */
  const gather = async (most: number): Promise<readonly Message[]> => {
    const messages = [...(await receive(most, LONG_POLL_SECONDS))];
    const windowEnd = Date.now() + source.batchingWindowMs;
    while (messages.length > 0 && messages.length < most && !stopping.signal.aborted) {
      const leftSeconds = Math.floor((windowEnd - Date.now()) / 1_000);
      if (leftSeconds < 1) {
        break;
      }
      messages.push(...(await receive(most - messages.length, leftSeconds)));
    }
    return messages;
  };

  const remove = async (messages: readonly Message[]): Promise<void> => {
    for (let at = 0; at < messages.length; at += SQS_BATCH) {
      const Entries = messages
        .slice(at, at + SQS_BATCH)
        .map((message, index) => ({ Id: String(index), ReceiptHandle: message.ReceiptHandle }));
      await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    }
  };

  const handle = async (messages: readonly Message[]): Promise<void> => {
    const Records = messages.map((message) => lambdaRecord(message, source.queueArn, region));
    const outcome = await invoke(source.functionArn, { Records });
    const ids = messages.map((message) => message.MessageId ?? '');
    const failed = new Set(source.reportsItemFailures || !outcome.ok ? failedItems(outcome, ids) : []);
    try {
      await remove(messages.filter((message) => !failed.has(message.MessageId ?? '')));
    } catch (error) {
      // They come again; the function must take a message twice anyway.
      logger.warn('Messages could not be deleted', { queue: source.queueArn, error });
    }
  };

  const poll = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      if (batches.size >= source.maxConcurrency || inHand >= MESSAGES_IN_HAND) {
        await Promise.race(batches);
        continue;
      }
      try {
        const messages = await gather(Math.min(source.batchSize, MESSAGES_IN_HAND - inHand));
        if (messages.length > 0) {
          inHand += messages.length;
          const batch: Promise<void> = handle(messages).finally(() => {
            inHand -= messages.length;
            batches.delete(batch);
          });
          batches.add(batch);
        }
      } catch (error) {
        if (!stopping.signal.aborted) {
          logger.warn('The queue could not be read', { queue: source.queueArn, error });
          await pause(ERROR_PAUSE_MS, stopping.signal);
        }
      }
    }
  };

  const polling = poll();
  return {
    stop: async () => {
      stopping.abort();
      await polling;
      await Promise.all(batches);
    },
  };
};
