import type { RunOrder } from '../contracts/frames.ts';
import { MAX_BODY_BYTES } from '../contracts/limits.ts';
import { errorText } from './handlers.ts';

export type PayloadSource = { readonly httpUrl: string; readonly token: string };
export type LoadedPayload =
  | { readonly payload: unknown }
  | { readonly reason: 'bad_payload' | 'payload_unavailable' | 'refused'; readonly error: string };

const FETCH_TRIES = 3;
const FETCH_TIMEOUT_MS = 10_000;
const FETCH_PAUSE_MS = 500;

/** The order's payload, parsed: from the frame, or over HTTP when it was too large for one. */
export async function loadPayload(order: RunOrder, source: PayloadSource, signal: AbortSignal): Promise<LoadedPayload> {
  let text = order.payload;
  if (text === undefined && order.payloadPath !== undefined) {
    try {
      text = await fetchText(order.payloadPath, source, signal);
    } catch (error) {
      const why = `The payload could not be fetched from ${source.httpUrl}: ${errorText(error)}`;
      return {
        reason: 'payload_unavailable',
        error: `${why} If the HTTP API is elsewhere, give the worker its --http-url.`,
      };
    }
  }
  if (text === undefined) return { reason: 'bad_payload', error: 'The order carries no payload.' };
  try {
    return { payload: JSON.parse(text) };
  } catch (error) {
    return { reason: 'bad_payload', error: `The payload is not JSON: ${errorText(error)}` };
  }
}

/** The HTTP API beside a WebSocket URL, where both are served from one origin (as the local stack does). */
export function httpUrlBeside(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol === 'wss:' ? 'https:' : 'http:'}//${host}`;
}

async function fetchText(path: string, source: PayloadSource, signal: AbortSignal): Promise<string> {
  // Joined as text and checked: a path such as //elsewhere must not take the token to another host.
  const url = new URL(source.httpUrl.replace(/\/$/, '') + path);
  if (url.origin !== new URL(source.httpUrl).origin) throw new Error(`the path ${path} leaves the HTTP API.`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fetchOnce(url, source.token, signal);
    } catch (error) {
      if (attempt === FETCH_TRIES || signal.aborted || error instanceof FinalError) throw error;
      await new Promise((resolve) => setTimeout(resolve, attempt * FETCH_PAUSE_MS));
    }
  }
}

/** Asking again would get the same answer. */
class FinalError extends Error {}

async function fetchOnce(url: URL, token: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${token}` },
    // A redirect could carry the token elsewhere.
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)]),
  });
  if (!response.ok) {
    await response.body?.cancel();
    const message = `HTTP ${response.status} for ${url.pathname}.`;
    throw response.status >= 500 || response.status === 429 ? new Error(message) : new FinalError(message);
  }
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new FinalError(`the payload is larger than ${MAX_BODY_BYTES} bytes.`);
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}
