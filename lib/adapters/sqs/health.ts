import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AWS_CALL, HEALTH_CHECK_MS } from '../aws-call.ts';

/** Asks the alarm queue for its ARN. */
export const createQueueCheck =
  (queueUrl: string, client: Pick<SQSClient, 'send'> = new SQSClient(AWS_CALL)): (() => Promise<void>) =>
  async () => {
    await client.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] }), {
      abortSignal: AbortSignal.timeout(HEALTH_CHECK_MS),
    });
  };
