/** Events of a WebSocket API and of a queue, as Lambda hands them to a function. */
import type { APIGatewayProxyWebsocketEventV2, SQSEvent } from 'aws-lambda';

export const frameEvent = (
  connectionId: string,
  body: string,
): Pick<APIGatewayProxyWebsocketEventV2, 'requestContext' | 'body'> => ({
  requestContext: {
    routeKey: '$default',
    messageId: 'message-1',
    eventType: 'MESSAGE',
    extendedRequestId: 'request-1',
    requestTime: '01/Jan/2030:00:00:00 +0000',
    messageDirection: 'IN',
    stage: 'ws',
    connectedAt: 0,
    requestTimeEpoch: 0,
    requestId: 'request-1',
    domainName: 'sockets.example',
    connectionId,
    apiId: 'api',
  },
  body,
});

export const queueEvent = (bodies: readonly string[]): SQSEvent => ({
  Records: bodies.map((body, index) => ({
    messageId: `message-${index}`,
    receiptHandle: `receipt-${index}`,
    body,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: 'sender',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:queue',
    awsRegion: 'us-east-1',
  })),
});
