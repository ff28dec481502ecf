/** API Gateway HTTP API events (payload format 2.0) as a gateway with a `$default` route makes them. */
import type { Context } from 'aws-lambda';
import type { HttpEvent, HttpResult } from '../../lib/platform/http/event.ts';

export type HttpRequest = {
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON with its content type; a text or bytes as they are. */
  readonly body?: object | string | Buffer;
  readonly requestId?: string;
};

const bodyOf = (body: HttpRequest['body']): Pick<HttpEvent, 'body' | 'isBase64Encoded'> => {
  if (body === undefined) {
    return { isBase64Encoded: false };
  }
  if (Buffer.isBuffer(body)) {
    return { body: body.toString('base64'), isBase64Encoded: true };
  }
  return { body: typeof body === 'string' ? body : JSON.stringify(body), isBase64Encoded: false };
};

/** @param request method and path, `GET /health?a=b` */
export const httpEvent = (
  request: string,
  { headers = {}, body, requestId = 'request-1' }: HttpRequest = {},
): HttpEvent => {
  const [method = '', target = ''] = request.split(' ');
  const [rawPath = '', ...query] = target.split('?');
  const isJson = typeof body === 'object' && !Buffer.isBuffer(body);
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString: query.join('?'),
    headers: { ...(isJson ? { 'content-type': 'application/json' } : {}), ...headers },
    requestContext: {
      accountId: '000000000000',
      apiId: 'api',
      domainName: 'localhost',
      domainPrefix: 'localhost',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
      requestId,
      routeKey: '$default',
      stage: '$default',
      time: '01/Jan/2030:00:00:00 +0000',
      timeEpoch: 0,
    },
    ...bodyOf(body),
  };
};

export const lambdaContext = (): Context => ({
  callbackWaitsForEmptyEventLoop: false,
  functionName: 'test',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:test',
  memoryLimitInMB: '256',
  awsRequestId: 'invocation-1',
  logGroupName: 'test',
  logStreamName: 'test',
  getRemainingTimeInMillis: () => 30_000,
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
});

export type HttpHandler = (event: HttpEvent, context: Context) => Promise<HttpResult>;

export type Answered = {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly json: () => unknown;
};

export const call = async (handler: HttpHandler, request: string, options?: HttpRequest): Promise<Answered> => {
  const { statusCode, headers = {}, body = '' } = await handler(httpEvent(request, options), lambdaContext());
  return { status: statusCode, headers, text: body, json: () => JSON.parse(body) as unknown };
};
