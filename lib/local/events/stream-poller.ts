/**
 * Lambda's event source mapping for a DynamoDB stream: the shards of the stream, each read in order, filtered, cut into
 * batches and, where the mapping has a tumbling window, into windows.
 */
import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type Shard,
} from '@aws-sdk/client-dynamodb-streams';
import type { Logger } from '../../platform/logger.ts';
import type { Invoke } from '../functions/invocation.ts';
import { pause } from '../pause.ts';
import type { StreamSource } from '../template/application.ts';
import { compileFilters } from './event-filter.ts';
import type { Poller } from './queue-poller.ts';
import { createDelivery, type Window } from './stream-delivery.ts';
import { type LambdaStreamRecord, toLambdaRecord } from './stream-record.ts';

/** Lambda polls a shard four times a second. */
const POLL_MS = 250;
const ERROR_PAUSE_MS = 1_000;
/** A window is closed this long after its end: records carry whole seconds and are read a moment late. */
const WINDOW_GRACE_MS = 1_000;

export type StreamPollerOptions = {
  readonly client: DynamoDBStreamsClient;
  readonly source: StreamSource;
  readonly region: string;
  readonly invoke: Invoke;
  readonly sendToFailures: (body: string) => Promise<void>;
  readonly logger: Logger;
};

/** Reads one shard to its end. */
const readShard = async (
  { client, source, region, invoke, sendToFailures, logger }: StreamPollerOptions,
  shardId: string,
  isFirst: boolean,
  stopping: AbortSignal,
): Promise<void> => {
  const passes = compileFilters(source.filters);
  const delivery = createDelivery({ source, shardId, invoke, sendToFailures, logger, stopping });
  const { batchSize, batchingWindowMs, tumblingWindowMs, streamArn: StreamArn } = source;
  let iterator: string | undefined;
  let lastSequence: string | undefined;
  let buffer: LambdaStreamRecord[] = [];
  let bufferedAt = 0;
  let window: Window | undefined;
  let raced = false;

  /**
   * DynamoDB Local answers so, once in a while, when the first record of a stream comes while its empty shard is being read.
   * The next iterator finds the record.
   */
  const isRaceWithFirstRecord = (error: unknown): boolean => {
    const isRace =
      !raced && lastSequence === undefined && error instanceof Error && error.name === 'TrimmedDataAccessException';
    raced ||= isRace;
    return isRace;
  };

  const openIterator = async (): Promise<string | undefined> => {
    const position =
      lastSequence === undefined
        ? { ShardIteratorType: isFirst ? source.startingPosition : ('TRIM_HORIZON' as const) }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' as const, SequenceNumber: lastSequence };
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({ StreamArn, ShardId: shardId, ...position }),
      { abortSignal: stopping },
    );
    return ShardIterator;
  };

  const windowStart = (record: LambdaStreamRecord): number =>
    Math.floor((record.dynamodb.ApproximateCreationDateTime * 1_000) / tumblingWindowMs) * tumblingWindowMs;

  const closeWindow = async (): Promise<void> => {
    if (window) {
      await delivery.close(window);
      window = undefined;
    }
  };

  /** The longest piece of the buffer that may be one batch. */
  const nextBatch = (): LambdaStreamRecord[] => {
    const [first] = buffer;
    const end =
      tumblingWindowMs > 0 && first ? buffer.findIndex((record) => windowStart(record) !== windowStart(first)) : -1;
    return buffer.slice(0, Math.min(batchSize, end < 0 ? buffer.length : end));
  };

  const flush = async (): Promise<void> => {
    while (buffer.length > 0 && !stopping.aborted) {
      const batch = nextBatch();
      const [first] = batch;
      if (tumblingWindowMs > 0 && first && window?.startMs !== windowStart(first)) {
        await closeWindow();
        window = { startMs: windowStart(first), state: {} };
      }
      await delivery.deliver(batch, window);
      buffer = buffer.slice(batch.length);
    }
  };

  const isDue = (): boolean => buffer.length >= batchSize || Date.now() - bufferedAt >= batchingWindowMs;

  iterator = await openIterator();
  while (iterator !== undefined && !stopping.aborted) {
    try {
      const { Records = [], NextShardIterator } = await client.send(
        new GetRecordsCommand({ ShardIterator: iterator, Limit: 1_000 }),
        { abortSignal: stopping },
      );
      iterator = NextShardIterator;
      lastSequence = Records.at(-1)?.dynamodb?.SequenceNumber ?? lastSequence;
      const from = { streamArn: StreamArn, region, readAtMs: Date.now() };
      const passed = Records.map((record) => toLambdaRecord(record, from)).filter(passes);
      if (buffer.length === 0) {
        bufferedAt = Date.now();
      }
      buffer.push(...passed);
      if (isDue() || iterator === undefined) {
        await flush();
      }
      if (window && buffer.length === 0 && Date.now() > window.startMs + tumblingWindowMs + WINDOW_GRACE_MS) {
        await closeWindow();
      }
      if (Records.length === 0) {
        await pause(POLL_MS, stopping);
      }
    } catch (error) {
      if (!stopping.aborted) {
        // An iterator lives for 15 minutes, which a batch that is retried can outlast: open a new one where we were.
        if (!isRaceWithFirstRecord(error)) {
          logger.warn('The stream could not be read', { stream: StreamArn, error });
          await pause(ERROR_PAUSE_MS, stopping);
        }
        iterator = await openIterator().catch(() => iterator);
      }
    }
  }
  await closeWindow();
};

