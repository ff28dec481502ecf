/** Nobody gives away what they do not hold: a key, an account or a rolled text never does more than whoever made it. */
import {
  ANY_POOL,
  type KeyRole,
  type Principal,
  ROLE_SCOPES,
  type Scope,
  servesPool,
  type UserRole,
} from './access.ts';

export type Grant = {
  readonly role: KeyRole;
  readonly scopes: readonly Scope[];
  readonly pools: readonly string[];
};

/** Whoever makes a user could log in as that user: so only those who may do all that the user may. */
export const mayMakeUsers = ({ scopes }: Pick<Principal, 'scopes'>, role: UserRole): boolean =>
  ROLE_SCOPES[role].every((scope) => scopes.includes(scope));

/** Who could make an admin lets machines into any pool; any other key is bounded by the pools that it names. */
const poolsHeldBy = (principal: Principal): readonly string[] =>
  mayMakeUsers(principal, 'admin') ? [ANY_POOL] : principal.pools;

const holdsRole = (principal: Principal, role: KeyRole): boolean =>
  principal.role === 'admin' || principal.role === role;

/** @returns the first thing that the principal may not give, in words; undefined when it may give it all */
export const notHeld = (principal: Principal, { role, scopes, pools }: Grant): string | undefined => {
  // A machine is let in by an admin, and only where the admin's own credential reaches that far.
  const heldRole = role === 'worker' ? principal.role === 'admin' : holdsRole(principal, role);
  if (!heldRole) {
    return `role ${role}`;
  }
  const scope = scopes.find((asked) => !principal.scopes.includes(asked) || !ROLE_SCOPES[role].includes(asked));
  if (scope !== undefined) {
    return `scope ${scope}`;
  }
  if (role === 'worker' && !principal.scopes.includes('workers:connect')) {
    return 'scope workers:connect';
  }
  const held = poolsHeldBy(principal);
  const pool = pools.find((asked) => !servesPool(held, asked));
  return pool === undefined ? undefined : `pool ${pool}`;
};

/** What a key gets that is asked for without naming scopes: all of its role's that its maker holds. */
export const defaultScopes = (principal: Principal, role: KeyRole): readonly Scope[] =>
  ROLE_SCOPES[role].filter((scope) => principal.scopes.includes(scope));
