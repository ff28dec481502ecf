import { describe, expect, it } from 'vitest';
import { createDelivery } from '../../../lib/local/events/stream-delivery.ts';
import { type LambdaStreamRecord, toLambdaRecord } from '../../../lib/local/events/stream-record.ts';
import type { Outcome } from '../../../lib/local/functions/invocation.ts';
import type { StreamSource } from '../../../lib/local/template/application.ts';
import { failed, ok, recordingInvoke, silent } from '../support.ts';

const STREAM_ARN = 'arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/1';

const READ = { streamArn: STREAM_ARN, region: 'us-east-1', readAtMs: Date.UTC(2026, 10, 21, 9, 30, 45, 678) };

const source: StreamSource = {
  functionArn: 'fn',
  streamArn: STREAM_ARN,
  startingPosition: 'TRIM_HORIZON',
  batchSize: 100,
  batchingWindowMs: 0,
  tumblingWindowMs: 0,
  maxRetries: 1,
  maxRecordAgeMs: Number.POSITIVE_INFINITY,
  bisects: false,
  reportsItemFailures: true,
  onFailureArn: 'dlq',
  filters: [],
};

const records = (...numbers: number[]): LambdaStreamRecord[] =>
  numbers.map((number) =>
    toLambdaRecord(
      { eventName: 'INSERT', dynamodb: { Keys: { pk: { S: `k${number}` } }, SequenceNumber: String(number) } },
      READ,
    ),
  );

const numbersOf = (event: Readonly<Record<string, unknown>>): string[] =>
  (event.Records as LambdaStreamRecord[]).map(({ dynamodb }) => dynamodb.SequenceNumber);

const deliver = (more: Partial<StreamSource>, answer: (numbers: readonly string[]) => Outcome) => {
  const { invoke, invocations } = recordingInvoke((event) => answer(numbersOf(event)));
  const failures: unknown[] = [];
  const stopping = new AbortController();
  const delivery = createDelivery({
    source: { ...source, ...more },
    shardId: 'shard-1',
    invoke,
    sendToFailures: async (body) => {
      failures.push(JSON.parse(body));
    },
    logger: silent,
    stopping: stopping.signal,
  });
  return { delivery, failures, batches: () => invocations.map(({ event }) => numbersOf(event)), invocations, stopping };
};

const failsOn = (number: string) => (numbers: readonly string[]) => (numbers.includes(number) ? failed : ok(null));

describe('a batch of a stream', () => {
  it('is retried as often as it may and then pointed at in the failure destination', async () => {
    const { delivery, batches, failures } = deliver({}, () => failed);
    await delivery.deliver(records(1, 2), undefined);
    expect(batches()).toEqual([
      ['1', '2'],
      ['1', '2'],
    ]);
    expect(failures).toEqual([
      expect.objectContaining({
        requestContext: expect.objectContaining({ condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 }),
        DDBStreamBatchInfo: expect.objectContaining({
          shardId: 'shard-1',
          startSequenceNumber: '1',
          endSequenceNumber: '2',
          batchSize: 2,
          streamArn: STREAM_ARN,
        }),
      }),
    ]);
  });

  it('is cut in halves until only the bad record is given up', async () => {
    const { delivery, batches, failures } = deliver({ bisects: true }, failsOn('3'));
    await delivery.deliver(records(1, 2, 3, 4), undefined);
    expect(batches()).toEqual([['1', '2', '3', '4'], ['1', '2'], ['3', '4'], ['3'], ['3'], ['4']]);
    expect(failures).toEqual([
      expect.objectContaining({
        DDBStreamBatchInfo: expect.objectContaining({ startSequenceNumber: '3', endSequenceNumber: '3' }),
      }),
    ]);
  });

  it('goes on at the lowest item that failed', async () => {
    let isFirst = true;
    const { delivery, batches, failures } = deliver({}, () => {
      const failuresNow = isFirst ? ['3', '2'] : [];
      isFirst = false;
      return ok({ batchItemFailures: failuresNow.map((itemIdentifier) => ({ itemIdentifier })) });
    });
    await delivery.deliver(records(1, 2, 3), undefined);
    expect(batches()).toEqual([
      ['1', '2', '3'],
      ['2', '3'],
    ]);
    expect(failures).toEqual([]);
  });

  it('is given up when it is too old, whatever retries are left', async () => {
    const { delivery, batches, failures } = deliver({ maxRetries: 100, maxRecordAgeMs: -1 }, () => failed);
    await delivery.deliver(records(1), undefined);
    expect(batches()).toHaveLength(1);
    expect(failures).toEqual([
      expect.objectContaining({ requestContext: expect.objectContaining({ condition: 'RecordAgeExceeded' }) }),
    ]);
  });

  it('ends with its poller', async () => {
    const { delivery, batches, stopping } = deliver({ maxRetries: 100 }, () => {
      stopping.abort();
      return failed;
    });
    await delivery.deliver(records(1), undefined);
    expect(batches()).toHaveLength(1);
  });
});

