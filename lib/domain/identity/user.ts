/**
 * A user. `deleted` keeps the row for the audit log's sake, without its password, name and e-mail being taken.
 *
 * | status   | may log in | name and e-mail | entered by                |
 * | -------- | ---------- | --------------- | ------------------------- |
 * | active   | yes        | taken           | create, enable            |
 * | disabled | no         | taken           | disable                   |
 * | deleted  | no         | free            | delete; never left        |
 */
import type { UserRole } from './access.ts';

export type UserStatus = 'active' | 'disabled' | 'deleted';

export type User = {
  /** As a run's: a whole number of 53 bits, ordered by creation. */
  readonly id: string;
  /** As it was given, after NFKC. */
  readonly username: string;
  readonly email: string;
  /** bcrypt. */
  readonly passwordHash: string;
  readonly role: UserRole;
  readonly status: UserStatus;
  /** Logins carry the epoch they began in; a new password, disabling and deleting begin the next one, which ends them all. */
  readonly loginEpoch: number;
  /** Live API keys. */
  readonly keys: number;
  /** Grows with every change of the fields above but `keys`: a change names the version it was decided on. */
  readonly version: number;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly updatedAt: number;
};

/** Whether this user counts among those of whom one must remain. */
export const isActiveAdmin = (user: Pick<User, 'role' | 'status'>): boolean =>
  user.role === 'admin' && user.status === 'active';

export const isActive = (user: Pick<User, 'status'>): boolean => user.status === 'active';

export type UserChange = {
  readonly username?: string;
  readonly email?: string;
  readonly role?: UserRole;
  readonly status?: 'active' | 'disabled';
};

/** Name and e-mail are in their normal form (lib/domain/identity/names.ts). */
export type UserSeed = Pick<User, 'id' | 'username' | 'email' | 'passwordHash' | 'role'>;

export const createUser = (seed: UserSeed, now: number): User => ({
  ...seed,
  status: 'active',
  loginEpoch: 1,
  keys: 0,
  version: 1,
  createdAt: now,
  updatedAt: now,
});

const next = (user: User, change: Partial<User>, now: number): User => ({
  ...user,
  ...change,
  version: user.version + 1,
  updatedAt: now,
});

/** `unchanged`: it is all so already. */
export const changeUser = (user: User, change: UserChange, now: number): User | 'unchanged' => {
  const { username = user.username, email = user.email, role = user.role, status = user.status } = change;
  if (username === user.username && email === user.email && role === user.role && status === user.status) {
    return 'unchanged';
  }
  const endsLogins = user.status === 'active' && status === 'disabled';
  const loginEpoch = user.loginEpoch + (endsLogins ? 1 : 0);
  return next(user, { username, email, role, status, loginEpoch }, now);
};

export const deleteUser = (user: User, now: number): User =>
  next(user, { status: 'deleted', passwordHash: '', loginEpoch: user.loginEpoch + 1 }, now);

export const changePassword = (user: User, passwordHash: string, now: number): User =>
  next(user, { passwordHash, loginEpoch: user.loginEpoch + 1 }, now);
