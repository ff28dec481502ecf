import type { RunOrder } from '../contracts/frames.ts';
import { MAX_BODY_BYTES } from '../contracts/limits.ts';
import { errorText } from './handlers.ts';
import { askHttpApi, FinalError, type HttpApi } from './http-api.ts';

export type LoadedPayload =
  | { readonly payload: unknown }
  | { readonly reason: 'bad_payload' | 'payload_unavailable' | 'refused'; readonly error: string };

/** The order's payload, parsed: from the frame, or over HTTP when it was too large for one. */
export async function loadPayload(order: RunOrder, source: HttpApi, signal: AbortSignal): Promise<LoadedPayload> {
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

const fetchText = (path: string, api: HttpApi, signal: AbortSignal): Promise<string> =>
  askHttpApi(path, api, { signal }, async (response) => {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) throw new FinalError(`the payload is larger than ${MAX_BODY_BYTES} bytes.`);
      parts.push(chunk);
    }
    return Buffer.concat(parts).toString('utf8');
  });
