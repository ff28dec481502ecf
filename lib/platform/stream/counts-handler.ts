import type { AttributeValue, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { Counted, CountedChange, CountedException, CountedSaga, Engine } from '../../application/api.ts';
import { COUNTED_PARTITIONS } from '../../contracts/executions-table.ts';
import { runFamily, runIdOfOrder } from '../../domain/ids.ts';
import { RUN_STATUSES } from '../../domain/run.ts';
import { SAGA_STATUSES } from '../../domain/saga/saga.ts';

/** Lambda names the stream's shard only when the event source has a tumbling window. */
export type WindowedStreamEvent = DynamoDBStreamEvent & {
  readonly shardId?: string;
  readonly state?: Readonly<Record<string, string>>;
};

type Image = Readonly<Record<string, AttributeValue>> | undefined;
type Sides<T> = { readonly before?: T; readonly after?: T };

const endOf = (image: NonNullable<Image>): { readonly endedAt?: number } =>
  image.endedAt === undefined ? {} : { endedAt: Number(image.endedAt.N) };

/** A row that counts: void marks have no queue and no status of a run, and what is hidden is as good as deleted. */
const countedRun = (image: Image): Counted | undefined => {
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
    ...endOf(image),
  };
};

/** A void mark has no origin. */
const countedSaga = (image: Image): CountedSaga | undefined => {
  const flow = image?.origin?.S;
  const status = SAGA_STATUSES.find((known) => known === image?.status?.S);
  return image === undefined || flow === undefined || status === undefined
    ? undefined
    : { flow, status, createdAt: Number(image.createdAt?.N), ...endOf(image) };
};

const countedException = (image: Image): CountedException | undefined =>
  image && { handled: image.listedStatus === undefined, createdAt: Number(image.at?.N) };

const sidesOf = <T>(counted: (image: Image) => T | undefined, { dynamodb }: DynamoDBRecord): Sides<T> => {
  const [before, after] = [counted(dynamodb?.OldImage), counted(dynamodb?.NewImage)];
  return { ...(before && { before }), ...(after && { after }) };
};

const differ =
  <T>(...fields: readonly (keyof T)[]) =>
  ({ before, after }: Sides<T>): boolean =>
    fields.some((field) => before?.[field] !== after?.[field]);
const runsDiffer = differ<Counted>('status', 'handler');
const sagasDiffer = differ<CountedSaga>('status');
const exceptionsDiffer = differ<CountedException>('handled');

/** What a record says of a row that counts, if anything. */
const changeOf = (record: DynamoDBRecord): Omit<CountedChange, 'sequence'> | undefined => {
  const pk = (record.dynamodb?.NewImage ?? record.dynamodb?.OldImage)?.pk?.S ?? '';
  const begins = (...prefixes: readonly string[]): boolean => prefixes.some((prefix) => pk.startsWith(prefix));
  if (begins(COUNTED_PARTITIONS.run, COUNTED_PARTITIONS.jobRun)) {
    const sides = sidesOf(countedRun, record);
    return runsDiffer(sides) ? sides : undefined;
  }
  if (begins(COUNTED_PARTITIONS.saga)) {
    const saga = sidesOf(countedSaga, record);
    return sagasDiffer(saga) ? { saga } : undefined;
  }
  if (begins(COUNTED_PARTITIONS.sagaException)) {
    const exception = sidesOf(countedException, record);
    return exceptionsDiffer(exception) ? { exception } : undefined;
  }
  return undefined;
};

const toChange = (record: DynamoDBRecord): CountedChange[] => {
  const sequence = record.dynamodb?.SequenceNumber;
  const change = changeOf(record);
  return sequence === undefined || change === undefined ? [] : [{ sequence: BigInt(sequence), ...change }];
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
