/**
 * Who may do what: scopes, the roles that hold them, and the principal that a credential stands for. The table that
 * names the scope of each operation is `lib/contracts/authorization.ts`.
 */

/** `<area>:<action>`. `users:admin` is everything about users; `keys:write` is one's own API keys. */
export const SCOPES = [
  'jobs:read',
  'jobs:write',
  'runs:read',
  'runs:write',
  'flows:read',
  'flows:write',
  'workers:read',
  'workers:write',
  'workers:connect',
  'keys:write',
  'users:admin',
  'audit:read',
] as const;
export type Scope = (typeof SCOPES)[number];

const areaOf = (scope: Scope): string => scope.slice(0, scope.indexOf(':'));

/** What a key may be given: a scope, or all of an area (`runs:*`). */
export const SCOPE_PATTERNS: readonly string[] = [...SCOPES, ...new Set(SCOPES.map((scope) => `${areaOf(scope)}:*`))];

/** The scopes that patterns name, in the order of {@link SCOPES}. */
export const expandScopes = (patterns: readonly string[]): readonly Scope[] =>
  SCOPES.filter((scope) => patterns.includes(scope) || patterns.includes(`${areaOf(scope)}:*`));

export const USER_ROLES = ['user', 'admin'] as const;
export type UserRole = (typeof USER_ROLES)[number];
/** A key may also be a machine's. */
export const KEY_ROLES = [...USER_ROLES, 'worker'] as const;
export type KeyRole = (typeof KEY_ROLES)[number];

export const ROLE_SCOPES: Readonly<Record<KeyRole, readonly Scope[]>> = {
  admin: SCOPES,
  user: [...expandScopes(['jobs:*', 'runs:*', 'flows:*']), 'workers:read', 'keys:write'],
  worker: ['workers:connect'],
};

/** Every pool, where a key names pools. */
export const ANY_POOL = '*';

/** Whoever makes a request. `anonymous` exists only where the stage has opened the operation's group. */
export type Principal = {
  readonly kind: 'login' | 'key' | 'external' | 'anonymous';
  /** `user:<id>` for a login, `key:<id>`, `external:<issuer>#<subject>`, `anonymous`: unique, and no secret. */
  readonly id: string;
  /** Whom it acts for: the user's id. Absent for `external` and `anonymous`. */
  readonly user?: string;
  /** The login's id (`login`) or the key's (`key`). */
  readonly credential?: string;
  /** How a person would call it. */
  readonly name: string;
  readonly role: KeyRole | 'anonymous';
  readonly scopes: readonly Scope[];
  /** Pools that it may serve as a worker. */
  readonly pools: readonly string[];
};

export const ANONYMOUS: Principal = {
  kind: 'anonymous',
  id: 'anonymous',
  name: 'anonymous',
  role: 'anonymous',
  scopes: [],
  pools: [],
};

export const servesPool = (pools: readonly string[], pool: string): boolean =>
  pools.includes(ANY_POOL) || pools.includes(pool);
