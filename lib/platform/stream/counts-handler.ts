import type { AttributeValue, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { Counted, CountedChange, Engine } from '../../application/api.ts';
import { runFamily, runIdOfOrder } from '../../domain/ids.ts';
import { RUN_STATUSES } from '../../domain/run.ts';

/** Lambda names the stream's shard only when the event source has a tumbling window. */
export type WindowedStreamEvent = DynamoDBStreamEvent & {
  readonly shardId?: string;
  readonly state?: Readonly<Record<string, string>>;
};

type Image = Readonly<Record<string, AttributeValue>> | undefined;

/** A row that counts: void marks have no queue and no status of a run, and what is hidden is as good as deleted. */
const counted = (image: Image): Counted | undefined => {
  const handler = image?.handler?.S ?? image?.queue?.S;
  const status = RUN_STATUSES.find((known) => known === image?.status?.S);
  if (image === undefined || handler === undefined || status === undefined || image.hidden?.BOOL) {
    return undefined;
  }
  return {
    handler,
    status,
    ofJob: runFamily(runIdOfOrder(String(image.sk?.S))) === 'job',
    createdAt: Number(image.createdAt?.N),
    ...(image.endedAt === undefined ? {} : { endedAt: Number(image.endedAt.N) }),
  };
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
