/** What identity needs from outside. Everything here reads consistently and writes conditionally. */
import type { ApiKey } from '../../domain/identity/api-key.ts';
import type { AuditAction, AuditDraft, AuditEntry } from '../../domain/identity/audit.ts';
import type { Login } from '../../domain/identity/login.ts';
import type { User } from '../../domain/identity/user.ts';
import type { IdempotencyStore, LogPort } from './index.ts';

/**
 * Users, with their unique names. Each change is one transaction: the row, the names it takes and gives back, the count of
 * users and active admins, and the audit entry that tells of it. So nothing changes without an entry, and no entry lies.
 */
export type UserStore = {
  readonly get: (id: string) => Promise<User | undefined>;
  /** Who holds a unique name. @param key from `usernameKey` or `emailKey` (lib/domain/identity/names.ts) */
  readonly findHolder: (key: string) => Promise<string | undefined>;
  /** Users that are not deleted, oldest first. */
  readonly list: (page: {
    readonly offset: number;
    readonly limit: number;
  }) => Promise<{ readonly users: readonly User[]; readonly total: number }>;
  /** `once`: only if this was never done before (the first admin). */
  readonly create: (
    user: User,
    audit: AuditDraft,
    once?: 'first_admin',
  ) => Promise<
    | { readonly kind: 'created' }
    | { readonly kind: 'taken'; readonly what: 'username' | 'email' }
    | { readonly kind: 'done_before' }
  >;
  /**
   * From one version of a user to the next, deleting included (`after.status`).
   * `changed`: somebody was faster. `last_admin`: no active admin would remain.
   */
  readonly replace: (
    before: User,
    after: User,
    audit: AuditDraft,
  ) => Promise<'done' | 'username_taken' | 'email_taken' | 'changed' | 'last_admin'>;
  /** Whether the first admin was ever made. */
  readonly hasFirstAdmin: () => Promise<boolean>;
};

export type LoginStore = {
  readonly create: (login: Login, audit: AuditDraft) => Promise<void>;
  /** Moves to the next generation, with its audit entry, if `generation` is the valid one. `reused`: it was spent before. */
  readonly rotate: (
    login: Pick<Login, 'user' | 'id' | 'generation'>,
    times: { readonly now: number; readonly expiresAt: number },
    audit: AuditDraft,
  ) => Promise<'rotated' | 'reused' | 'missing'>;
  /** Ends it, with its audit entry; nothing happens where it has ended. */
  readonly end: (login: Pick<Login, 'user' | 'id'>, audit: AuditDraft) => Promise<void>;
};

/** The number of live keys of one user, so that listing them is one page of reads. */
export const MAX_KEYS_PER_USER = 100;

export type KeyStore = {
  readonly create: (key: ApiKey, audit: AuditDraft) => Promise<'created' | 'too_many' | 'no_owner'>;
  readonly get: (owner: string, id: string) => Promise<ApiKey | undefined>;
  /** All of one owner's, oldest first. */
  readonly list: (owner: string) => Promise<readonly ApiKey[]>;
  readonly replace: (before: ApiKey, after: ApiKey, audit: AuditDraft) => Promise<'done' | 'changed'>;
  readonly revoke: (key: Pick<ApiKey, 'owner' | 'id'>, audit: AuditDraft) => Promise<'done' | 'missing'>;
};

/** Read on every request with a credential, both rows in one strongly consistent request, never cached. */
export type CredentialStore = {
  readonly login: (
    user: string,
    login: string,
  ) => Promise<{ readonly user: User | undefined; readonly login: Login | undefined }>;
  readonly key: (
    owner: string,
    key: string,
  ) => Promise<{ readonly owner: User | undefined; readonly key: ApiKey | undefined }>;
};

export type AuditFilter = { readonly actor?: string; readonly action?: AuditAction; readonly entity?: string };

export type AuditStore = {
  readonly append: (draft: AuditDraft) => Promise<void>;
  /** Entries with `seq < before` (absent: the newest), newest first, at most `limit`. */
  readonly newest: (page: { readonly before?: number; readonly limit: number }) => Promise<readonly AuditEntry[]>;
};

/** Failed tries, counted before the password is looked at, so that parallel ones cannot slip through. */
export type AttemptStore = {
  /**
   * Counts a try under `key` if fewer than `max` were counted within `windowMs` before `now`.
   * @returns `retryAt` (epoch ms): when the oldest of them leaves the window
   */
  readonly count: (
    key: string,
    limit: { readonly max: number; readonly windowMs: number; readonly now: number },
  ) => Promise<{ readonly kind: 'counted' } | { readonly kind: 'limited'; readonly retryAt: number }>;
  /** Takes back a try that was counted at `now`: it was no failure. */
  readonly uncount: (key: string, now: number) => Promise<void>;
  readonly clear: (key: string) => Promise<void>;
};

