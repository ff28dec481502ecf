/** Identity over memory stores: instances of it share the stores as function instances share tables. */
import { createMemoryIdentityStores } from '../../../lib/adapters/memory/identity/stores.ts';
import { createMemoryIdempotencyStore } from '../../../lib/adapters/memory/side-stores.ts';
import { createLocalSigning } from '../../../lib/adapters/memory/signing-key.ts';
import { createTokenVerifier } from '../../../lib/adapters/tokens/token-verifier.ts';
import type {
  Authentication,
  Caller,
  Identity,
  NewUser,
  Origin,
  Tokens,
} from '../../../lib/application/identity/api.ts';
import { createAuthentication } from '../../../lib/application/identity/authentication.ts';
import { createIdentity } from '../../../lib/application/identity/identity.ts';
import type { IdentityPorts, PasswordPort } from '../../../lib/application/ports/identity.ts';
import type { Principal } from '../../../lib/domain/identity/access.ts';
import type { AuditAction, AuditEntry } from '../../../lib/domain/identity/audit.ts';
import type { User } from '../../../lib/domain/identity/user.ts';
import { seeded } from '../../support/seeded.ts';

export const NOW = Date.UTC(2030, 0, 1);
export const ADMIN = { username: 'admin', password: 'correct horse', email: 'admin@example.com' };
const ISSUER = 'cronsaga-test';

/** Its hash is the password itself, with a mark; it notes what it was asked to compare with. */
export type SpyPasswords = PasswordPort & { readonly compared: Array<string | undefined> };

const createSpyPasswords = (): SpyPasswords => {
  const compared: Array<string | undefined> = [];
  return {
    compared,
    hash: async (password) => `hash of ${password}`,
    matches: async (password, hash) => {
      compared.push(hash);
      return hash === `hash of ${password}`;
    },
  };
};

export const from = (address = '192.0.2.1'): Origin => ({ address, requestId: 'request' });

export type World = {
  readonly identity: Identity;
  readonly authentication: Authentication;
  /** One more function instance on the same tables. */
  readonly another: (over?: Partial<IdentityPorts>) => Identity;
  readonly ports: IdentityPorts;
  readonly passwords: SpyPasswords;
  readonly errors: readonly string[];
  readonly pass: (ms: number) => void;
  readonly login: (name: string, password: string, address?: string) => Promise<Tokens>;
  /** Whoever a credential stands for, as a caller. */
  readonly callerOf: (credential: string) => Promise<Caller>;
  readonly admin: () => Promise<Caller>;
  readonly newUser: (input: Partial<NewUser> & Pick<NewUser, 'username'>) => Promise<User>;
  /** Oldest first. */
  readonly audit: () => Promise<readonly AuditEntry[]>;
  readonly actions: () => Promise<readonly AuditAction[]>;
};

export const createWorld = (spoil: (ports: IdentityPorts) => Partial<IdentityPorts> = () => ({})): World => {
  let at = NOW;
  const errors: string[] = [];
  const ignore = (): void => undefined;
  const passwords = createSpyPasswords();
  const stores = createMemoryIdentityStores();
  const signing = createLocalSigning();
  const random = seeded(7);
  const letters = (length: number): string =>
    Array.from({ length }, () => Math.floor(random() * 36).toString(36)).join('');
  const now = (): number => at;
  const usual: IdentityPorts = {
    ...stores,
    passwords,
    signing,
    verify: createTokenVerifier({ publicKeys: () => stores.publicKeys.read(), issuer: ISSUER, issuers: [], now }),
    throttle: async () => ({ kind: 'taken' }),
    idempotency: createMemoryIdempotencyStore(),
    firstAdmin: async () => ADMIN,
    log: { debug: ignore, info: ignore, warn: ignore, error: (message) => errors.push(message) },
    issuer: ISSUER,
    now,
    chance: random,
    token: () => letters(22),
    secret: () => letters(43),
  };
  const ports: IdentityPorts = { ...usual, ...spoil(usual) };
  const identity = createIdentity(ports);
  const authentication = createAuthentication({ ...ports, credentials: stores.credentials });

  const login: World['login'] = async (name, password, address) => {
    const result = await identity.login({ name, password }, from(address));
    if (result.kind !== 'ok') {
      throw new Error(`${name} could not log in: ${result.kind}`);
    }
    return result.tokens;
  };
  const callerOf: World['callerOf'] = async (credential) => {
    const outcome = await authentication.authenticate(credential);
    if (outcome.kind !== 'principal') {
      throw new Error(`The credential is refused: ${outcome.reason}`);
    }
    return { principal: outcome.principal, ...from() };
  };
  const admin = async (): Promise<Caller> => callerOf((await login(ADMIN.username, ADMIN.password)).access);
  const audit = async (): Promise<readonly AuditEntry[]> => (await ports.audit.newest({ limit: 1_000 })).toReversed();

  return {
    identity,
    authentication,
    another: (over) => createIdentity({ ...ports, ...over }),
    ports,
    passwords,
    errors,
    pass: (ms) => {
      at += ms;
    },
    login,
    callerOf,
    admin,
    newUser: async ({
      username,
      email = `${username}@example.org`,
      password = `${username} secret`,
      role = 'user',
    }) => {
      const created = await identity.createUser({ username, email, password, role }, await admin());
      if (created.kind !== 'created') {
        throw new Error(`${username} was not created: ${created.kind}`);
      }
      return created.user;
    },
    audit,
    actions: async () => (await audit()).map(({ action }) => action),
  };
};

/** A principal that no credential was needed for. */
export const callerAs = (principal: Principal): Caller => ({ principal, ...from() });
