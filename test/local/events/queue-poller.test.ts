import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startQueueServer } from '../../../lib/local/aws/queue-server.ts';
import { failedItems, startQueuePoller } from '../../../lib/local/events/queue-poller.ts';
import type { Outcome } from '../../../lib/local/functions/invocation.ts';
import type { QueueSource } from '../../../lib/local/template/application.ts';
import { until } from '../../support/until.ts';
import { credentials, failed, ok, recordingInvoke, silent } from '../support.ts';

const region = 'us-east-1';
let server: Awaited<ReturnType<typeof startQueueServer>>;
let client: SQSClient;

beforeAll(async () => {
  server = await startQueueServer('key1');
  client = new SQSClient({ endpoint: server.endpoint, region, credentials: credentials('key1') });
});
afterAll(async () => {
  client.destroy();
  await server.stop();
});

const urlOf = (name: string) => `${server.endpoint}/000000000000/${name}`;
const arnOf = (name: string) => `arn:aws:sqs:${region}:000000000000:${name}`;

/** A queue whose messages come again after a second and are given up after the second time. */
const createQueue = async (name: string) => {
  await client.send(new CreateQueueCommand({ QueueName: `${name}-dlq` }));
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf(`${name}-dlq`), maxReceiveCount: 2 });
  await client.send(new CreateQueueCommand({ QueueName: name, Attributes: { VisibilityTimeout: '1', RedrivePolicy } }));
};

const send = (name: string, ...bodies: string[]) =>
  client.send(
    new SendMessageBatchCommand({
      QueueUrl: urlOf(name),
      Entries: bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody })),
    }),
  );

const left = async (name: string): Promise<number> => {
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: urlOf(name), AttributeNames: ['All'] }),
  );
  return Number(Attributes?.ApproximateNumberOfMessages) + Number(Attributes?.ApproximateNumberOfMessagesNotVisible);
};

type Record = { readonly messageId: string; readonly body: string };
const recordsOf = (event: Readonly<{ [key: string]: unknown }>) => event.Records as readonly Record[];

const poll = (name: string, answer: (records: readonly Record[]) => Outcome, more: Partial<QueueSource> = {}) => {
  const recorded = recordingInvoke((event) => answer(recordsOf(event)));
  const source: QueueSource = {
    functionArn: 'fn',
    queueArn: arnOf(name),
    batchSize: 10,
    batchingWindowMs: 0,
    maxConcurrency: 2,
    reportsItemFailures: true,
    ...more,
  };
  const { invoke } = recorded;
  const poller = startQueuePoller({ client, source, queueUrl: urlOf(name), region, invoke, logger: silent });
  const bodies = () => recorded.invocations.flatMap(({ event }) => recordsOf(event).map(({ body }) => body));
  return { poller, bodies, invocations: recorded.invocations };
};

const failuresOf = (records: readonly Record[], body: string): Outcome =>
  ok({ batchItemFailures: records.filter((it) => it.body === body).map((it) => ({ itemIdentifier: it.messageId })) });

