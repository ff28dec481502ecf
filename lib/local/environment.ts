/** What the template's environment variables become on one machine. */
import { type Admin, adminVariables, withoutAdmin } from './admin.ts';
import type { Apis } from './gateway/server.ts';
import type { LocalFunction } from './template/application.ts';

export type LocalSettings = {
  readonly apis: Apis;
  readonly region: string;
  readonly port: number;
  readonly admin: Admin;
};

type Variables = Readonly<Record<string, string>>;

/** `https://<api>.execute-api.<region>.amazonaws.com` is the gateway here, for both APIs. */
const localAddresses = (value: string, { apis, region, port }: LocalSettings): string =>
  [apis.http, apis.webSocket].reduce((text, api) => {
    const host = `://${api?.apiId}.execute-api.${region}.amazonaws.com`;
    return text
      .replaceAll(`https${host}`, `http://127.0.0.1:${port}`)
      .replaceAll(`wss${host}`, `ws://127.0.0.1:${port}`);
  }, value);

/** ARNs of the keys that sign tokens: only the identity function has them. There is no KMS here, so it makes a key. */
const TOKEN_KEYS = 'TOKEN_KEYS';
/** There is no Secrets Manager either: the first admin comes from the variables. */
const ADMIN_SECRET = 'ADMIN_SECRET_ARN';

const localIdentity = (variables: Variables, admin: Admin): Variables => {
  const { [ADMIN_SECRET]: _secret, ...others } = withoutAdmin(variables);
  return TOKEN_KEYS in others ? { ...others, [TOKEN_KEYS]: 'local', ...adminVariables(admin) } : others;
};

export const withLocalEnvironment = (functions: readonly LocalFunction[], settings: LocalSettings): LocalFunction[] =>
  functions.map((definition) => ({
    ...definition,
    environment: localIdentity(
      Object.fromEntries(
        Object.entries(definition.environment).map(([name, value]) => [name, localAddresses(value, settings)]),
      ),
      settings.admin,
    ),
  }));

export const openGroupsOf = (functions: readonly LocalFunction[]): string[] => {
  const groups = functions.flatMap(({ environment }) => (environment.OPEN_GROUPS ?? '').split(','));
  return [...new Set(groups)].filter((group) => group !== '');
};
