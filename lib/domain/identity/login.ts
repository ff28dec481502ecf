/** A login: one family of refresh tokens and the access tokens made with them. Deleting its row ends all of them at once. */
import { isActive, type User } from './user.ts';

export const ACCESS_TOKEN_MS = 60 * 60_000;
export const REFRESH_TOKEN_MS = 7 * 24 * 60 * 60_000;

export type Login = {
  /** 128 random bits. */
  readonly id: string;
  readonly user: string;
  /** The user's `loginEpoch` when it began. */
  readonly epoch: number;
  /** Number of the one refresh token that is valid; each refresh makes the next. */
  readonly generation: number;
  /** Epoch ms; moves with each refresh. */
  readonly expiresAt: number;
  readonly createdAt: number;
};

/** Failed tries within the window before further ones are refused. One address may be an office or a carrier's NAT. */
export const LOGIN_LIMIT = { account: 5, address: 50, windowMs: 15 * 60_000 } as const;

export const beginLogin = (id: string, user: User, now: number): Login => ({
  id,
  user: user.id,
  epoch: user.loginEpoch,
  generation: 1,
  expiresAt: now + REFRESH_TOKEN_MS,
  createdAt: now,
});

/**
 * Whether a login stands, from the rows as they are now.
 *
 * | login                                          | answer    |
 * | ---------------------------------------------- | --------- |
 * | its row is gone, or its user is not active     | `ended`   |
 * | the user's logins were ended after it began    | `ended`   |
 * | past its time                                  | `expired` |
 * | else                                           | `valid`   |
 */
export const loginState = (
  login: Login | undefined,
  user: User | undefined,
  now: number,
): 'valid' | 'ended' | 'expired' => {
  if (login === undefined || user === undefined || !isActive(user) || login.epoch !== user.loginEpoch) {
    return 'ended';
  }
  return login.expiresAt <= now ? 'expired' : 'valid';
};
