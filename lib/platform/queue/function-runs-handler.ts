import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Engine } from '../../application/api.ts';
import type { FunctionExecutorPort } from '../../application/ports/function-pool.ts';
import { decodeFunctionOrder } from '../../contracts/function-order.ts';
import type { Logger } from '../logger.ts';

export type FunctionRunsDependencies = {
  readonly engine: Pick<Engine, 'executeRun'>;
  readonly execute: FunctionExecutorPort;
  readonly logger: Logger;
};

/** Executes the runs of a batch side by side. One that cannot be begun stays in the queue; the others are done. */
export const createFunctionRunsHandler =
  ({ engine, execute, logger }: FunctionRunsDependencies) =>
  async ({ Records }: Pick<SQSEvent, 'Records'>): Promise<SQSBatchResponse> => {
    const done = await Promise.allSettled(
      Records.map(async ({ body }) => engine.executeRun(decodeFunctionOrder(body), execute)),
    );
    const batchItemFailures = Records.flatMap(({ messageId }, index) => {
      const one = done[index];
      if (one?.status !== 'rejected') {
        return [];
      }
      logger.error('An order could not be executed: it comes again, in the end from the dead letters', {
        messageId,
        error: one.reason,
      });
      return [{ itemIdentifier: messageId }];
    });
    return { batchItemFailures };
  };