export type PasswordPort = {
  /** Each takes a quarter of a second of processor time: callers bound how many wait. */
  readonly hash: (password: string) => Promise<string>;
  /** Does the same work where there is no hash to compare with. */
  readonly matches: (password: string, hash: string | undefined) => Promise<boolean>;
};

/** A public key as the JWKS shows it (RFC 7517). */
export type PublicJwk = {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  readonly kid: string;
  readonly alg: 'ES256';
  readonly use: 'sig';
};

/** The keys that sign tokens. Only the identity function has this port. */
export type SigningPort = {
  /** The public keys, that of the signing key first. */
  readonly publicKeys: () => Promise<readonly PublicJwk[]>;
  /** ES256 over the signing input of a JWS, as raw `r || s` (RFC 7518 §3.4). */
  readonly sign: (input: string) => Promise<{ readonly kid: string; readonly signature: Uint8Array }>;
};

/** Where the public keys are published for the functions that verify. */
export type PublicKeyStore = {
  readonly read: () => Promise<readonly PublicJwk[]>;
  /** Adds and drops keys so that exactly these are published. */
  readonly publish: (keys: readonly PublicJwk[]) => Promise<void>;
};

/** Our own tokens' claims, checked: signature, issuer, audience, expiry and use. */
export type TokenClaims = {
  readonly use: 'access' | 'refresh';
  readonly user: string;
  readonly login: string;
  /** Of a refresh token. */
  readonly generation?: number;
};

export type VerifiedToken =
  | { readonly kind: 'own'; readonly claims: TokenClaims }
  /** Of another issuer that the stage trusts. */
  | { readonly kind: 'external'; readonly issuer: string; readonly subject: string; readonly role: 'user' | 'admin' }
  | {
      readonly kind: 'invalid';
      readonly reason: 'expired' | 'not_ours' | 'bad_signature' | 'wrong_use' | 'no_role' | 'malformed';
    };

export type TokenVerifier = (token: string, use: TokenClaims['use']) => Promise<VerifiedToken>;

/** A token bucket for each principal, shared by all function instances. */
export type ThrottleStore = {
  /**
   * Takes `tokens` at once (GCRA: `interval` ms each, `burst` of them at once).
   * @returns when to come again (epoch ms), where they are not to be had
   */
  readonly take: (
    key: string,
    asked: { readonly tokens: number; readonly intervalMs: number; readonly burst: number; readonly now: number },
  ) => Promise<{ readonly kind: 'taken' } | { readonly kind: 'refused'; readonly retryAt: number }>;
};

/** Everything that identity stores. */
export type IdentityStores = {
  readonly users: UserStore;
  readonly logins: LoginStore;
  readonly keys: KeyStore;
  readonly credentials: CredentialStore;
  readonly audit: AuditStore;
  readonly attempts: AttemptStore;
  readonly publicKeys: PublicKeyStore;
  readonly throttle: ThrottleStore;
};

/** What identity is made of. */
export type IdentityPorts = Omit<IdentityStores, 'throttle'> & {
  readonly passwords: PasswordPort;
  readonly signing: SigningPort;
  readonly verify: TokenVerifier;
  readonly idempotency: IdempotencyStore;
  /** Requests of a principal, as the edge counts them: a refresh tells who asks only in here. */
  readonly throttle: (
    key: string,
    tokens?: number,
  ) => Promise<{ readonly kind: 'taken' } | { readonly kind: 'refused'; readonly retryAt: number }>;
  /** The credentials that the first admin is to have, where the stage has any; asked for once. */
  readonly firstAdmin: () => Promise<
    { readonly username: string; readonly password: string; readonly email: string } | undefined
  >;
  readonly log: LogPort;
  /** `iss` of our tokens. */
  readonly issuer: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly chance: () => number;
  /** Unguessable text, 128 bits. */
  readonly token: () => string;
  /** Unguessable text, 256 bits, 43 characters of base64url. */
  readonly secret: () => string;
};

/** What a function needs to tell who calls it. */
export type AuthenticationPorts = {
  readonly credentials: CredentialStore;
  readonly audit: Pick<AuditStore, 'append'>;
  readonly verify: TokenVerifier;
  readonly log: LogPort;
  /** Epoch milliseconds. */
  readonly now: () => number;
};
