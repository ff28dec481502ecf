/** One HTTP request, redirects included, that reaches only addresses which the guard lets through. */
import { lookup as systemLookup } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { createHeadTail } from '../text.ts';
import type { AddressGuard } from './address-guard.ts';

export type GuardedRequest = {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
  /** Of a longer response the beginning and the end are kept. */
  readonly maxChars: number;
};
export type GuardedResponse = { readonly status: number; readonly statusText: string; readonly body: string };

/** The address or the scheme is not allowed: nothing was sent there. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

const MAX_REDIRECTS = 5;
/** What comes after so much is not read: it is more than is kept of any output. */
const MAX_RESPONSE_BYTES = 10 * 1024 * 1024;
/** Credentials are meant for the origin they were written for (as in fetch). */
const CREDENTIAL_HEADERS = ['authorization', 'cookie', 'proxy-authorization'];
/** They belong to the connection, or are computed from the body. */
const CONNECTION_HEADERS = [
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
];

export async function guardedRequest(first: GuardedRequest, guard: AddressGuard): Promise<GuardedResponse> {
  let request: GuardedRequest = { ...first, headers: without(first.headers, CONNECTION_HEADERS) };
  for (let redirects = 0; ; redirects += 1) {
    const response = await send(request, guard);
    const location = response.headers.location;
    const status = response.statusCode ?? 0;
    if (location === undefined || ![301, 302, 303, 307, 308].includes(status)) {
      return { status, statusText: response.statusMessage ?? '', body: await readBody(response, first.maxChars) };
    }
    response.destroy();
    if (redirects === MAX_REDIRECTS)
      throw new Error(`More than ${MAX_REDIRECTS} redirects, the last one to ${location}.`);
    request = redirected(request, status, location);
  }
}

function redirected(request: GuardedRequest, status: number, location: string): GuardedRequest {
  if (!URL.canParse(location, request.url)) throw new Error(`The server redirects to "${location}", which is no URL.`);
  const to = new URL(location, request.url);
  const sameOrigin = to.origin === new URL(request.url).origin;
  const headers = sameOrigin ? request.headers : without(request.headers, CREDENTIAL_HEADERS);
  const becomesGet = status === 303 ? request.method !== 'HEAD' : status < 303 && request.method === 'POST';
  if (!becomesGet) return { ...request, url: to.href, headers };
  return { ...request, url: to.href, method: 'GET', headers: without(headers, ['content-type']), body: undefined };
}

function send(request: GuardedRequest, guard: AddressGuard): Promise<IncomingMessage> {
  const url = new URL(request.url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new RefusedError(`${url.protocol} URLs are not requested, only http: and https:.`);
  }
  // An address in the URL is connected to without a lookup. URL has already turned 0x7f.1 and 2130706433 into 127.0.0.1.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const refusal = isIP(host) === 0 ? undefined : guard(host);
  if (refusal !== undefined) throw refused(url, refusal);
  const body = request.body === undefined ? undefined : Buffer.from(request.body);
  return new Promise((resolve, reject) => {
    const outgoing = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: request.method,
      headers: {
        'user-agent': 'cronsaga-worker',
        ...request.headers,
        ...(body === undefined ? {} : { 'content-length': String(body.length) }),
      },
      lookup: guardedLookup(url, guard),
      // A pooled socket would have been checked for another request.
      agent: false,
      signal: request.signal,
    });
    outgoing.once('socket', (socket) => checkPeer(socket, url, guard));
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** Resolves as the system does and hands on only allowed addresses: what is checked is what is connected to. */
function guardedLookup(url: URL, guard: AddressGuard): LookupFunction {
  return (hostname, options, callback) => {
    systemLookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '');
      const allowed = found.filter(({ address }) => guard(address) === undefined);
      const [first] = allowed;
      if (first === undefined) {
        const refusal = found.map(({ address }) => guard(address)).find((reason) => reason !== undefined);
        return callback(refused(url, refusal ?? 'it has no address'), '');
      }
      if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/** The second lock: whatever led to this connection, its peer's address decides before a byte is sent. */
function checkPeer(socket: Socket, url: URL, guard: AddressGuard): void {
  socket.prependOnceListener('connect', () => {
    const refusal = guard(socket.remoteAddress ?? '');
    if (refusal !== undefined) socket.destroy(refused(url, refusal));
  });
}

function refused(url: URL, refusal: string): RefusedError {
  return new RefusedError(
    `Refused: ${url.origin} leads to a place this worker may not reach: ${refusal}. ` +
      'If it is meant to, start the worker with --allow-network and that network.',
  );
}

async function readBody(response: IncomingMessage, maxChars: number): Promise<string> {
  const text = createHeadTail(maxChars);
  const decoder = new StringDecoder('utf8');
  let bytes = 0;
  for await (const chunk of response) {
    text.push(decoder.write(chunk));
    bytes += chunk.length;
    if (bytes > MAX_RESPONSE_BYTES) {
      text.push('… [the response is longer; the rest was not read]');
      break;
    }
  }
  return text.read();
}

function without(headers: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name.toLowerCase())));
}
