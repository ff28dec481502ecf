/**
 * What the edges may ask of identity. Everything here is a value: a wrong password, a taken name or a spent token is an
 * answer, never an exception; only faults throw.
 */
import type { KeyRole, Principal, Scope, UserRole } from '../../domain/identity/access.ts';
import type { ApiKey } from '../../domain/identity/api-key.ts';
import type { AuditAction, AuditEntry } from '../../domain/identity/audit.ts';
import type { User, UserChange } from '../../domain/identity/user.ts';
import type { AuditFilter, PublicJwk } from '../ports/identity.ts';

export type { UserChange };

/** Where a request comes from, for the audit log and the limits. */
export type Origin = {
  /** The caller's IP address. */
  readonly address: string;
  /** `X-Request-Id` of the answer. */
  readonly requestId: string;
};

/** Who makes a request, from where. */
export type Caller = Origin & { readonly principal: Principal };

export type Tokens = { readonly access: string; readonly refresh: string };

export type LoginResult =
  | { readonly kind: 'ok'; readonly tokens: Tokens; readonly user: User }
  /** Wrong password, unknown, disabled or deleted user: nothing tells them apart. */
  | { readonly kind: 'wrong' }
  /** `retryAt`: epoch ms. */
  | { readonly kind: 'limited'; readonly retryAt: number }
  | { readonly kind: 'busy' };

export type NewUser = {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly role: UserRole;
};

export type NewKey = {
  /** Absent: the caller's own user. Another's takes `users:admin`. */
  readonly owner?: string;
  readonly name: string;
  readonly role: KeyRole;
  /** Absent: all that the role may. */
  readonly scopes?: readonly Scope[];
  readonly pools: readonly string[];
  /** Epoch ms. */
  readonly expiresAt?: number;
};

/** A key with its text, which is shown this once. */
export type MadeKey = { readonly key: ApiKey; readonly text: string };

export type AuditPage = {
  /** Newest first. */
  readonly entries: readonly AuditEntry[];
  /** Where the next page begins: pass it as `before`. Absent on the last. */
  readonly next?: number;
  /** The filter matched so few of the 2,000 entries examined that the page is not full. */
  readonly partial: boolean;
  /** Entries there are, whatever the filter. */
  readonly total: number;
};

export type Idempotent = { readonly key: string };

export type Identity = {
  readonly login: (input: { readonly name: string; readonly password: string }, from: Origin) => Promise<LoginResult>;
  readonly refresh: (
    token: string,
    from: Origin,
  ) => Promise<
    | { readonly kind: 'ok'; readonly tokens: Tokens }
    | { readonly kind: 'refused' }
    /** `retryAt`: epoch ms. */
    | { readonly kind: 'limited'; readonly retryAt: number }
  >;
  readonly logout: (caller: Caller) => Promise<void>;

  readonly getUser: (id: string) => Promise<User | undefined>;
  readonly listUsers: (page: {
    readonly offset: number;
    readonly limit: number;
  }) => Promise<{ readonly users: readonly User[]; readonly total: number }>;
  /**
   * `idempotency`: repeating it within 24 h answers with the same user. `not_held`: who makes a user must hold every scope
   * of one, or a key with `users:admin` alone could make itself an account that may do all.
   */
  readonly createUser: (
    input: NewUser,
    caller: Caller,
    idempotency?: Idempotent,
  ) => Promise<
    | { readonly kind: 'created'; readonly user: User }
    | { readonly kind: 'username_taken' | 'email_taken' | 'key_reused' | 'busy' | 'not_held' }
  >;
  /** `not_held`: as for `createUser`, where the change gives a role or makes its user active. */
  readonly updateUser: (
    id: string,
    change: UserChange,
    caller: Caller,
  ) => Promise<'done' | 'not_found' | 'username_taken' | 'email_taken' | 'last_admin' | 'not_held'>;
  readonly deleteUser: (id: string, caller: Caller) => Promise<'done' | 'not_found' | 'last_admin'>;
  /** All logins of the user end. A wrong old password counts as a failed login. */
  readonly changePassword: (
    id: string,
    passwords: { readonly old: string; readonly new: string },
    caller: Caller,
  ) => Promise<
    { readonly kind: 'done' | 'wrong' | 'busy' | 'not_found' } | { readonly kind: 'limited'; readonly retryAt: number }
  >;

  /** `not_held`, `outlives`: nobody gives away what they do not hold themselves, nor for longer than their own key lives. */
  readonly createKey: (
    input: NewKey,
    caller: Caller,
    idempotency?: Idempotent,
  ) => Promise<
    | ({ readonly kind: 'created' } & MadeKey)
    | { readonly kind: 'not_held'; readonly what: string }
    | { readonly kind: 'outlives' }
    | { readonly kind: 'no_owner' | 'too_many' | 'made_before' | 'key_reused' }
  >;
  /** The caller's own, or (with `users:admin`) another's. `forbidden`: it is another's. */
  readonly listKeys: (owner: string | undefined, caller: Caller) => Promise<readonly ApiKey[] | 'forbidden'>;
  readonly revokeKey: (
    id: string,
    owner: string | undefined,
    caller: Caller,
  ) => Promise<'done' | 'not_found' | 'forbidden'>;
  /** A new text; the old one is taken for `overlapMs` more. */
  readonly rollKey: (
    id: string,
    owner: string | undefined,
    overlapMs: number,
    caller: Caller,
  ) => Promise<
    ({ readonly kind: 'rolled' } & MadeKey) | { readonly kind: 'not_found' | 'forbidden' | 'not_held' | 'outlives' }
  >;

  readonly listAudit: (
    page: { readonly before?: number; readonly limit: number; readonly skip: number },
    filter: AuditFilter,
  ) => Promise<AuditPage>;
  readonly publicKeys: () => Promise<readonly PublicJwk[]>;
};

export type RefusedCredential = {
  readonly kind: 'refused';
  readonly reason: 'expired' | 'revoked' | 'invalid';
};

/** What every function that takes requests needs: who is it, and the record of those who were turned away. */
export type Authentication = {
  /**
   * @param credential an access token or an API key, as it came after `Bearer`
   * @returns its principal as of this moment: both rows behind it are read anew each time
   */
  readonly authenticate: (
    credential: string,
  ) => Promise<{ readonly kind: 'principal'; readonly principal: Principal } | RefusedCredential>;
  /**
   * Records that somebody was turned away. At most one entry a minute for one address and reason and function instance: a
   * flood of forged tokens must not become a flood of writes.
   */
  readonly recordRefusal: (refusal: {
    readonly action: Extract<AuditAction, 'access.refused' | 'worker.refused'>;
    readonly actor: string;
    readonly entity: string;
    readonly reason: string;
    readonly from: Origin;
  }) => Promise<void>;
};
