/** API Gateway's HTTP API events and answers (payload format 2.0), and how our answers are put into that form. */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Caller, Origin } from '../../application/identity/api.ts';

export type HttpEvent = APIGatewayProxyEventV2 & {
  /** Who calls. Left here by `admit`; a gateway's event has none. */
  caller?: Caller;
};
export type HttpResult = APIGatewayProxyStructuredResultV2;
type Headers = Readonly<Record<string, string>>;

export const textResult = (status: number, type: string, body: string, headers: Headers = {}): HttpResult => ({
  statusCode: status,
  headers: { 'content-type': `${type}; charset=utf-8`, ...headers },
  body,
});

export const jsonResult = (status: number, body: unknown, headers: Headers = {}): HttpResult =>
  textResult(status, 'application/json', JSON.stringify(body), headers);

/**
 * A header's value; the gateway hands names over in lower case, and several headers of one name joined by commas.
 */
export const headerOf = (event: HttpEvent, name: string): string | undefined => event.headers[name];

export const originOf = ({ requestContext }: HttpEvent): Origin => ({
  address: requestContext.http.sourceIp,
  requestId: requestContext.requestId,
});
