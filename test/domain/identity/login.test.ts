import { describe, expect, it } from 'vitest';
import {
  ACCESS_TOKEN_MS,
  beginLogin,
  LOGIN_LIMIT,
  loginState,
  REFRESH_TOKEN_MS,
} from '../../../lib/domain/identity/login.ts';
import { createUser } from '../../../lib/domain/identity/user.ts';

const seed = { id: '1', username: 'ann', email: 'ann@example.com', passwordHash: 'hash', role: 'user' } as const;
const ann = createUser(seed, 0);
const login = beginLogin('login', ann, 1_000);
const end = 1_000 + REFRESH_TOKEN_MS;

describe('a login', () => {
  it('is for an hour with each access token, and for seven days with each refresh token', () => {
    expect(ACCESS_TOKEN_MS).toBe(3_600_000);
    expect(REFRESH_TOKEN_MS).toBe(604_800_000);
  });

  it('may be tried 5 times per account and 50 times per address in 15 minutes', () => {
    expect(LOGIN_LIMIT).toEqual({ account: 5, address: 50, windowMs: 900_000 });
  });

  it('begins with the first refresh token, in the epoch of its user', () => {
    expect(login).toEqual({ id: 'login', user: '1', epoch: 1, generation: 1, expiresAt: end, createdAt: 1_000 });
  });

  it.each([
    ['with its rows as they were', login, ann, end - 1, 'valid'],
    ['when its time is over', login, ann, end, 'expired'],
    ['without its row', undefined, ann, 2_000, 'ended'],
    ['without its user', login, undefined, 2_000, 'ended'],
    ['of a disabled user', login, { ...ann, status: 'disabled' as const }, 2_000, 'ended'],
    ['of a deleted user', login, { ...ann, status: 'deleted' as const }, 2_000, 'ended'],
    ['of an epoch that is over', login, { ...ann, loginEpoch: 2 }, 2_000, 'ended'],
  ] as const)('%s', (_case, row, user, now, state) => {
    expect(loginState(row, user, now)).toBe(state);
  });
});
