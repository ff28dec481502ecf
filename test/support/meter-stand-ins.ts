/** SDK clients whose requests are answered in this process: the SDK's own work on both sides of the wire is real. */
import { Readable } from 'node:stream';
import { ApiGatewayManagementApiClient } from '@aws-sdk/client-apigatewaymanagementapi';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';

export const REGION = 'us-east-1';
const PLACE = { region: REGION, credentials: { accessKeyId: 'meter', secretAccessKey: 'meter' } };

type Request = { readonly path: string; readonly body?: unknown };
type Answer = (path: string, body: string) => object | undefined;

/** A request handler of the SDK that sends nothing. */
const answering = (answer: Answer) => ({
  handle: async ({ path, body }: Request) => {
    const text = typeof body === 'string' ? body : new TextDecoder().decode(body as Uint8Array);
    const json = answer(path, text);
    const bytes = Buffer.from(json === undefined ? '' : JSON.stringify(json));
    return { response: { statusCode: 200, headers: {}, body: Readable.from([bytes]) } };
  },
  metadata: { handlerProtocol: 'http/1.1' },
});

const sendRequest = z.object({ MessageBody: z.string(), DelaySeconds: z.number().default(0) });

export const createQueueClient = (onSend: (body: string, delayMs: number) => void): SQSClient =>
  new SQSClient({
    ...PLACE,
    // It would compare the answer's hash of the body.
    md5: false,
    requestHandler: answering((_path, body) => {
      const { MessageBody, DelaySeconds } = sendRequest.parse(JSON.parse(body));
      onSend(MessageBody, DelaySeconds * 1_000);
      return { MessageId: 'message' };
    }),
  });

const scheduleRequest = z.object({
  ScheduleExpression: z.string().regex(/^at\(.{19}\)$/),
  Target: z.object({ Input: z.string() }),
});

export const createSchedulerClient = (onSchedule: (input: string, fireAt: number) => void): SchedulerClient =>
  new SchedulerClient({
    ...PLACE,
    requestHandler: answering((_path, body) => {
      const { ScheduleExpression, Target } = scheduleRequest.parse(JSON.parse(body));
      onSchedule(Target.Input, Date.parse(`${ScheduleExpression.slice(3, -1)}Z`));
      return { ScheduleArn: 'arn' };
    }),
  });

export const createSocketsClient = (onPost: (conn: string, text: string) => void): ApiGatewayManagementApiClient =>
  new ApiGatewayManagementApiClient({
    ...PLACE,
    endpoint: 'https://sockets.example/ws',
    requestHandler: answering((path, body) => {
      onPost(decodeURIComponent(path.slice(path.lastIndexOf('/') + 1)), body);
      return undefined;
    }),
  });
