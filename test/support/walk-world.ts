/**
 * Both functions of the HTTP API, over the whole engine on memory stores, and the workers' socket, all over the same users
 * and keys: what the authorization walk plays.
 */
import type * as z from 'zod';
import { createMemoryIdentityStores } from '../../lib/adapters/memory/identity/stores.ts';
import { createMemoryConnectionStore } from '../../lib/adapters/memory/sessions.ts';
import { createMemoryIdempotencyStore } from '../../lib/adapters/memory/side-stores.ts';
import { createLocalSigning } from '../../lib/adapters/memory/signing-key.ts';
import { createTokenVerifier } from '../../lib/adapters/tokens/token-verifier.ts';
import type { Engine, Inbound } from '../../lib/application/api.ts';
import type { Caller, Identity, NewKey } from '../../lib/application/identity/api.ts';
import { createAuthentication } from '../../lib/application/identity/authentication.ts';
import { createFrameAccess } from '../../lib/application/identity/frame-access.ts';
import { createIdentity } from '../../lib/application/identity/identity.ts';
import { createTokenMaker } from '../../lib/application/identity/make-token.ts';
import type { PasswordPort, SigningPort } from '../../lib/application/ports/identity.ts';
import type { Issuer } from '../../lib/contracts/issuer.ts';
import { ROLE_SCOPES } from '../../lib/domain/identity/access.ts';
import type { AuditEntry } from '../../lib/domain/identity/audit.ts';
import type { User } from '../../lib/domain/identity/user.ts';
import { createApiHandler } from '../../lib/platform/http/api-handler.ts';
import { createIdentityHandler } from '../../lib/platform/http/identity-handler.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { makeSecret, makeToken } from '../../lib/platform/token.ts';
import { createConnectHandler } from '../../lib/platform/websocket/connect-handler.ts';
import { createFrameHandler } from '../../lib/platform/websocket/frame-handler.ts';
import { createWorld } from './engine-world.ts';
import { type Answered, call, type HttpRequest } from './http-event.ts';
import { seeded } from './seeded.ts';
import { bearer } from './test-admission.ts';

export const PASSWORD = 'password123';
export const ISSUER = 'cronsaga-test';
export const OTHER_ISSUER: Issuer = {
  issuer: 'https://issuer.example.com',
  audience: ['cronsaga'],
  roleClaim: 'groups',
  roles: { operators: 'admin', everyone: 'user' },
};

/** In place of bcrypt, whose work would be most of the walk's time. */
const PLAIN: PasswordPort = {
  hash: async (password) => `plain ${password}`,
  matches: async (password, hash) => hash === `plain ${password}`,
};
const FROM = { address: '192.0.2.1', requestId: 'set-up' };

/** Notes each call of a use case before it is made. */
const noting = <T extends object>(use: T, note: () => void): T =>
  new Proxy(use, {
    get: (target, key) => {
      const part: unknown = Reflect.get(target, key);
      if (typeof part === 'object' && part !== null) {
        return noting(part, note);
      }
      return typeof part !== 'function'
        ? part
        : (...args: unknown[]): unknown => {
            note();
            return Reflect.apply(part, target, args);
          };
    },
  });

export type WalkWorld = Awaited<ReturnType<typeof createWalkWorld>>;

