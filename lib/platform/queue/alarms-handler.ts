import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Engine } from '../../application/api.ts';
import { decodeAlarm } from '../../contracts/alarm-message.ts';
import type { Logger } from '../logger.ts';

/**
 * Rings every alarm of a batch. One that fails stays in the queue and comes again, until the queue hands it to its DLQ;
 * the others are done.
 */
export const createAlarmsHandler = ({ engine, logger }: { readonly engine: Engine; readonly logger: Logger }) => {
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
