/** The HTTP API: routes a request to its function and answers in API Gateway's own words when the function cannot. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Invoke } from '../functions/invocation.ts';
import { refuseContentType } from '../guard.ts';
import type { HttpApi } from '../template/application.ts';
import { readBody } from './body.ts';
import { decodePath, httpAnswer, httpEvent } from './http-event.ts';
import { compileRoutes } from './routes.ts';

/** Quota of an HTTP API, not adjustable. */
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;

export const sendJson = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
};

export type HttpGateway = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export const createHttpGateway = (options: {
  readonly api: HttpApi;
  readonly accountId: string;
  readonly invoke: Invoke;
}): HttpGateway => {
  const { api, accountId, invoke } = options;
  const match = compileRoutes(api.routes);
  return async (request, response) => {
    const refusal = refuseContentType({ method: request.method ?? '', headers: request.headers });
    if (refusal) {
      sendJson(response, refusal.status, { error: refusal.error });
      return;
    }
    const [rawPath = '/', ...search] = (request.url ?? '/').split('?');
    const path = decodePath(rawPath);
    if (!path?.startsWith('/')) {
      sendJson(response, 400, { message: 'Bad Request' });
      return;
    }
    const found = match(request.method ?? '', path);
    if (!found) {
      sendJson(response, 404, { message: 'Not Found' });
      return;
    }
    const body = await readBody(request, MAX_REQUEST_BYTES);
    if (!body) {
      sendJson(response, 413, { message: 'Request Entity Too Large' });
      return;
    }
    const now = new Date();
    const event = httpEvent({
      ...{ request, path, body, accountId, now, match: found },
      ...{ search: search.join('?'), apiId: api.apiId, stage: api.stage },
    });
    const outcome = await invoke(found.route.functionArn, event);
    const answer = outcome.ok ? httpAnswer(outcome.payload) : undefined;
    if (!answer) {
      const timedOut = !outcome.ok && outcome.reason === 'timed_out';
      sendJson(response, timedOut ? 503 : 500, { message: timedOut ? 'Service Unavailable' : 'Internal Server Error' });
      return;
    }
    response.writeHead(answer.status, {
      ...answer.headers,
      'apigw-requestid': event.requestContext.requestId,
      // A 204 and a 304 have no body and name no length.
      ...(answer.status === 204 || answer.status === 304 ? {} : { 'content-length': answer.body.length }),
    });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  };
};
