/** Checks of health are real calls, and end by themselves where nothing answers. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { createTableCheck } from '../../lib/adapters/dynamodb/health.ts';
import { createQueueCheck } from '../../lib/adapters/sqs/health.ts';

type Send = (command: unknown, options: { readonly abortSignal: AbortSignal }) => Promise<unknown>;

/** Never answers; gives up when it is told to, as the SDK does. */
const silent: Send = (_command, { abortSignal }) =>
  new Promise((_resolve, reject) => {
    abortSignal.addEventListener('abort', () => reject(abortSignal.reason));
  });

const tableWith = (send: Send) => {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'us-east-1' }));
  return { client: Object.assign(client, { send }), name: 'executions' };
};
const queueWith = (send: Send): Pick<SQSClient, 'send'> => ({ send: send as SQSClient['send'] });

describe('the check of the table', () => {
  it('reads one item', async () => {
    const sent: unknown[] = [];
    await createTableCheck(tableWith(async (command) => sent.push(command)))();
    expect(sent).toEqual([expect.any(GetCommand)]);
  });

  it('fails with the call, and where nothing answers', async () => {
    const fault = new Error('AccessDenied');
    await expect(createTableCheck(tableWith(() => Promise.reject(fault)))()).rejects.toBe(fault);
    await expect(createTableCheck(tableWith(silent))()).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('the check of the queue', () => {
  it('asks for an attribute', async () => {
    const sent: unknown[] = [];
    await createQueueCheck(
      'https://queue',
      queueWith(async (command) => sent.push(command)),
    )();
    expect(sent).toEqual([expect.any(GetQueueAttributesCommand)]);
  });

  it('fails with the call, and where nothing answers', async () => {
    const fault = new Error('AccessDenied');
    await expect(
      createQueueCheck(
        'q',
        queueWith(() => Promise.reject(fault)),
      )(),
    ).rejects.toBe(fault);
    await expect(createQueueCheck('q', queueWith(silent))()).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