describe('a queue’s event source', () => {
  it('deletes what succeeded and brings the failed again, then to the dead-letter queue', async () => {
    await createQueue('partial');
    await send('partial', 'good', 'poison', 'fine');
    const { poller, bodies } = poll('partial', (records) => failuresOf(records, 'poison'));
    await expect.poll(() => left('partial-dlq'), { timeout: 20_000 }).toBe(1);
    await poller.stop();
    expect(bodies().filter((body) => body === 'good')).toHaveLength(1);
    expect(bodies().filter((body) => body === 'fine')).toHaveLength(1);
    expect(bodies().filter((body) => body === 'poison')).toHaveLength(2);
    expect(await left('partial')).toBe(0);
    const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl: urlOf('partial-dlq') }));
    expect(Messages?.map(({ Body }) => Body)).toEqual(['poison']);
  });

  it('brings the whole batch again when the function fails', async () => {
    await createQueue('failing');
    await send('failing', 'a', 'b');
    const { poller, bodies } = poll('failing', () => failed, { reportsItemFailures: false });
    await expect.poll(() => left('failing-dlq'), { timeout: 20_000 }).toBe(2);
    await poller.stop();
    expect(bodies().filter((body) => body === 'a')).toHaveLength(2);
  });

  it('hands records over in Lambda’s form', async () => {
    await createQueue('form');
    await send('form', 'x');
    const { poller, invocations } = poll('form', () => ok({ batchItemFailures: [] }));
    await expect.poll(() => left('form')).toBe(0);
    await poller.stop();
    expect(invocations[0]?.event).toEqual({
      Records: [
        expect.objectContaining({
          body: 'x',
          eventSource: 'aws:sqs',
          eventSourceARN: arnOf('form'),
          awsRegion: region,
          receiptHandle: expect.any(String),
          attributes: expect.objectContaining({ ApproximateReceiveCount: '1' }),
        }),
      ],
    });
  });

  it('handles as many batches side by side as it may, and finishes them when it stops', async () => {
    await createQueue('parallel');
    const release = Promise.withResolvers<Outcome>();
    const recorded = recordingInvoke(() => release.promise);
    const source = {
      ...{ functionArn: 'fn', queueArn: arnOf('parallel'), batchSize: 1, batchingWindowMs: 0, maxConcurrency: 2 },
      reportsItemFailures: false,
    };
    const { invoke, invocations } = recorded;
    const poller = startQueuePoller({ client, source, queueUrl: urlOf('parallel'), region, invoke, logger: silent });
    await send('parallel', 'a', 'b', 'c');
    await expect.poll(() => invocations.length).toBe(2);
    const stopped = poller.stop();
    release.resolve(ok(null));
    await stopped;
    expect(invocations).toHaveLength(2);
    expect(await left('parallel')).toBe(1);
  });

  it('has no more than 40 messages handled at a time, however many batches it may', async () => {
    await createQueue('many');
    const bodies = Array.from({ length: 50 }, (_, index) => String(index));
    for (let at = 0; at < bodies.length; at += 10) {
      await send('many', ...bodies.slice(at, at + 10));
    }
    const gate = Promise.withResolvers<void>();
    let inHand = 0;
    let most = 0;
    let handled = 0;
    const source: QueueSource = {
      ...{ functionArn: 'fn', queueArn: arnOf('many'), batchSize: 10, batchingWindowMs: 0 },
      ...{ maxConcurrency: 100, reportsItemFailures: true },
    };
    const invoke = async (_arn: string, event: unknown): Promise<Outcome> => {
      const { length } = recordsOf(event as Readonly<{ [key: string]: unknown }>);
      inHand += length;
      most = Math.max(most, inHand);
      if (inHand === 40) {
        gate.resolve();
      }
      await gate.promise;
      inHand -= length;
      handled += length;
      return ok({});
    };
    const poller = startQueuePoller({ client, source, queueUrl: urlOf('many'), region, invoke, logger: silent });
    await until('all are handled', () => (handled >= 50 ? true : undefined));
    await poller.stop();
    expect(most).toBe(40);
  });

  it('gathers a batch over its window', async () => {
    await createQueue('window');
    await send('window', '1', '2', '3', '4', '5', '6', '7', '8');
    await send('window', '9', '10', '11', '12');
    const { poller, invocations } = poll('window', () => ok(null), { batchSize: 12, batchingWindowMs: 5_000 });
    await expect.poll(() => invocations.length, { timeout: 10_000 }).toBe(1);
    await poller.stop();
    expect(recordsOf(invocations[0]?.event ?? {})).toHaveLength(12);
  });
});

describe('the failed items of an answer', () => {
  const ids = ['a', 'b'];
  it.each<[string, Outcome, readonly string[]]>([
    ['none named', ok({ batchItemFailures: [] }), []],
    ['no list', ok({}), []],
    ['nothing answered', ok(null), []],
    ['an empty list entry', ok({ batchItemFailures: null }), []],
    ['one', ok({ batchItemFailures: [{ itemIdentifier: 'b' }] }), ['b']],
    ['an id that was not in the batch', ok({ batchItemFailures: [{ itemIdentifier: 'z' }] }), ids],
    ['an empty id', ok({ batchItemFailures: [{ itemIdentifier: '' }] }), ids],
    ['another shape', ok({ batchItemFailures: ['b'] }), ids],
    ['a failure', failed, ids],
  ])('%s', (_name, outcome, expected) => {
    expect(failedItems(outcome, ids)).toEqual(expected);
  });
});

it('the queue server takes no request without the key of its start, from no other host and from no web page', async () => {
  const ask = (headers: Readonly<{ [key: string]: string }>) =>
    fetch(server.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.ListQueues', ...headers },
      body: '{}',
    });
  const signed = (key: string) => `AWS4-HMAC-SHA256 Credential=${key}/20261121/us-east-1/sqs/aws4_request`;
  expect((await ask({})).status).toBe(403);
  expect((await ask({ authorization: signed('other') })).status).toBe(403);
  expect((await ask({ authorization: signed('key1'), origin: 'http://example.com' })).status).toBe(403);
  expect((await ask({ authorization: signed('key1') })).status).toBe(200);
});
