/** The stream of the metered table, read as Lambda's poller reads it; reading it costs nothing there. */
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  type DynamoDBStreamsClientConfig,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { compileFilters } from '../../lib/local/events/event-filter.ts';
import { type LambdaStreamRecord, toLambdaRecord } from '../../lib/local/events/stream-record.ts';
import { REGION } from './meter-stand-ins.ts';

export type StreamReader = {
  /** What was written since the last call and passes the filters of the event source, by shard. */
  readonly read: () => Promise<ReadonlyMap<string, readonly LambdaStreamRecord[]>>;
  readonly close: () => void;
};

/**
 * @param shards DynamoDB Local has one shard; a table on AWS has one for each of its partitions. The records are dealt
 *   out by partition key, which keeps the order of each item.
 */
export const createStreamReader = async (
  config: DynamoDBStreamsClientConfig,
  StreamArn: string,
  filters: readonly string[],
  shards: number,
): Promise<StreamReader> => {
  const client = new DynamoDBStreamsClient(config);
  const passes = compileFilters(filters);
  const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamArn }));
  const ShardId = StreamDescription?.Shards?.[0]?.ShardId;
  /**
   * Opened when there is something to read: DynamoDB Local numbers the changes of all tables together, and takes an iterator
   * from before the first record for one that was trimmed as soon as another table was written.
   */
  const openIterator = async (): Promise<string | undefined> => {
    const place = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' as const };
    return (await client.send(new GetShardIteratorCommand(place))).ShardIterator;
  };
  let iterator: string | undefined;

  const shardOf = (record: LambdaStreamRecord): string => {
    const { S: pk = '' } = record.dynamodb.Keys.pk as { readonly S?: string };
    return `shard-${Number(pk.replace(/\D/g, '')) % shards}`;
  };

  return {
    read: async () => {
      const found: LambdaStreamRecord[] = [];
      iterator ??= await openIterator();
      for (;;) {
        const { Records = [], NextShardIterator } = await client.send(
          new GetRecordsCommand({ ShardIterator: iterator, Limit: 1_000 }),
        );
        iterator = NextShardIterator;
        found.push(
          ...Records.map((record) =>
            toLambdaRecord(record, { streamArn: StreamArn, region: REGION, readAtMs: 0 }),
          ).filter(passes),
        );
        if (Records.length === 0) {
          return Map.groupBy(found, shardOf);
        }
      }
    },
    close: () => client.destroy(),
  };
};
