/** HTTP requests as events of payload format 2.0, and a function's answer as an HTTP response. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import type { RouteMatch } from './routes.ts';

/** Everything else reaches the function as base64. */
const TEXT_TYPE = /^(?:text\/|application\/(?:json|javascript|xml)\b|[\w.-]+\/[\w.-]+\+(?:json|xml)\b)/i;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `21/Nov/2026:09:04:28 +0000` */
export const logTime = (at: Date): string => {
  const day = String(at.getUTCDate()).padStart(2, '0');
  return `${day}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}:${at.toISOString().slice(11, 19)} +0000`;
};

export const sourceIpOf = (request: IncomingMessage): string =>
  (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');

/** Undefined when it is not valid percent-encoding. */
export const decodePath = (path: string): string | undefined => {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
};

/** A name that is given more than once arrives as one value, joined by commas. */
const queryOf = (search: URLSearchParams): Readonly<Record<string, string>> =>
  Object.fromEntries([...new Set(search.keys())].map((name) => [name, search.getAll(name).join(',')]));

const headersOf = (request: IncomingMessage): Readonly<Record<string, string>> => {
  const { cookie: _cookie, ...headers } = request.headers;
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(',') : value]],
    ),
  );
};

export type HttpEventInput = {
  readonly request: IncomingMessage;
  /** Percent-decoded, as an HTTP API hands it on. */
  readonly path: string;
  readonly search: string;
  readonly body: Buffer;
  readonly match: RouteMatch;
  readonly apiId: string;
  readonly accountId: string;
  readonly stage: string;
  readonly now: Date;
};

export const httpEvent = ({ request, path, search, body, match, apiId, accountId, stage, now }: HttpEventInput) => {
  const { cookie, host = '' } = request.headers;
  const query = new URLSearchParams(search);
  const isText = TEXT_TYPE.test(request.headers['content-type'] ?? '') && !request.headers['content-encoding'];
  return {
    version: '2.0',
    routeKey: match.route.routeKey,
    rawPath: path,
    rawQueryString: search,
    ...(cookie === undefined ? {} : { cookies: cookie.split('; ') }),
    headers: headersOf(request),
    ...(query.size === 0 ? {} : { queryStringParameters: queryOf(query) }),
    ...(match.pathParameters && { pathParameters: match.pathParameters }),
    requestContext: {
      accountId,
      apiId,
      domainName: host,
      domainPrefix: host.split('.')[0] ?? '',
      http: {
        method: request.method ?? 'GET',
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: sourceIpOf(request),
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: match.route.routeKey,
      stage,
      time: logTime(now),
      timeEpoch: now.getTime(),
    },
    ...(body.length === 0 ? {} : { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
};

export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
};

const answerSchema = z.object({
  statusCode: z.int().min(100).max(599),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).nullish(),
  cookies: z.array(z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

/**
 * An answer without a status code is taken as the JSON body of a 200. Undefined when API Gateway could make nothing of
 * it either.
 */
export const httpAnswer = (payload: unknown): HttpAnswer | undefined => {
  const hasStatus = typeof payload === 'object' && payload !== null && 'statusCode' in payload;
  if (!hasStatus) {
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
    };
  }
  const parsed = answerSchema.safeParse(payload);
  if (!parsed.success) {
    return undefined;
  }
  const { statusCode, headers, cookies, body, isBase64Encoded } = parsed.data;
  return {
    status: statusCode,
    headers: {
      'content-type': 'text/plain;charset=UTF-8',
      ...Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
      ...(cookies?.length ? { 'set-cookie': cookies } : {}),
    },
    body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'),
  };
};
