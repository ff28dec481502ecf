/** Events of a WebSocket API and of a queue, as Lambda hands them to a function. */
import type { APIGatewayProxyWebsocketEventV2, SQSEvent, SQSRecord } from 'aws-lambda';

import type { ConnectEvent } from '../../lib/platform/websocket/connect-handler.ts';

type SocketEvent = Pick<APIGatewayProxyWebsocketEventV2, 'requestContext' | 'body'>;

const EVENT_TYPES = { $connect: 'CONNECT', $default: 'MESSAGE', $disconnect: 'DISCONNECT' } as const;

const contextOf = (
  connectionId: string,
  routeKey: '$connect' | '$default' | '$disconnect',
  sourceIp = '192.0.2.1',
) => ({
  routeKey,
  messageId: 'message-1',
  eventType: EVENT_TYPES[routeKey],
  extendedRequestId: 'request-1',
  requestTime: '01/Jan/2030:00:00:00 +0000',
  messageDirection: 'IN' as const,
  stage: 'ws',
  connectedAt: 0,
  requestTimeEpoch: 0,
  requestId: 'request-1',
  domainName: 'sockets.example',
  connectionId,
  apiId: 'api',
  identity: { sourceIp },
});

/** @param authorization the header of the upgrade request; `X-Forwarded-For` and the like are the gateway's own */
export const connectEvent = (connectionId: string, authorization?: string, sourceIp?: string): ConnectEvent => ({
  requestContext: contextOf(connectionId, '$connect', sourceIp),
  ...(authorization === undefined ? {} : { headers: { Host: 'sockets.example', Authorization: authorization } }),
});

export const frameEvent = (connectionId: string, body: string): SocketEvent => ({
  requestContext: contextOf(connectionId, '$default'),
  body,
});

export const disconnectEvent = (connectionId: string): SocketEvent => ({
  requestContext: contextOf(connectionId, '$disconnect'),
});

export const queueRecord = (id: string, body: string, receives = 1): SQSRecord => ({
  messageId: id,
  receiptHandle: id,
  body,
  attributes: {
    ApproximateReceiveCount: String(receives),
    SentTimestamp: '0',
    SenderId: 'sender',
    ApproximateFirstReceiveTimestamp: '0',
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:queue',
  awsRegion: 'us-east-1',
});

export const queueEvent = (bodies: readonly string[]): SQSEvent => ({
  Records: bodies.map((body, index) => ({
    ...queueRecord(`message-${index}`, body),
    receiptHandle: `receipt-${index}`,
  })),
});
