/** What the template's environment variables become on one machine. */
import type { Apis } from './gateway/server.ts';
import type { LocalFunction } from './template/application.ts';

export type LocalSettings = {
  readonly apis: Apis;
  readonly region: string;
  readonly port: number;
  /** SHA-256 (hex) of this start's worker token. */
  readonly workerTokenSha256: string;
};

/** `https://<api>.execute-api.<region>.amazonaws.com` is the gateway here, for both APIs. */
const localAddresses = (value: string, { apis, region, port }: LocalSettings): string =>
  [apis.http, apis.webSocket].reduce((text, api) => {
    const host = `://${api?.apiId}.execute-api.${region}.amazonaws.com`;
    return text
      .replaceAll(`https${host}`, `http://127.0.0.1:${port}`)
      .replaceAll(`wss${host}`, `ws://127.0.0.1:${port}`);
  }, value);

/** A stage's configuration holds no token for the local stack: each start makes its own. */
const WORKER_TOKEN = 'WORKER_TOKEN_SHA256';

export const withLocalEnvironment = (functions: readonly LocalFunction[], settings: LocalSettings): LocalFunction[] =>
  functions.map((definition) => ({
    ...definition,
    environment: Object.fromEntries(
      Object.entries(definition.environment).map(([name, value]) => [
        name,
        name === WORKER_TOKEN ? settings.workerTokenSha256 : localAddresses(value, settings),
      ]),
    ),
  }));

export const openGroupsOf = (functions: readonly LocalFunction[]): string[] => {
  const groups = functions.flatMap(({ environment }) => (environment.OPEN_GROUPS ?? '').split(','));
  return [...new Set(groups)].filter((group) => group !== '');
};
