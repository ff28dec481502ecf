/** Messages of steps, on their way to queues of others. */
import type { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { createStepQueues } from '../../lib/adapters/sqs/step-queues.ts';

const STANDARD = 'https://sqs.eu-central-1.amazonaws.com/123456789012/orders';
const FIFO = 'https://sqs.eu-central-1.amazonaws.com/123456789012/ledger.fifo';

const queuesThat = (answer: () => Promise<unknown>) => {
  const sent: SendMessageCommand['input'][] = [];
  const send = (command: SendMessageCommand): Promise<unknown> => {
    sent.push(command.input);
    return answer();
  };
  return { sent, queues: createStepQueues({ orders: STANDARD, ledger: FIFO }, { send }) };
};

describe('a message of a step', () => {
  it('says which run it is of, so that a receiver can tell a copy', async () => {
    const { sent, queues } = queuesThat(async () => ({}));
    await queues.send('orders', '{"id":7}', '42~tell~1');
    expect(sent).toEqual([
      {
        QueueUrl: STANDARD,
        MessageBody: '{"id":7}',
        MessageAttributes: { 'Idempotency-Key': { DataType: 'String', StringValue: '42~tell~1' } },
      },
    ]);
  });

  it('is dropped by a FIFO queue that has it, and keeps its place among those of its transaction', async () => {
    const { sent, queues } = queuesThat(async () => ({}));
    await queues.send('ledger', '{}', '42~tell~1');
    expect(sent).toMatchObject([{ QueueUrl: FIFO, MessageDeduplicationId: '42~tell~1', MessageGroupId: '42' }]);
  });

  it('goes to no queue that has no name here', async () => {
    const { sent, queues } = queuesThat(async () => ({}));
    expect(queues.names).toEqual(['orders', 'ledger']);
    for (const name of ['other', 'constructor', STANDARD]) {
      await expect(queues.send(name, '{}', '42~tell~1')).rejects.toThrow('There is no queue');
    }
    expect(sent).toEqual([]);
  });

  it('that may not have got there is a fault', async () => {
    const { queues } = queuesThat(() => Promise.reject(new Error('AccessDenied')));
    await expect(queues.send('orders', '{}', '42~tell~1')).rejects.toThrow('AccessDenied');
  });
});
