import { validateHeaderName, validateHeaderValue } from 'node:http';
import * as z from 'zod';
import { type Control, type Ending, type Executor, errorText } from '../handlers.ts';
import type { AddressGuard } from './address-guard.ts';
import { type GuardedRequest, guardedRequest, RefusedError } from './guarded-request.ts';
import { withPayload } from './payload.ts';

const url = z.string().refine((text) => URL.canParse(text), 'is no URL');
const headers = z.record(z.string(), z.string()).superRefine((given, context) => {
  for (const [name, value] of Object.entries(given)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (error) {
      context.addIssue({ code: 'custom', path: [name], message: errorText(error) });
    }
  }
});

const httpPayload = z.object({
  url,
  // CONNECT would open a tunnel, TRACE would echo the credentials.
  method: z
    .string()
    .toUpperCase()
    .pipe(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']))
    .default('GET'),
  headers: headers.default({}),
  body: z.string().optional(),
});

const callbackPayload = z.object({
  url,
  method: z
    .string()
    .toUpperCase()
    .pipe(z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']))
    .default('POST'),
  data: z.unknown(),
});

/** A request as the payload says; a 2xx answer is success, the exit code is the HTTP status. */
export const createHttp = (guard: AddressGuard): Executor =>
  withPayload(httpPayload, (payload, _task, control) =>
    request({ ...payload, body: payload.body, signal: control.stopping }, guard, control),
  );

/** Sends `data` as JSON; a 2xx answer is success. A GET has no body. */
export const createHttpCallback = (guard: AddressGuard): Executor =>
  withPayload(callbackPayload, ({ url, method, data }, _task, control) => {
    const body = method === 'GET' || data === undefined ? undefined : JSON.stringify(data);
    const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    return request({ url, method, headers, body, signal: control.stopping }, guard, control);
  });

async function request(
  outgoing: Omit<GuardedRequest, 'maxChars'>,
  guard: AddressGuard,
  control: Control,
): Promise<Ending> {
  try {
    const { status, statusText, body } = await guardedRequest({ ...outgoing, maxChars: control.outputChars }, guard);
    const common = { exitCode: status, ...(body === '' ? {} : { output: body }) };
    if (status >= 200 && status < 300) return { outcome: 'succeeded', ...common };
    return { outcome: 'failed', reason: 'handler_failed', ...common, error: `HTTP ${status} ${statusText}`.trimEnd() };
  } catch (error) {
    if (error instanceof RefusedError) return { outcome: 'failed', reason: 'refused', error: error.message };
    // The abort itself says nothing; the reason for it is said by whoever stopped the attempt.
    if (control.stopping.aborted) return { outcome: 'failed', error: errorText(control.stopping.reason) };
    return { outcome: 'failed', reason: 'handler_failed', error: connectionText(error) };
  }
}

/** When several addresses were tried, the error holds one for each and no text of its own. */
function connectionText(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorText).join('; ');
  return errorText(error);
}