describe('a tumbling window', () => {
  const windowed = { tumblingWindowMs: 10_000 };
  const window = () => ({ startMs: Date.UTC(2026, 10, 21, 9, 0, 0), state: {} });

  it('carries the state from batch to batch and closes without records', async () => {
    let calls = 0;
    const { delivery, invocations } = deliver(windowed, () => {
      calls += 1;
      return ok({ state: { calls } });
    });
    const current = window();
    await delivery.deliver(records(1), current);
    await delivery.deliver(records(2), current);
    await delivery.close(current);
    expect(invocations.map(({ event }) => ({ ...event, Records: numbersOf(event) }))).toEqual(
      [
        { Records: ['1'], state: {}, isFinalInvokeForWindow: false },
        { Records: ['2'], state: { calls: 1 }, isFinalInvokeForWindow: false },
        { Records: [], state: { calls: 2 }, isFinalInvokeForWindow: true },
      ].map((event) => ({
        ...event,
        window: { start: '2026-11-21T09:00:00Z', end: '2026-11-21T09:00:10Z' },
        shardId: 'shard-1',
        eventSourceARN: STREAM_ARN,
        isWindowTerminatedEarly: false,
      })),
    );
  });

  it('fails when the function does not answer with its state', async () => {
    const { delivery, failures } = deliver(windowed, () => ok({ batchItemFailures: [] }));
    await delivery.deliver(records(1), window());
    expect(failures).toHaveLength(1);
  });

  it('is closed again until that succeeds', async () => {
    let calls = 0;
    const { delivery } = deliver(windowed, () => {
      calls += 1;
      return calls < 3 ? failed : ok({ state: {} });
    });
    await delivery.close(window());
    expect(calls).toBe(3);
  });
});

describe('a record', () => {
  it('keeps bytes as base64 and instants as seconds', () => {
    const bytes = new Uint8Array([1, 2, 255]);
    const { dynamodb } = toLambdaRecord(
      {
        eventName: 'MODIFY',
        dynamodb: {
          ApproximateCreationDateTime: new Date(1_795_000_000_000),
          Keys: { pk: { S: 'a' } },
          NewImage: { b: { B: bytes }, bs: { BS: [bytes] }, m: { M: { l: { L: [{ B: bytes }, { N: '1' }] } } } },
          SequenceNumber: '7',
        },
      },
      READ,
    );
    expect(dynamodb.ApproximateCreationDateTime).toBe(1_795_000_000);
    expect(dynamodb.NewImage).toEqual({
      b: { B: 'AQL/' },
      bs: { BS: ['AQL/'] },
      m: { M: { l: { L: [{ B: 'AQL/' }, { N: '1' }] } } },
    });
  });

  it.each([
    ['a second', Date.UTC(2026, 10, 21, 9, 30, 12), Date.UTC(2026, 10, 21, 9, 30, 12)],
    [
      'the minute of its reading, as DynamoDB Local cuts it',
      Date.UTC(2026, 10, 21, 9, 30),
      Date.UTC(2026, 10, 21, 9, 30, 45),
    ],
    ['an earlier minute', Date.UTC(2026, 10, 21, 9, 28), Date.UTC(2026, 10, 21, 9, 28)],
  ])('was created in %s', (_name, instant, expected) => {
    const dynamodb = { ApproximateCreationDateTime: new Date(instant) };
    expect(toLambdaRecord({ dynamodb }, READ).dynamodb.ApproximateCreationDateTime).toBe(expected / 1_000);
  });
});
