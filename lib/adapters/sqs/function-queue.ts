import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { FunctionQueuePort } from '../../application/ports/function-pool.ts';
import { encodeFunctionOrder } from '../../contracts/function-order.ts';
import { AWS_CALL, type Sender } from '../aws-call.ts';

/** Orders go by SQS: it keeps them while every execution of the function is taken. */
export const createFunctionQueue = (
  queueUrl: string,
  client: Sender<SendMessageCommand> = new SQSClient(AWS_CALL),
): FunctionQueuePort => ({
  send: async (order) => {
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: encodeFunctionOrder(order) }));
  },
});
