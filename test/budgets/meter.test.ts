/** The meter against what AWS bills, on the table as it is deployed. */
import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { openTestTable } from '../support/dynamodb-table.ts';
import { createMeter, meterDynamodb } from '../support/meter.ts';

const meter = createMeter();
let client: DynamoDBDocumentClient;
let TableName: string;

const text = (bytes: number): string => 'x'.repeat(bytes);
const key = (sk: string) => ({ pk: 'RUN#1', sk });
const row = (sk: string, fields: object = {}) => ({ ...key(sk), origin: 'h', queue: 'h', pool: 'p', ...fields });
const ready = { readyShard: 0, priority: 5, dueAt: 1, attempt: 0, g: 1, readyAt: 1 };

const put = (sk: string, fields: object = {}) => client.send(new PutCommand({ TableName, Item: row(sk, fields) }));
const set = (sk: string, name: string, value: unknown, also = '') =>
  client.send(
    new UpdateCommand({
      TableName,
      Key: key(sk),
      UpdateExpression: `SET #n = :v ${also}`,
      ExpressionAttributeNames: { '#n': name },
      ExpressionAttributeValues: { ':v': value },
    }),
  );
const query = (pk: string, ConsistentRead: boolean) =>
  client.send(
    new QueryCommand({
      TableName,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': pk },
      ConsistentRead,
    }),
  );
const addOne = (pk: string) => ({
  Update: {
    TableName,
    Key: { pk, sk: 'RUNS' },
    UpdateExpression: 'ADD n :one',
    ExpressionAttributeValues: { ':one': 1 },
  },
});

/** Units by target, of what `work` does after the meter was set to nothing. */
const unitsOf = async (work: () => Promise<unknown>): Promise<Record<string, number>> => {
  meter.reset();
  await work();
  return Object.fromEntries(
    meter
      .uses()
      .filter(({ reads, writes }) => reads + writes > 0)
      .map(({ target, reads, writes }) => [target ?? '', reads + writes]),
  );
};

beforeAll(async () => {
  const table = await openTestTable();
  TableName = table.name;
  const { credentials } = table.client.config;
  const { endpoint } = inject('dynamodb');
  const metered = meterDynamodb(meter, new DynamoDBClient({ endpoint, region: 'us-east-1', credentials }));
  client = DynamoDBDocumentClient.from(metered);
});
beforeEach(() => meter.reset());

describe('a write is billed', () => {
  it('by the kilobyte, and once more for each index that it enters', async () => {
    expect(await unitsOf(() => put('a'))).toEqual({ run: 1, 'index byOrigin': 1 });
    expect(await unitsOf(() => put('b', { text: text(1_900), ...ready }))).toEqual({
      run: 2,
      'index byOrigin': 1,
      'index ready': 1,
    });
  });

  it('by the larger of the row before and after', async () => {
    await put('c', { text: text(1_900) });
    expect(await unitsOf(() => set('c', 'text', 'short'))).toEqual({ run: 2 });
    expect(await unitsOf(() => set('c', 'text', text(2_900)))).toEqual({ run: 3 });
  });

  it('in an index only when it changes what the index holds, and twice when it moves the entry', async () => {
    await put('d', ready);
    expect(await unitsOf(() => set('d', 'status', 'ready'))).toEqual({ run: 1 });
    expect(await unitsOf(() => set('d', 'g', 2))).toEqual({ run: 1, 'index ready': 1 });
    expect(await unitsOf(() => set('d', 'priority', 1))).toEqual({ run: 1, 'index ready': 2 });
    expect(await unitsOf(() => set('d', 'status', 'x', 'REMOVE readyShard'))).toEqual({ run: 1, 'index ready': 1 });
  });

  it('also when its condition fails', async () => {
    await put('e');
    const refused = client.send(
      new PutCommand({ TableName, Item: row('e'), ConditionExpression: 'attribute_not_exists(pk)' }),
    );
    await expect(refused).rejects.toThrow(ConditionalCheckFailedException);
    expect(meter.uses().find(({ operation }) => operation === 'PutItem refused')).toMatchObject({ writes: 1 });
  });

  it('twice for each item of a transaction', async () => {
    const TransactItems = [addOne('COUNT'), addOne('COUNT#h'), addOne('STREAM#1')];
    const units = await unitsOf(() => client.send(new TransactWriteCommand({ TransactItems })));
    expect(units).toEqual({ counter: 6 });
  });
});

describe('a read is billed', () => {
  it('half when it is eventually consistent', async () => {
    await put('f');
    const get = (ConsistentRead: boolean) => client.send(new GetCommand({ TableName, Key: key('f'), ConsistentRead }));
    expect(await unitsOf(() => get(true))).toEqual({ run: 1 });
    expect(await unitsOf(() => get(false))).toEqual({ run: 0.5 });
  });

  it('also when it finds nothing', async () => {
    expect(await unitsOf(() => query('POOL#empty#0', true))).toEqual({ session: 1 });
    expect(await unitsOf(() => query('POOL#empty#0', false))).toEqual({ session: 0.5 });
  });
});
