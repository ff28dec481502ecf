/**
 * Lambda's way with one batch of a stream: retried until it succeeds or its retries or its age run out, cut in halves
 * where the mapping says so (which costs no retry), begun again at the lowest item that the function names as failed;
 * what is given up goes to the failure destination as a pointer into the stream, never as the records themselves.
 */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Logger } from '../../platform/logger.ts';
import type { Invoke, Outcome } from '../functions/invocation.ts';
import { pause } from '../pause.ts';
import type { StreamSource } from '../template/application.ts';
import { failedItems } from './queue-poller.ts';
import type { LambdaStreamRecord } from './stream-record.ts';

/** A tumbling window of a shard: what the function has made of it so far. */
export type Window = { readonly startMs: number; state: unknown };

export type Delivery = {
  /** Ends when the batch is done with, one way or the other, or when the poller stops. */
  readonly deliver: (records: readonly LambdaStreamRecord[], window: Window | undefined) => Promise<void>;
  /** The last invocation of a window, without records: repeated until it succeeds, as nothing may follow before. */
  readonly close: (window: Window) => Promise<void>;
};

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/** Lambda: an answer without `state` from a function with a tumbling window is a failed invocation. */
const windowAnswer = z.object({ state: z.unknown().refine((state) => state !== undefined) });

const isoSecond = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

const createdAtMs = ({ dynamodb }: LambdaStreamRecord): number => dynamodb.ApproximateCreationDateTime * 1_000;

export const createDelivery = (options: {
  readonly source: StreamSource;
  readonly shardId: string;
  readonly invoke: Invoke;
  readonly sendToFailures: (body: string) => Promise<void>;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}): Delivery => {
  const { source, shardId, invoke, sendToFailures, logger, stopping } = options;

  const backOff = (attempt: number): Promise<void> =>
    pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt), stopping);

  const send = (
    records: readonly LambdaStreamRecord[],
    window: Window | undefined,
    isFinal: boolean,
  ): Promise<Outcome> =>
    invoke(source.functionArn, {
      Records: records,
      ...(window && {
        window: { start: isoSecond(window.startMs), end: isoSecond(window.startMs + source.tumblingWindowMs) },
        state: window.state,
        shardId,
        eventSourceARN: source.streamArn,
        isFinalInvokeForWindow: isFinal,
        isWindowTerminatedEarly: false,
      }),
    });

  /** Index of the first record that has to come again; undefined when all are done. Keeps the window's new state. */
  const firstFailed = (
    outcome: Outcome,
    records: readonly LambdaStreamRecord[],
    window: Window | undefined,
  ): number | undefined => {
    if (!outcome.ok) {
      return 0;
    }
    if (window) {
      const answer = windowAnswer.safeParse(outcome.payload);
      if (!answer.success) {
        logger.error('A function with a tumbling window must answer with its state', { function: source.functionArn });
        return 0;
      }
      window.state = answer.data.state;
    }
    if (!source.reportsItemFailures) {
      return undefined;
    }
    const numbers = records.map(({ dynamodb }) => dynamodb.SequenceNumber);
    const indexes = failedItems(outcome, numbers).map((number) => numbers.indexOf(number));
    return indexes.length === 0 ? undefined : Math.min(...indexes);
  };

  const giveUp = async (records: readonly LambdaStreamRecord[], attempts: number, condition: string): Promise<void> => {
    const [first] = records;
    const last = records.at(-1);
    if (!first || !last) {
      return;
    }
    const batch = {
      shardId,
      startSequenceNumber: first.dynamodb.SequenceNumber,
      endSequenceNumber: last.dynamodb.SequenceNumber,
      approximateArrivalOfFirstRecord: new Date(createdAtMs(first)).toISOString(),
      approximateArrivalOfLastRecord: new Date(createdAtMs(last)).toISOString(),
      batchSize: records.length,
      streamArn: source.streamArn,
    };
    logger.error('Stream records given up', { function: source.functionArn, condition, ...batch });
    await sendToFailures(
      JSON.stringify({
        requestContext: {
          requestId: randomUUID(),
          functionArn: source.functionArn,
          condition,
          approximateInvokeCount: attempts,
        },
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        version: '1.0',
        timestamp: new Date().toISOString(),
        DDBStreamBatchInfo: batch,
      }),
    );
  };

  const deliver = async (
    all: readonly LambdaStreamRecord[],
    window: Window | undefined,
    attemptsBefore: number,
  ): Promise<void> => {
    let records = all;
    let attempts = attemptsBefore;
    while (!stopping.aborted) {
      const failedAt = firstFailed(await send(records, window, false), records, window);
      attempts += 1;
      if (failedAt === undefined) {
        return;
      }
      records = records.slice(failedAt);
      const half = Math.ceil(records.length / 2);
      if (source.bisects && failedAt === 0 && records.length > 1) {
        await backOff(attemptsBefore);
        await deliver(records.slice(0, half), window, attemptsBefore);
        await deliver(records.slice(half), window, attemptsBefore);
        return;
      }
      const oldest = records[0];
      const isTooOld = oldest !== undefined && Date.now() - createdAtMs(oldest) > source.maxRecordAgeMs;
      if (isTooOld || attempts > source.maxRetries) {
        await giveUp(records, attempts, isTooOld ? 'RecordAgeExceeded' : 'RetryAttemptsExhausted');
        return;
      }
      await backOff(attempts - 1);
    }
  };

  return {
    deliver: (records, window) => deliver(records, window, 0),
    close: async (window) => {
      for (let attempt = 0; !stopping.aborted; attempt += 1) {
        if (firstFailed(await send([], window, true), [], window) === undefined) {
          return;
        }
        await backOff(attempt);
      }
    },
  };
};
