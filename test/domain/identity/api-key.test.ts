import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KEY_ROLES, ROLE_SCOPES, SCOPES, USER_ROLES } from '../../../lib/domain/identity/access.ts';
import {
  type ApiKey,
  effectiveRole,
  effectiveScopes,
  isExpired,
  keyPrefix,
  keyText,
  parseKeyText,
  rollKey,
  takenHashes,
} from '../../../lib/domain/identity/api-key.ts';
import { holds } from '../../support/properties.ts';

const ids = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(String);
const secrets = fc.stringMatching(/^[A-Za-z0-9_-]{43}$/);

const key: ApiKey = {
  id: '2',
  owner: '1',
  name: 'key',
  role: 'user',
  scopes: ['jobs:read'],
  pools: [],
  hash: 'one',
  version: 1,
  createdAt: 0,
};

describe("a key's text", () => {
  // Secret scanners and redaction know keys by this form.
  it('is csk, owner and id in base 36, and the secret', () => {
    const secret = 'Ab0_-'.repeat(9).slice(0, 43);
    expect(keyPrefix({ owner: '35', id: '36' })).toBe('csk_z_10');
    expect(keyText({ owner: '35', id: '36' }, secret)).toBe(`csk_z_10_${secret}`);
    expect(parseKeyText(`csk_z_10_${secret}`)).toEqual({ owner: '35', id: '36' });
  });

  it('is the address of its row', () => {
    holds(
      fc.property(ids, ids, secrets, (owner, id, secret) => {
        const text = keyText({ owner, id }, secret);
        expect(parseKeyText(text)).toEqual({ owner, id });
        expect(text.startsWith(`${keyPrefix({ owner, id })}_`)).toBe(true);
        expect(keyPrefix({ owner, id })).not.toContain(secret);
      }),
    );
  });

  it.each([
    '',
    'csk_',
    'csk_1_2',
    `csk_1_2_${'a'.repeat(42)}`,
    `csk_1_2_${'a'.repeat(44)}`,
    `CSK_1_2_${'a'.repeat(43)}`,
    `csk_A_2_${'a'.repeat(43)}`,
    ` csk_1_2_${'a'.repeat(43)}`,
    `csk_1_2_${'a'.repeat(43)}\n`,
  ])('is not %j', (text) => {
    expect(parseKeyText(text)).toBeUndefined();
  });
});

describe('what a key may do', () => {
  const anyKey = fc.record({ role: fc.constantFrom(...KEY_ROLES), scopes: fc.subarray([...SCOPES]) });
  const anyOwner = fc.record({
    role: fc.constantFrom(...USER_ROLES),
    status: fc.constantFrom('active', 'disabled', 'deleted'),
  } as const);

  it('is never more than it was given, than its role may, or than its owner may', () => {
    holds(
      fc.property(anyKey, anyOwner, (given, owner) => {
        const scopes = effectiveScopes(given, owner);
        expect(given.scopes).toEqual(expect.arrayContaining([...scopes]));
        expect(ROLE_SCOPES[given.role]).toEqual(expect.arrayContaining([...scopes]));
        if (given.role !== 'worker') {
          expect(ROLE_SCOPES[owner.role]).toEqual(expect.arrayContaining([...scopes]));
        }
        if (owner.status !== 'active') {
          expect(scopes).toEqual([]);
        }
      }),
    );
  });

  it('is to connect, for a machine whose owner is a plain user', () => {
    const machine = { role: 'worker', scopes: ['workers:connect'] } as const;
    expect(effectiveScopes(machine, { role: 'user', status: 'active' })).toEqual(['workers:connect']);
    expect(effectiveScopes(machine, { role: 'admin', status: 'active' })).toEqual(['workers:connect']);
    expect(effectiveScopes(machine, { role: 'user', status: 'disabled' })).toEqual([]);
  });

  it('follows its owner', () => {
    const admin = { role: 'admin', scopes: ['jobs:read', 'users:admin'] } as const;
    expect(effectiveScopes(admin, { role: 'admin', status: 'active' })).toEqual(['jobs:read', 'users:admin']);
    expect(effectiveScopes(admin, { role: 'user', status: 'active' })).toEqual(['jobs:read']);
    expect(effectiveRole(admin, { role: 'user' })).toBe('user');
    expect(effectiveRole(admin, { role: 'admin' })).toBe('admin');
    expect(effectiveRole({ role: 'user' }, { role: 'admin' })).toBe('user');
    expect(effectiveRole({ role: 'worker' }, { role: 'user' })).toBe('worker');
  });
});

describe('a rolled key', () => {
  it('is opened by both texts until the overlap is over', () => {
    const rolled = rollKey(key, 'two', 1_000, 5_000);
    expect(rolled.version).toBe(2);
    expect(takenHashes(key, 5_000)).toEqual(['one']);
    expect(takenHashes(rolled, 5_999)).toEqual(['two', 'one']);
    expect(takenHashes(rolled, 6_000)).toEqual(['two']);
  });

  it('is opened by no third text, and without an overlap by the new one only', () => {
    const twice = rollKey(rollKey(key, 'two', 1_000, 5_000), 'three', 1_000, 5_100);
    expect(takenHashes(twice, 5_200)).toEqual(['three', 'two']);
    const now = rollKey(twice, 'four', 0, 5_300);
    expect(now).not.toHaveProperty('previous');
    expect(takenHashes(now, 5_300)).toEqual(['four']);
  });
});

it('a key ends at its instant, or never', () => {
  expect(isExpired({}, Number.MAX_SAFE_INTEGER)).toBe(false);
  expect(isExpired({ expiresAt: 1_000 }, 999)).toBe(false);
  expect(isExpired({ expiresAt: 1_000 }, 1_000)).toBe(true);
});
