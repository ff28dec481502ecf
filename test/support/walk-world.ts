/** Both functions of the HTTP API and the workers' socket over the same users and keys: what the authorization walk plays. */
import { createMemoryIdentityStores } from '../../lib/adapters/memory/identity/stores.ts';
import { createMemoryConnectionStore } from '../../lib/adapters/memory/sessions.ts';
import { createMemoryIdempotencyStore } from '../../lib/adapters/memory/side-stores.ts';
import { createLocalSigning } from '../../lib/adapters/memory/signing-key.ts';
import { createBcryptPasswords } from '../../lib/adapters/passwords/bcrypt.ts';
import { createTokenVerifier } from '../../lib/adapters/tokens/token-verifier.ts';
import type { Engine, Inbound } from '../../lib/application/api.ts';
import type { Caller, Identity, NewKey } from '../../lib/application/identity/api.ts';
import { createAuthentication } from '../../lib/application/identity/authentication.ts';
import { createFrameAccess } from '../../lib/application/identity/frame-access.ts';
import { createIdentity } from '../../lib/application/identity/identity.ts';
import { createTokenMaker } from '../../lib/application/identity/make-token.ts';
import type { SigningPort } from '../../lib/application/ports/identity.ts';
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
import { createFakeEngine, NOW } from './fake-engine.ts';
import { type Answered, call, type HttpRequest } from './http-event.ts';
import { seeded } from './seeded.ts';

export const PASSWORD = 'password123';
export const ISSUER = 'cronsaga-test';
export const OTHER_ISSUER: Issuer = {
  issuer: 'https://issuer.example.com',
  audience: ['cronsaga'],
  roleClaim: 'groups',
  roles: { operators: 'admin', everyone: 'user' },
};

/** The cheapest that bcrypt has: what is tested here is not its work. */
const BCRYPT_COST = 4;
const FROM = { address: '192.0.2.1', requestId: 'set-up' };

export type WalkWorld = Awaited<ReturnType<typeof createWalkWorld>>;

export const createWalkWorld = async () => {
  let at = NOW;
  const now = () => at;
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
    passwords: createBcryptPasswords({ cost: BCRYPT_COST }),
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
  const fakeEngine = createFakeEngine(now);
  const api = createApiHandler({ engine: fakeEngine, admission, record: stores.audit.append, logger, now });
  const identityHandler = createIdentityHandler({ identity, admission, logger, now });

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
  /** `keeper` remains the admin of whom one must. */
  await addUser('keeper', 'admin');

  return {
    now,
    pass: (ms: number) => {
      at += ms;
    },
    signing,
    otherSigning,
    identity,
    setUp,
    runs: fakeEngine.runs,
    received,
    addUser,
    login: async (username: string) => {
      const answer = await identity.login({ name: username, password: PASSWORD }, FROM);
      if (answer.kind !== 'ok') {
        throw new Error(`${username} could not log in: ${answer.kind}`);
      }
      return answer.tokens;
    },
    addKey: async (key: NewKey) => {
      const made = await identity.createKey(key, setUp);
      if (made.kind !== 'created') {
        throw new Error(`The key could not be made: ${made.kind}`);
      }
      return made;
    },
    /** A token as we make them, of another issuer, key or time. */
    forge: (by: SigningPort, issuer: string) => createTokenMaker({ signing: by, issuer, now }),
    send: (request: string, asked?: HttpRequest): Promise<Answered> => {
      const path = request.split(' ')[1] ?? '';
      const isIdentity = /^\/(?:api\/(?:auth|users|audit)|\.well-known)/.test(path);
      return call(isIdentity ? identityHandler : api, request, asked);
    },
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
