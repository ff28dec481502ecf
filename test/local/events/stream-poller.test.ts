import {
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  ListTablesCommand,
  PutItemCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DynamoDbLocal, startDynamoDbLocal } from '../../../lib/local/aws/dynamodb-local.ts';
import { startStreamPoller } from '../../../lib/local/events/stream-poller.ts';
import type { LambdaStreamRecord } from '../../../lib/local/events/stream-record.ts';
import { requireJava } from '../../../lib/local/preflight.ts';
import type { StreamSource } from '../../../lib/local/template/application.ts';
import { credentials, ok, recordingInvoke, silent } from '../support.ts';

const region = 'us-east-1';
let database: DynamoDbLocal;
let tables: DynamoDBClient;
let streams: DynamoDBStreamsClient;

beforeAll(async () => {
  const java = await requireJava();
  database = await startDynamoDbLocal({ java, logger: silent, onEnd: () => undefined });
  await database.ready;
  const config = { endpoint: database.endpoint, region, credentials: credentials('key1') };
  tables = new DynamoDBClient(config);
  streams = new DynamoDBStreamsClient(config);
});
afterAll(async () => {
  tables.destroy();
  streams.destroy();
  await database.stop();
});

const createTable = async (TableName: string): Promise<string> => {
  const { TableDescription } = await tables.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  );
  await tables.send(
    new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true } }),
  );
  return TableDescription?.LatestStreamArn ?? '';
};

const put = (TableName: string, pk: string, ttl?: number) =>
  tables.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, ...(ttl && { ttl: { N: String(ttl) } }) } }));

const poll = (streamArn: string, more: Partial<StreamSource> = {}) => {
  const { invoke, invocations } = recordingInvoke(() => ok({ state: {}, batchItemFailures: [] }));
  const source: StreamSource = {
    ...{ functionArn: 'fn', streamArn, startingPosition: 'TRIM_HORIZON', batchSize: 100, batchingWindowMs: 0 },
    ...{ tumblingWindowMs: 0, maxRetries: 1, maxRecordAgeMs: Number.POSITIVE_INFINITY, bisects: false },
    ...{ reportsItemFailures: true, onFailureArn: undefined, filters: [] },
    ...more,
  };
  const sendToFailures = async (): Promise<void> => undefined;
  const poller = startStreamPoller({ client: streams, source, region, invoke, sendToFailures, logger: silent });
  const seen = (): readonly LambdaStreamRecord[] =>
    invocations.flatMap(({ event }) => event.Records as LambdaStreamRecord[]);
  return { poller, seen, invocations };
};

const summary = (seen: readonly LambdaStreamRecord[]) =>
  seen.map(({ eventName, dynamodb }) => `${eventName} ${(dynamodb.Keys.pk as { S: string }).S}`);

describe('a stream’s event source', () => {
  it('hands over what its filters pass, in order, from before it began', async () => {
    const streamArn = await createTable('filtered');
    await put('filtered', 'RUN#1');
    await put('filtered', 'SESSION#1');
    const { poller, seen } = poll(streamArn, {
      filters: ['{"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"RUN#"}]}}}}'],
    });
    await put('filtered', 'RUN#2');
    await tables.send(new DeleteItemCommand({ TableName: 'filtered', Key: { pk: { S: 'RUN#1' } } }));
    await expect.poll(() => summary(seen())).toEqual(['INSERT RUN#1', 'INSERT RUN#2', 'REMOVE RUN#1']);
    await poller.stop();
    expect(seen()[2]).toMatchObject({
      eventSource: 'aws:dynamodb',
      eventSourceARN: streamArn,
      awsRegion: region,
      dynamodb: { OldImage: { pk: { S: 'RUN#1' } }, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
    expect(seen()[2]).not.toHaveProperty('userIdentity');
  });

  it('tells a deletion by TTL as AWS does, so that a filter can leave it out', async () => {
    const streamArn = await createTable('expiring');
    const { poller, seen } = poll(streamArn, { filters: ['{"eventName":["REMOVE"]}'] });
    await put('expiring', 'RUN#1', Math.floor(Date.now() / 1_000) - 5);
    // DynamoDB Local looks for expired items every 10 s.
    await expect.poll(() => summary(seen()), { timeout: 25_000 }).toEqual(['REMOVE RUN#1']);
    await poller.stop();
    expect(seen()[0]?.userIdentity).toEqual({ type: 'Service', principalId: 'dynamodb.amazonaws.com' });
  });

  it('cuts batches by size', async () => {
    const streamArn = await createTable('sized');
    for (const pk of ['a', 'b', 'c', 'd', 'e']) {
      await put('sized', pk);
    }
    const { poller, seen, invocations } = poll(streamArn, { batchSize: 2 });
    await expect.poll(() => seen().length).toBe(5);
    await poller.stop();
    expect(invocations.map(({ event }) => (event.Records as unknown[]).length)).toEqual([2, 2, 1]);
  });

  it('names the shard in a tumbling window and closes the window when it is over', async () => {
    const streamArn = await createTable('windowed');
    await put('windowed', 'a');
    const { poller, invocations } = poll(streamArn, { tumblingWindowMs: 1_000 });
    await expect
      .poll(() => invocations.map(({ event }) => event.isFinalInvokeForWindow), { timeout: 15_000 })
      .toEqual([false, true]);
    await poller.stop();
    expect(invocations[0]?.event).toMatchObject({ shardId: expect.stringMatching(/^shardId-/), state: {} });
    expect(invocations[1]?.event).toMatchObject({ Records: [] });
    expect(invocations[1]?.event.window).toEqual(invocations[0]?.event.window);
  });

  it('refuses a filter that it does not understand', () => {
    expect(() => poll('arn', { filters: ['{"a":[{"numeric":[">",1]}]}'] })).toThrow(/does not know/);
  });
});

it('a caller with another access key finds an empty database, and no web page may read', async () => {
  const stranger = new DynamoDBClient({ endpoint: database.endpoint, region, credentials: credentials('key2') });
  await createTable('private');
  expect((await stranger.send(new ListTablesCommand({}))).TableNames).toEqual([]);
  stranger.destroy();
  const preflight = await fetch(database.endpoint, { method: 'OPTIONS', headers: { origin: 'http://example.com' } });
  expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
});
