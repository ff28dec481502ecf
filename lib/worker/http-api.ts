/** Requests to the control plane's HTTP API, for what is too large for a frame. */

export type HttpApi = { readonly httpUrl: string; readonly token: string };

const TRIES = 3;
const TIMEOUT_MS = 10_000;
const PAUSE_MS = 500;

/** Asking again would get the same answer. */
export class FinalError extends Error {}

type Asked = { readonly method?: 'PUT'; readonly body?: string; readonly signal?: AbortSignal };

/**
 * @param read takes the answer; it is asked for again where reading fails
 * @throws what went wrong the last time
 */
export async function askHttpApi<T>(
  path: string,
  api: HttpApi,
  asked: Asked,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  // Joined as text and checked: a path such as //elsewhere must not take the token to another host.
  const url = new URL(api.httpUrl.replace(/\/$/, '') + path);
  if (url.origin !== new URL(api.httpUrl).origin) throw new Error(`the path ${path} leaves the HTTP API.`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read(await askOnce(url, api.token, asked));
    } catch (error) {
      if (attempt === TRIES || asked.signal?.aborted || error instanceof FinalError) throw error;
      await new Promise((resolve) => setTimeout(resolve, attempt * PAUSE_MS));
    }
  }
}

async function askOnce(url: URL, token: string, { signal, ...asked }: Asked): Promise<Response> {
  const response = await fetch(url, {
    ...asked,
    headers: {
      authorization: `Bearer ${token}`,
      ...(asked.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    // A redirect could carry the token elsewhere.
    redirect: 'error',
    signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]),
  });
  if (response.ok) return response;
  await response.body?.cancel();
  const message = `HTTP ${response.status} for ${url.pathname}.`;
  throw response.status >= 500 || response.status === 429 ? new Error(message) : new FinalError(message);
}
