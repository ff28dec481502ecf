import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KEY_ROLES, type Principal, ROLE_SCOPES, SCOPES, USER_ROLES } from '../../../lib/domain/identity/access.ts';
import { effectiveScopes } from '../../../lib/domain/identity/api-key.ts';
import { defaultScopes, mayMakeUsers, notHeld } from '../../../lib/domain/identity/grants.ts';
import { holds } from '../../support/properties.ts';

const principal = (over: Partial<Principal>): Principal => ({
  kind: 'login',
  id: 'user:1',
  user: '1',
  name: 'ann',
  role: 'admin',
  scopes: ROLE_SCOPES[over.role === undefined || over.role === 'anonymous' ? 'admin' : over.role],
  pools: [],
  ...over,
});
const admin = principal({});
const user = principal({ role: 'user' });
/** An admin's key that may let machines in, and not much more. */
const doorKeeper = (pools: readonly string[]): Principal =>
  principal({ kind: 'key', scopes: ['keys:write', 'workers:connect'], pools });
const WORKER = { role: 'worker', scopes: ['workers:connect'], pools: ['build'] } as const;

describe('what may be given', () => {
  it.each([
    ['an admin, an admin key', admin, { role: 'admin', scopes: SCOPES, pools: ['*'] }],
    ['an admin, a key for machines', admin, WORKER],
    ['an admin of another issuer, a key for machines', principal({ kind: 'external' }), WORKER],
    ['a user, a key of their own', user, { role: 'user', scopes: ROLE_SCOPES.user, pools: [] }],
    ["an admin's key with every scope, a key for machines", principal({ kind: 'key' }), WORKER],
    ['a key with any pool, a key for one', doorKeeper(['*']), WORKER],
    ['a key with a pool, a key for it', doorKeeper(['build']), WORKER],
  ] as const)('%s', (_case, from, grant) => {
    expect(notHeld(from, grant)).toBeUndefined();
  });

  it.each([
    ['a scope beyond their role', user, { role: 'user', scopes: ['users:admin'], pools: [] }, 'scope users:admin'],
    ['a role above theirs', user, { role: 'admin', scopes: ['jobs:read'], pools: [] }, 'role admin'],
    ['machines, being no admin', user, WORKER, 'role worker'],
    ['machines, being one', principal({ kind: 'key', role: 'worker', pools: ['build'] }), WORKER, 'role worker'],
    ['pools, being no admin', user, { role: 'user', scopes: [], pools: ['build'] }, 'pool build'],
    [
      'a scope that their key lacks',
      principal({ kind: 'key', scopes: ['keys:write'] }),
      { role: 'admin', scopes: ['jobs:read'], pools: [] },
      'scope jobs:read',
    ],
    [
      'a scope that the role lacks',
      admin,
      { role: 'user', scopes: ['workers:connect'], pools: [] },
      'scope workers:connect',
    ],
    [
      'machines, by a key that may not connect',
      principal({ kind: 'key', scopes: ['keys:write'], pools: ['*'] }),
      { ...WORKER, scopes: [] },
      'scope workers:connect',
    ],
    ['a pool that their key lacks', doorKeeper(['test']), WORKER, 'pool build'],
    ['any pool, by a key with one', doorKeeper(['build']), { ...WORKER, pools: ['*'] }, 'pool *'],
  ] as const)('not %s', (_case, from, grant, what) => {
    expect(notHeld(from, grant)).toBe(what);
  });

  it('never does more than the giver may', () => {
    const scopes = fc.subarray([...SCOPES]);
    holds(
      fc.property(
        scopes,
        scopes,
        fc.constantFrom(...USER_ROLES),
        fc.constantFrom(...KEY_ROLES),
        (held, asked, of, role) => {
          const giver = principal({ kind: 'key', role: of, scopes: held.filter((s) => ROLE_SCOPES[of].includes(s)) });
          fc.pre(notHeld(giver, { role, scopes: asked, pools: [] }) === undefined);
          const given = effectiveScopes({ role, scopes: asked }, { role: 'admin', status: 'active' });
          expect(giver.scopes).toEqual(expect.arrayContaining([...given]));
        },
      ),
    );
  });

  it('without a word is all of the role that the giver holds, which may always be given', () => {
    expect(defaultScopes(admin, 'user')).toEqual(ROLE_SCOPES.user);
    expect(defaultScopes(admin, 'worker')).toEqual(['workers:connect']);
    expect(defaultScopes(principal({ scopes: ['jobs:read', 'keys:write'] }), 'user')).toEqual([
      'jobs:read',
      'keys:write',
    ]);
  });

  it('lets only those make a user who may do all that the user may', () => {
    expect([mayMakeUsers(admin, 'admin'), mayMakeUsers(admin, 'user')]).toEqual([true, true]);
    const clerk = principal({ kind: 'key', scopes: ['users:admin'] });
    expect([mayMakeUsers(clerk, 'admin'), mayMakeUsers(clerk, 'user')]).toEqual([false, false]);
    expect([mayMakeUsers(user, 'admin'), mayMakeUsers(user, 'user')]).toEqual([false, true]);
  });
});
