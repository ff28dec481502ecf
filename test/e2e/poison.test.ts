/** Messages that nobody can read among those that matter. */
import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestStack, type TestStack } from '../support/local-stack.ts';
import { until } from '../support/until.ts';

const POISON = [
  '{not json',
  '[]',
  '{"key":{"kind":"planet","id":"1"},"g":1}',
  '{"key":{"kind":"run","id":"1"},"g":-1}',
];

const RECEIVES = 3;

let app: TestStack | undefined;
let sqs: SQSClient | undefined;

beforeAll(async () => {
  app = await startTestStack({ engine: 'aws', worker: true });
});

afterAll(async () => {
  sqs?.destroy();
  await app?.stop();
}, 30_000);

it('poison in the queue ends in the dead letters, its reason in the log, and keeps nothing else from going on', {
  timeout: 90_000,
}, async () => {
  if (!app?.stack.aws) {
    throw new Error('There is no queue');
  }
  const { client, log, ended, stack } = app;
  const { sqs: endpoint, region, credentials, queueUrls } = stack.aws ?? app.stack.aws;
  const queue = (name: string): string => Object.entries(queueUrls).find(([id]) => id.startsWith(name))?.[1] ?? '';
  const queries = new SQSClient({ endpoint, region, credentials });
  sqs = queries;
  const { Attributes: declared } = await queries.send(
    new GetQueueAttributesCommand({ QueueUrl: queue('Alarms'), AttributeNames: ['All'] }),
  );
  const redrive = JSON.parse(declared?.RedrivePolicy ?? '{}') as Record<string, unknown>;
  expect(redrive.maxReceiveCount).toBeGreaterThan(RECEIVES);
  // As often as declared, each time later, would take minutes.
  const RedrivePolicy = JSON.stringify({ ...redrive, maxReceiveCount: RECEIVES });
  await queries.send(new SetQueueAttributesCommand({ QueueUrl: queue('Alarms'), Attributes: { RedrivePolicy } }));

  // Alarms of these tasks come among the poison.
  const executeAt = Date.now() + 4_000;
  const tasks = await Promise.all(
    Array.from({ length: 6 }, () => client.create({ executeAt, type: 'shell', payload: { command: 'echo fine' } })),
  );
  const Entries = POISON.map((MessageBody, at) => ({ Id: String(at), MessageBody, DelaySeconds: 1 }));
  await queries.send(new SendMessageBatchCommand({ QueueUrl: queue('Alarms'), Entries }));

  for (const { id } of tasks) {
    expect(await ended(id)).toMatchObject({ status: 'completed', attempts: 1 });
  }
  const dead = new Map<string, string>();
  await until(
    'every poison message among the dead letters',
    async () => {
      const { Messages = [] } = await queries.send(
        new ReceiveMessageCommand({ QueueUrl: queue('FailedAlarms'), MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
      );
      for (const { MessageId = '', Body = '' } of Messages) {
        dead.set(MessageId, Body);
      }
      return dead.size >= POISON.length ? true : undefined;
    },
    60_000,
  );
  expect(new Set(dead.values())).toEqual(new Set(POISON));

  const told = log()
    .split('\n')
    .filter((line) => line.includes('An alarm could not be handled'))
    .map((line) => JSON.parse(line) as { readonly body: string; readonly received: string; readonly error: unknown });
  for (const body of POISON) {
    const lines = told.filter((line) => line.body === body);
    expect(lines.map(({ received }) => Number(received))).toEqual([1, 2, 3]);
    expect(lines.every(({ error }) => error !== undefined)).toBe(true);
  }
});
