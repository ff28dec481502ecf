import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Engine } from '../../application/api.ts';
import { decodeAlarm } from '../../contracts/alarm-message.ts';
import type { Logger } from '../logger.ts';

export type AlarmsDependencies = {
  readonly engine: Pick<Engine, 'ring'>;
  readonly logger: Logger;
  /** Makes a message visible again after so many seconds. */
  readonly bringBack: (receiptHandle: string, inSeconds: number) => Promise<void>;
};

/** The queue's own visibility timeout, minutes long, is for a function that died; a throttled table is back in seconds. */
const AGAIN_AFTER_SECONDS = 2;
const AGAIN_AT_MOST_SECONDS = 120;

/**
 * Rings every alarm of a batch. One that fails stays in the queue and comes again, later each time, until the queue hands
 * it to its DLQ; the others are done.
 */
export const createAlarmsHandler = ({ engine, logger, bringBack }: AlarmsDependencies) => {
  const postpone = async ({ receiptHandle, attributes }: SQSRecord): Promise<void> => {
    const received = Number(attributes.ApproximateReceiveCount);
    const seconds = Math.min(AGAIN_AT_MOST_SECONDS, AGAIN_AFTER_SECONDS ** received);
    try {
      await bringBack(receiptHandle, seconds);
    } catch (error) {
      logger.warn('An alarm comes again only after the visibility timeout of its queue', { error });
    }
  };

  const ring = async (record: SQSRecord): Promise<boolean> => {
    try {
      await engine.ring(decodeAlarm(record.body));
      return true;
    } catch (error) {
      logger.error('An alarm could not be handled: it comes again, in the end from the DLQ', {
        messageId: record.messageId,
        received: record.attributes.ApproximateReceiveCount,
        body: record.body.slice(0, 500),
        error,
      });
      await postpone(record);
      return false;
    }
  };

  return async ({ Records }: Pick<SQSEvent, 'Records'>): Promise<SQSBatchResponse> => {
    const done = await Promise.all(Records.map(ring));
    return {
      batchItemFailures: Records.filter((_, index) => !done[index]).map(({ messageId }) => ({
        itemIdentifier: messageId,
      })),
    };
  };
};