export const startStreamPoller = (options: StreamPollerOptions): Poller => {
  const { client, source, logger } = options;
  const stopping = new AbortController();
  const known = new Set<string>();
  const finished = new Set<string>();
  const readers = new Set<Promise<void>>();

  const shards = async (): Promise<readonly Shard[]> => {
    const found: Shard[] = [];
    let after: string | undefined;
    do {
      const { StreamDescription } = await client.send(
        new DescribeStreamCommand({ StreamArn: source.streamArn, ...(after && { ExclusiveStartShardId: after }) }),
        { abortSignal: stopping.signal },
      );
      found.push(...(StreamDescription?.Shards ?? []));
      after = StreamDescription?.LastEvaluatedShardId;
    } while (after !== undefined);
    return found;
  };

  /** A shard is read after its parent, so that the order of each item holds. */
  const readNew = async (isFirst: boolean): Promise<void> => {
    const found = await shards();
    const listed = new Set(found.map(({ ShardId }) => ShardId));
    for (const { ShardId, ParentShardId } of found) {
      const waitsForParent = ParentShardId !== undefined && listed.has(ParentShardId) && !finished.has(ParentShardId);
      if (ShardId !== undefined && !known.has(ShardId) && !waitsForParent) {
        known.add(ShardId);
        const reader: Promise<void> = read(ShardId, isFirst).finally(() => readers.delete(reader));
        readers.add(reader);
      }
    }
  };

  const read = async (shardId: string, isFirst: boolean): Promise<void> => {
    try {
      await readShard(options, shardId, isFirst, stopping.signal);
      finished.add(shardId);
      if (!stopping.signal.aborted) {
        await readNew(false);
      }
    } catch (error) {
      if (!stopping.signal.aborted) {
        logger.error('The stream is read no more', { stream: source.streamArn, error });
      }
    }
  };

  // Compiled once more here, so that a pattern that is not understood stops the start.
  compileFilters(source.filters);
  const first = readNew(true).catch((error: unknown) => {
    if (!stopping.signal.aborted) {
      logger.error('The stream cannot be read', { stream: source.streamArn, error });
    }
  });
  return {
    stop: async () => {
      stopping.abort();
      await first;
      await Promise.all(readers);
    },
  };
};
