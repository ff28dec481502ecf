/** Makes the tables and queues of the template in whatever speaks DynamoDB and SQS, and learns what they are called there. */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { type Address, addressText } from '../template/resolver.ts';
import { type Declared, physicalName, RESOURCE_TYPES, type Resources } from '../template/resources.ts';

type Attributes = Readonly<Record<string, string>>;
/** What was learned, by the resource's address. The resolver reads from it, so a queue may name one made before. */
export type Made = Map<string, Attributes>;

const keySchema = z.array(z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));
const projection = z.strictObject({
  ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']),
  NonKeyAttributes: z.array(z.string()).optional(),
});
const tableProperties = z.strictObject({
  AttributeDefinitions: z.array(z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
  KeySchema: keySchema,
  BillingMode: z.literal('PAY_PER_REQUEST'),
  GlobalSecondaryIndexes: z
    .array(z.object({ IndexName: z.string(), KeySchema: keySchema, Projection: projection }))
    .optional(),
  StreamSpecification: z
    .strictObject({ StreamViewType: z.enum(['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES']) })
    .optional(),
  TimeToLiveSpecification: z.strictObject({ AttributeName: z.string(), Enabled: z.boolean() }).optional(),
  // What a replica adds (protection, recovery, tags) is the cloud's; a second one would be a second Region.
  Replicas: z.array(z.unknown()).max(1, 'a second replica'),
});
const TABLE_IGNORES = [
  ...['GlobalTableWitnesses', 'SSESpecification', 'TableName', 'WarmThroughput'],
  ...['WriteOnDemandThroughputSettings', 'WriteProvisionedThroughputSettings'],
];

const queueProperties = z.strictObject({
  DelaySeconds: z.coerce.string().optional(),
  MaximumMessageSize: z.coerce.string().optional(),
  MessageRetentionPeriod: z.coerce.string().optional(),
  ReceiveMessageWaitTimeSeconds: z.coerce.string().optional(),
  VisibilityTimeout: z.coerce.string().optional(),
  RedrivePolicy: z
    .strictObject({ deadLetterTargetArn: z.string(), maxReceiveCount: z.coerce.number() })
    .transform((policy) => JSON.stringify(policy))
    .optional(),
});
const QUEUE_IGNORES = [
  ...[
    'KmsDataKeyReusePeriodSeconds',
    'KmsMasterKeyId',
    'QueueName',
    'RedriveAllowPolicy',
    'SqsManagedSseEnabled',
    'Tags',
  ],
];

const isNamed = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;

const withoutUndefined = (values: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

const makeQueue = async (
  client: SQSClient,
  resources: Resources,
  declared: Declared,
  urlAt: (url: string) => string,
): Promise<Attributes> => {
  const QueueName = physicalName(declared.address, 80);
  const attributes = withoutUndefined(resources.read(declared, queueProperties, QUEUE_IGNORES));
  const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName, Attributes: attributes }));
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const url = urlAt(QueueUrl);
  return { Ref: url, QueueUrl: url, QueueName, Arn: Attributes?.QueueArn ?? '' };
};

/** @param urlAt rewrites a queue's address to one that this machine can reach */
export const makeQueues = async (
  client: SQSClient,
  resources: Resources,
  made: Made,
  urlAt: (url: string) => string,
): Promise<void> => {
  const hasRedrive = ({ resource }: Declared): boolean => resource.Properties?.RedrivePolicy !== undefined;
  const queues = resources.ofType(RESOURCE_TYPES.queue);
  // Dead-letter queues first: the others name them.
  for (const declared of [...queues.filter((it) => !hasRedrive(it)), ...queues.filter(hasRedrive)]) {
    made.set(addressText(declared.address), await makeQueue(client, resources, declared, urlAt));
  }
};

const createTable = async (client: DynamoDBClient, input: CreateTableCommandInput): Promise<void> => {
  try {
    await client.send(new CreateTableCommand(input));
  } catch (error) {
    // An emulator of the user's own keeps its tables between two starts.
    if (!isNamed(error, 'ResourceInUseException')) {
      throw error;
    }
  }
  await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 2 }, { TableName: input.TableName });
};

const expire = async (client: DynamoDBClient, TableName: string, AttributeName: string): Promise<void> => {
  try {
    await client.send(
      new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: { AttributeName, Enabled: true } }),
    );
  } catch (error) {
    // "TimeToLive is already enabled", on a table that was there before.
    if (!isNamed(error, 'ValidationException')) {
      throw error;
    }
  }
};

const makeTable = async (client: DynamoDBClient, resources: Resources, declared: Declared): Promise<Attributes> => {
  const TableName = tableNameOf(declared.address);
  const properties = resources.read(declared, tableProperties, TABLE_IGNORES);
  const { GlobalSecondaryIndexes, StreamSpecification, TimeToLiveSpecification } = properties;
  await createTable(client, {
    TableName,
    AttributeDefinitions: properties.AttributeDefinitions,
    KeySchema: properties.KeySchema,
    BillingMode: properties.BillingMode,
    ...(GlobalSecondaryIndexes && {
      GlobalSecondaryIndexes: GlobalSecondaryIndexes.map(({ Projection, ...index }) => ({
        ...index,
        Projection: {
          ProjectionType: Projection.ProjectionType,
          ...(Projection.NonKeyAttributes && { NonKeyAttributes: Projection.NonKeyAttributes }),
        },
      })),
    }),
    ...(StreamSpecification && { StreamSpecification: { ...StreamSpecification, StreamEnabled: true } }),
  });
  if (TimeToLiveSpecification?.Enabled) {
    await expire(client, TableName, TimeToLiveSpecification.AttributeName);
  }
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  return {
    Ref: TableName,
    Arn: Table?.TableArn ?? '',
    ...(Table?.LatestStreamArn === undefined ? {} : { StreamArn: Table.LatestStreamArn }),
  };
};

export const makeTables = async (client: DynamoDBClient, resources: Resources, made: Made): Promise<void> => {
  await Promise.all(
    resources.ofType(RESOURCE_TYPES.table).map(async (declared) => {
      made.set(addressText(declared.address), await makeTable(client, resources, declared));
    }),
  );
};

/** Known before the table exists, so that the functions can start while DynamoDB Local does. */
export const tableNameOf = (address: Address): string => physicalName(address, 255);