export const createWalkWorld = async () => {
  const { engine, now, pass } = createWorld();
  let used = 0;
  const note = (): void => {
    used += 1;
  };
  const logger = createLogger({ level: 'error', write: () => undefined });
  const stores = createMemoryIdentityStores();
  const connections = createMemoryConnectionStore();
  const signing = createLocalSigning();
  const otherSigning = createLocalSigning();
  const verify = createTokenVerifier({
    publicKeys: () => signing.publicKeys(),
    issuer: ISSUER,
    issuers: [OTHER_ISSUER],
    fetchJson: async () => {
      const bytes = new TextEncoder().encode(JSON.stringify({ keys: await otherSigning.publicKeys() }));
      return bytes.buffer;
    },
    now,
  });
  const identity: Identity = createIdentity({
    ...stores,
    ...{ signing, verify, issuer: ISSUER, log: logger, now, chance: seeded(1), token: makeToken, secret: makeSecret },
    passwords: PLAIN,
    throttle: async () => ({ kind: 'taken' }),
    idempotency: createMemoryIdempotencyStore(),
    firstAdmin: async () => undefined,
  });
  const authentication = createAuthentication({
    credentials: stores.credentials,
    audit: stores.audit,
    verify,
    log: logger,
    now,
  });
  const admission = {
    authentication,
    throttle: async () => ({ kind: 'taken' as const }),
    openGroups: [],
  };
  const api = createApiHandler({
    engine: noting(engine, note),
    admission,
    record: stores.audit.append,
    webSocketUrl: 'wss://ws.example.com/test',
    logger,
    now,
    pause: async (ms) => pass(ms),
  });
  const identityHandler = createIdentityHandler({ identity: noting(identity, note), admission, logger, now });

  const received: Inbound[] = [];
  const socketEngine: Pick<Engine, 'receiveFrame' | 'rejectFrame' | 'expel' | 'disconnect'> = {
    receiveFrame: async (inbound) => {
      received.push(inbound);
    },
    rejectFrame: async () => undefined,
    expel: async () => undefined,
    disconnect: async () => undefined,
  };

  const setUp: Caller = {
    ...FROM,
    principal: { kind: 'login', id: 'user:0', name: 'set-up', role: 'admin', scopes: ROLE_SCOPES.admin, pools: ['*'] },
  };
  const addUser = async (username: string, role: 'user' | 'admin'): Promise<User> => {
    const email = `${username}@example.com`;
    const made = await identity.createUser({ username, email, password: PASSWORD, role }, setUp);
    if (made.kind !== 'created') {
      throw new Error(`${username} could not be made: ${made.kind}`);
    }
    return made.user;
  };
  /** Remains the admin of whom one must. */
  const keeper = await addUser('keeper', 'admin');

  const addKey = async (key: NewKey) => {
    const made = await identity.createKey(key, setUp);
    if (made.kind !== 'created') {
      throw new Error(`The key could not be made: ${made.kind}`);
    }
    return made;
  };

  const send = (request: string, asked?: HttpRequest): Promise<Answered> => {
    const path = request.split(' ')[1] ?? '';
    const isIdentity = /^\/(?:api\/(?:auth|users|audit)|\.well-known)/.test(path);
    return call(isIdentity ? identityHandler : api, request, asked);
  };

  let keeperKey: string | undefined;
  /** What a caller is to find there: made by the keeper, who may do everything, also for any pool. */
  const prepare = async <T extends z.ZodType>(request: string, answered: T, body?: object): Promise<z.output<T>> => {
    keeperKey ??= (await addKey({ owner: keeper.id, name: 'keeper', role: 'admin', pools: ['*'] })).text;
    const answer = await send(request, { ...bearer(keeperKey), ...(body === undefined ? {} : { body }) });
    const parsed = answered.safeParse(answer.text === '' ? undefined : answer.json());
    if ((answer.status ?? 500) >= 300 || !parsed.success) {
      throw new Error(`${request}: ${answer.status} ${answer.text}`);
    }
    return parsed.data;
  };

  return {
    now,
    pass,
    signing,
    otherSigning,
    identity,
    setUp,
    received,
    /** How often a use case was called over HTTP. */
    used: () => used,
    addUser,
    login: async (username: string) => {
      const answer = await identity.login({ name: username, password: PASSWORD }, FROM);
      if (answer.kind !== 'ok') {
        throw new Error(`${username} could not log in: ${answer.kind}`);
      }
      return answer.tokens;
    },
    addKey,
    prepare,
    /** A token as we make them, of another issuer, key or time. */
    forge: (by: SigningPort, issuer: string) => createTokenMaker({ signing: by, issuer, now }),
    send,
    connect: createConnectHandler({ authentication, connections, logger, now }),
    frame: createFrameHandler({
      engine: socketEngine,
      access: createFrameAccess({
        connections,
        credentials: stores.credentials,
        audit: stores.audit,
        authentication,
        now,
      }),
      logger,
    }),
    audited: (): Promise<readonly AuditEntry[]> => stores.audit.newest({ limit: 100 }),
  };
};
