import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ANONYMOUS,
  expandScopes,
  ROLE_SCOPES,
  SCOPE_PATTERNS,
  SCOPES,
  servesPool,
} from '../../../lib/domain/identity/access.ts';
import { holds } from '../../support/properties.ts';

describe('roles', () => {
  // The table of docs/security.md, spelt out.
  it('an admin may do everything', () => {
    expect(ROLE_SCOPES.admin).toEqual([
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
    ]);
  });

  it('a user may read and write jobs, runs and flows, see workers and make keys', () => {
    expect(ROLE_SCOPES.user).toEqual([
      'jobs:read',
      'jobs:write',
      'runs:read',
      'runs:write',
      'flows:read',
      'flows:write',
      'workers:read',
      'keys:write',
    ]);
  });

  it('a worker may connect, and no more', () => {
    expect(ROLE_SCOPES.worker).toEqual(['workers:connect']);
  });
});

describe('what a key may be given', () => {
  it('is each scope, and each area once', () => {
    expect(SCOPE_PATTERNS).toEqual([
      ...SCOPES,
      'jobs:*',
      'runs:*',
      'flows:*',
      'workers:*',
      'keys:*',
      'users:*',
      'audit:*',
    ]);
  });

  it('always names a scope', () => {
    for (const pattern of SCOPE_PATTERNS) {
      expect(expandScopes([pattern]), pattern).not.toEqual([]);
    }
  });
});

describe('patterns', () => {
  it.each([
    [[], []],
    [['runs:read'], ['runs:read']],
    [['runs:*'], ['runs:read', 'runs:write']],
    [['workers:*'], ['workers:read', 'workers:write', 'workers:connect']],
    // In the order of all scopes, each once.
    [
      ['runs:*', 'jobs:read', 'runs:write'],
      ['jobs:read', 'runs:read', 'runs:write'],
    ],
    // Nothing but a whole area or a whole scope.
    [['*', '*:*', 'runs', 'runs:', 'run:*', 'users:write', ''], []],
  ])('%j name %j', (patterns, scopes) => {
    expect(expandScopes(patterns)).toEqual(scopes);
  });

  it('name no scope of another area', () => {
    holds(
      fc.property(fc.subarray([...SCOPE_PATTERNS]), (patterns) => {
        const areas = patterns.map((pattern) => pattern.split(':')[0]);
        for (const scope of expandScopes(patterns)) {
          expect(areas).toContain(scope.split(':')[0]);
        }
      }),
    );
  });
});

describe('a pool is served', () => {
  it.each([
    [['build'], 'build', true],
    [['test', 'build'], 'build', true],
    [['*'], 'build', true],
    [['test', '*'], 'build', true],
    [[], 'build', false],
    [['test'], 'build', false],
    [['buil', 'build2', 'b*'], 'build', false],
  ])('by a key for %j, %s: %s', (pools, pool, served) => {
    expect(servesPool(pools, pool)).toBe(served);
  });
});

it('whoever shows no credential is nobody, and may do nothing by themselves', () => {
  expect(ANONYMOUS).toEqual({
    kind: 'anonymous',
    id: 'anonymous',
    name: 'anonymous',
    role: 'anonymous',
    scopes: [],
    pools: [],
  });
});
