import { describe, expect, it } from 'vitest';
import {
  changePassword,
  changeUser,
  createUser,
  deleteUser,
  isActive,
  isActiveAdmin,
} from '../../../lib/domain/identity/user.ts';

const seed = { id: '1', username: 'ann', email: 'ann@example.com', passwordHash: 'hash', role: 'user' } as const;
const ann = createUser(seed, 1_000);

describe('a user', () => {
  it('begins active', () => {
    expect(ann).toEqual({
      ...seed,
      status: 'active',
      loginEpoch: 1,
      keys: 0,
      version: 1,
      createdAt: 1_000,
      updatedAt: 1_000,
    });
  });

  it.each([
    ['a name', { username: 'anna' }],
    ['an address', { email: 'anna@example.com' }],
    ['a role', { role: 'admin' }],
  ] as const)('keeps their logins with %s', (_what, change) => {
    expect(changeUser(ann, change, 2_000)).toEqual({ ...ann, ...change, version: 2, updatedAt: 2_000 });
  });

  it('is unchanged by what is so already', () => {
    expect(changeUser(ann, {}, 2_000)).toBe('unchanged');
    expect(changeUser(ann, { username: 'ann', status: 'active', role: 'user' }, 2_000)).toBe('unchanged');
  });

  it('loses all logins when disabled, and does not get them back when enabled', () => {
    const disabled = changeUser(ann, { status: 'disabled' }, 2_000);
    expect(disabled).toMatchObject({ status: 'disabled', loginEpoch: 2, version: 2 });
    const enabled = disabled === 'unchanged' ? disabled : changeUser(disabled, { status: 'active' }, 3_000);
    expect(enabled).toMatchObject({ status: 'active', loginEpoch: 2, version: 3 });
  });

  it('begins no further epoch by other changes while disabled', () => {
    const disabled = { ...ann, status: 'disabled', loginEpoch: 2 } as const;
    expect(changeUser(disabled, { username: 'anna' }, 2_000)).toMatchObject({ username: 'anna', loginEpoch: 2 });
  });

  it('loses all logins with a new password', () => {
    expect(changePassword(ann, 'other', 2_000)).toMatchObject({ passwordHash: 'other', loginEpoch: 2, version: 2 });
  });

  it('leaves no password behind when deleted', () => {
    const deleted = deleteUser(ann, 2_000);
    expect(deleted).toMatchObject({ status: 'deleted', passwordHash: '', loginEpoch: 2, version: 2 });
    expect(isActive(deleted)).toBe(false);
  });

  it('counts as an admin only while active', () => {
    const admin = createUser({ ...seed, role: 'admin' }, 1_000);
    expect(isActiveAdmin(admin)).toBe(true);
    expect(isActiveAdmin(ann)).toBe(false);
    expect(isActiveAdmin({ ...admin, status: 'disabled' })).toBe(false);
    expect(isActiveAdmin(deleteUser(admin, 2_000))).toBe(false);
  });
});
