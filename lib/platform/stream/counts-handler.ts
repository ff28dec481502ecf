import type { AttributeValue, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { CountedChange, Engine } from '../../application/api.ts';
import { RUN_STATUSES, type RunStatus } from '../../domain/run.ts';

/** Lambda names the stream's shard only when the event source has a tumbling window. */
export type WindowedStreamEvent = DynamoDBStreamEvent & {
  readonly shardId?: string;
  readonly state?: Readonly<Record<string, string>>;
};

type Image = Readonly<Record<string, AttributeValue>> | undefined;

/** A row that counts: void marks have no handler and no status of a run. */
const counted = (image: Image): { readonly handler: string; readonly status: RunStatus } | undefined => {
  const handler = image?.handler?.S;
  const status = RUN_STATUSES.find((known) => known === image?.status?.S);
  return handler === undefined || status === undefined ? undefined : { handler, status };
};

const toChange = ({ dynamodb }: DynamoDBRecord): CountedChange[] => {
  const before = counted(dynamodb?.OldImage);
  const after = counted(dynamodb?.NewImage);
  const same = before?.status === after?.status && before?.handler === after?.handler;
  if (dynamodb?.SequenceNumber === undefined || same) {
    return [];
  }
  return [
    {
      sequence: BigInt(dynamodb.SequenceNumber),
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    },
  ];
};

/** Keeps the counters that lists answer `total` from. Throws on a fault: the batch comes again and counts nothing twice. */
export const createCountsHandler =
  ({ countChanges }: Pick<Engine, 'countChanges'>) =>
  async ({ Records = [], shardId, state = {} }: WindowedStreamEvent) => {
    const changes = Records.flatMap(toChange);
    if (changes.length > 0) {
      if (shardId === undefined) {
        throw new Error('The event names no stream shard: the event source needs a tumbling window');
      }
      await countChanges(shardId, changes);
    }
    return { batchItemFailures: [], state };
  };
