/** The identity function over memory stores, cheap bcrypt, a key of this process and a clock that stands still. */
import { createMemoryIdentityStores } from '../../lib/adapters/memory/identity/stores.ts';
import { createMemoryIdempotencyStore } from '../../lib/adapters/memory/side-stores.ts';
import { createLocalSigning } from '../../lib/adapters/memory/signing-key.ts';
import { createBcryptPasswords } from '../../lib/adapters/passwords/bcrypt.ts';
import { createTokenVerifier } from '../../lib/adapters/tokens/token-verifier.ts';
import { createAuthentication } from '../../lib/application/identity/authentication.ts';
import { createIdentity } from '../../lib/application/identity/identity.ts';
import type { IdentityPorts } from '../../lib/application/ports/identity.ts';
import { createIdentityHandler } from '../../lib/platform/http/identity-handler.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { makeSecret, makeToken } from '../../lib/platform/token.ts';
import { type Answered, call, type HttpHandler, type HttpRequest } from '../support/http-event.ts';
import { seeded } from '../support/seeded.ts';

export const NOW = Date.UTC(2030, 0, 1);
export const ADMIN = { username: 'admin', password: 'correct horse battery', email: 'admin@example.com' };

/** Of every user that a test makes. */
export const PASSWORD = 'password123';

/** The cheapest that bcrypt has: what is tested here is not its work. */
const BCRYPT_COST = 4;
const ISSUER = 'cronsaga-test';

export type Stores = ReturnType<typeof createMemoryIdentityStores>;
export type LogLine = Readonly<Record<string, unknown>>;
export type Body = { readonly code: number; readonly message: string; readonly data?: unknown };
export type CAnswer = Answered & { readonly body: Body };

export type CWorld = {
  readonly handler: HttpHandler;
  readonly stores: Stores;
  readonly logs: readonly LogLine[];
  /** Moves the clock. */
  readonly pass: (ms: number) => void;
  readonly send: (request: string, options?: HttpRequest) => Promise<CAnswer>;
  /** The same with the credential as `Bearer`. */
  readonly as: (credential: string, request: string, options?: HttpRequest) => Promise<CAnswer>;
  readonly login: (name: string, password: string) => Promise<{ readonly access: string; readonly refresh: string }>;
  /** The first admin's access token. */
  readonly loginAdmin: () => Promise<string>;
  /** A user made by an admin. */
  readonly addUser: (admin: string, username: string, role?: 'user' | 'admin') => Promise<number>;
};

/** @param spoil ports in place of the usual ones, made from them */
export const createCWorld = (
  spoil: (ports: IdentityPorts, stores: Stores) => Partial<IdentityPorts> = () => ({}),
  clock?: () => number,
): CWorld => {
  let at = NOW;
  const now = clock ?? (() => at);
  const logs: LogLine[] = [];
  const logger = createLogger({ level: 'debug', write: (line) => logs.push(JSON.parse(line) as LogLine) });
  const stores = createMemoryIdentityStores();
  const signing = createLocalSigning();
  const verify = createTokenVerifier({ publicKeys: () => signing.publicKeys(), issuer: ISSUER, issuers: [], now });
  const ports: IdentityPorts = {
    ...stores,
    passwords: createBcryptPasswords({ cost: BCRYPT_COST }),
    signing,
    verify,
    throttle: async () => ({ kind: 'taken' }),
    idempotency: createMemoryIdempotencyStore(),
    firstAdmin: async () => ADMIN,
    log: logger,
    issuer: ISSUER,
    now,
    chance: seeded(1),
    token: makeToken,
    secret: makeSecret,
  };
  const identity = createIdentity({ ...ports, ...spoil(ports, stores) });
  const handler = createIdentityHandler({
    identity,
    admission: {
      authentication: createAuthentication({
        credentials: stores.credentials,
        audit: stores.audit,
        verify,
        log: logger,
        now,
      }),
      throttle: async () => ({ kind: 'taken' }),
      openGroups: [],
    },
    logger,
    now,
  });
  const send: CWorld['send'] = async (request, options) => {
    const answered = await call(handler, request, options);
    return { ...answered, body: answered.json() as Body };
  };
  const login: CWorld['login'] = async (name, password) => {
    const { status, body } = await send('POST /api/auth/login', { body: { username: name, password } });
    if (status !== 200) {
      throw new Error(`${name} could not log in: ${status} ${body.message}`);
    }
    const { access_token, refresh_token } = body.data as { access_token: string; refresh_token: string };
    return { access: access_token, refresh: refresh_token };
  };
  const as: CWorld['as'] = (credential, request, { headers, ...options } = {}) =>
    send(request, { ...options, headers: { authorization: `Bearer ${credential}`, ...headers } });
  return {
    handler,
    stores,
    logs,
    pass: (ms) => {
      at += ms;
    },
    send,
    as,
    login,
    loginAdmin: async () => (await login(ADMIN.username, ADMIN.password)).access,
    addUser: async (admin, username, role = 'user') => {
      const body = { username, email: `${username}@example.com`, password: PASSWORD, role };
      const { status, body: answer } = await as(admin, 'POST /api/users', { body });
      if (status !== 201) {
        throw new Error(`${username} could not be made: ${status} ${answer.message}`);
      }
      return (answer.data as { id: number }).id;
    },
  };
};
