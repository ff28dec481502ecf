/** The tables of the templates, empty, in DynamoDB Local, and the environment of the functions that use them. */
import { randomBytes } from 'node:crypto';
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { openTable, type Table } from '../../lib/adapters/dynamodb/client.ts';
import type { Item } from '../../lib/adapters/dynamodb/conditional.ts';
import { type Made, makeTables } from '../../lib/local/aws/provision.ts';
import { createResolver, type NamedTemplate } from '../../lib/local/template/resolver.ts';
import { declaredAttributes, listResources } from '../../lib/local/template/resources.ts';
import { type HttpEnv, httpEnvSchema } from '../../lib/platform/env/schemas.ts';
import { REGION } from './meter-stand-ins.ts';

export type MeterTables = {
  /** Where a client finds them. */
  readonly place: DynamoDBClientConfig & { readonly region: string };
  readonly streamArn: string;
  readonly env: HttpEnv;
};

/** The most that one BatchWriteItem takes. */
const BATCH_WRITE = 25;

const QUEUES = 'https://sqs.us-east-1.amazonaws.com/000000000000';

export const makeMeterTables = async (endpoint: string, templates: readonly NamedTemplate[]): Promise<MeterTables> => {
  // DynamoDB Local holds one database for each access key id.
  const credentials = { accessKeyId: `meter${randomBytes(8).toString('hex')}`, secretAccessKey: 'meter' };
  const place = { endpoint, region: REGION, credentials };
  const account = { region: REGION, accountId: '000000000000' };
  const made: Made = new Map();
  const resources = listResources(
    templates,
    createResolver(templates, account, declaredAttributes(templates, account)),
  );
  const client = new DynamoDBClient(place);
  await makeTables(client, resources, made);
  client.destroy();
  const tableNamed = (logicalId: string) => [...made].find(([address]) => address.includes(`/${logicalId}`))?.[1];
  const [table, definitions] = [tableNamed('Executions'), tableNamed('Definitions')];
  const env = httpEnvSchema.parse({
    STAGE: 'meter',
    TABLE_NAME: table?.Ref,
    DEFINITIONS_TABLE: definitions?.Ref,
    OPEN_GROUPS: 'D,E',
    THROTTLE_RATE: '100',
    THROTTLE_BURST: '500',
    ALARM_QUEUE_URL: `${QUEUES}/alarms`,
    ALARM_QUEUE_ARN: 'arn:aws:sqs:us-east-1:000000000000:alarms',
    FUNCTION_QUEUE_URL: `${QUEUES}/function`,
    SCHEDULE_GROUP: 'alarms',
    SCHEDULE_ROLE_ARN: 'arn:aws:iam::000000000000:role/scheduler',
    SCHEDULE_DLQ_ARN: 'arn:aws:sqs:us-east-1:000000000000:undelivered',
    CONNECTIONS_URL: 'https://sockets.example/ws',
  });
  return { place, streamArn: table?.StreamArn ?? '', env };
};

/** Puts rows as they are, a batch to a request. */
export const putRows = async ({ client, name }: Table, rows: readonly Item[]): Promise<void> => {
  for (let at = 0; at < rows.length; at += BATCH_WRITE) {
    const batch = rows.slice(at, at + BATCH_WRITE).map((row) => ({ PutRequest: { Item: row } }));
    await client.send(new BatchWriteCommand({ RequestItems: { [name]: batch } }));
  }
};

/** The table for what is not counted. */
export const openUnmetered = ({ place }: MeterTables, name: string): Table =>
  openTable(name, new DynamoDBClient(place));
