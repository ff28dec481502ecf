/**
 * The local guard. On a developer's machine some API groups are open and the worker runs shell commands, so any web page
 * that could reach the stack could run a shell. Pages are kept out by what a browser cannot forge:
 *
 * | what                 | allowed                                                    | closes                                   |
 * | -------------------- | ---------------------------------------------------------- | ---------------------------------------- |
 * | listening address    | 127.0.0.1                                                  | other machines                           |
 * | `Host`               | localhost, 127.0.0.1, [::1], any port                      | DNS rebinding                            |
 * | `Origin`             | absent, or one of these hosts at the port of `Host`        | pages of other sites and of other ports  |
 * | `Sec-Fetch-Site`     | absent, same-origin, none; else only a navigation by GET   | `<img>` and other requests without Origin |
 * | `Content-Type`       | JSON; absent only outside a browser or without a body      | "simple" requests without a preflight    |
 *
 * A command-line client may leave the content type out (it is then read as JSON); a browser may not, because a `Blob`
 * without a type makes a page's POST "simple". `curl -d` names a form type by itself and is told which header to add.
 */
import type { IncomingHttpHeaders } from 'node:http';

export type Refusal = { readonly status: 400 | 403 | 415; readonly error: string };

const LOCAL_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?$/i;
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json$/i;
const METHODS_WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

type Asked = { readonly method: string; readonly headers: IncomingHttpHeaders };

const isOwnOrigin = (origin: string, hostPort: string): boolean => {
  const match = /^http:\/\/(.+)$/i.exec(origin);
  const host = LOCAL_HOST.exec(match?.[1] ?? '');
  return host !== null && (host[1] ?? '80') === hostPort;
};

/** Refuses what a page of another site can send. Holds for every local server, HTTP and WebSocket alike. */
export const refuseForeign = ({ method, headers }: Asked): Refusal | undefined => {
  const host = LOCAL_HOST.exec(headers.host ?? '');
  if (!host) {
    return { status: 403, error: 'Host not allowed: call localhost, 127.0.0.1 or [::1]' };
  }
  const { origin } = headers;
  if (origin !== undefined && !isOwnOrigin(origin, host[1] ?? '80')) {
    return { status: 403, error: 'Origin not allowed: the local stack serves its own pages only' };
  }
  const site = headers['sec-fetch-site'];
  const isForeignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (isForeignSite && !(method === 'GET' && headers['sec-fetch-mode'] === 'navigate')) {
    return { status: 403, error: 'Request from another site not allowed' };
  }
  return undefined;
};

const hasBody = (headers: IncomingHttpHeaders): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

const isFromBrowser = (headers: IncomingHttpHeaders): boolean =>
  headers.origin !== undefined || headers['sec-fetch-site'] !== undefined;

/** Refuses a body that is declared as something else than JSON, for the routes of the application. */
export const refuseContentType = ({ method, headers }: Asked): Refusal | undefined => {
  if (!METHODS_WITH_BODY.has(method)) {
    return undefined;
  }
  const type = headers['content-type'];
  if (type === undefined ? !(hasBody(headers) && isFromBrowser(headers)) : JSON_TYPE.test(mediaType(type))) {
    return undefined;
  }
  return { status: 415, error: 'Content-Type must be application/json' };
};

const mediaType = (contentType: string): string => (contentType.split(';')[0] ?? '').trim();

/**
 * The signer's access key id of an AWS request. The endpoints that speak AWS protocols take only requests signed with
 * the key of this start, which is random: the signature itself is not checked.
 */
export const accessKeyOf = (headers: IncomingHttpHeaders): string | undefined =>
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\//.exec(headers.authorization ?? '')?.[1];
