import { addressKey } from '../../domain/identity/address.ts';
import type { AuditAction } from '../../domain/identity/audit.ts';
import { beginLogin } from '../../domain/identity/login.ts';
import { isNameOf, typedKey, typedName } from '../../domain/identity/names.ts';
import { checkPassword, normalizePassword } from '../../domain/identity/password.ts';
import { isActive, type User } from '../../domain/identity/user.ts';
import type { IdentityPorts } from '../ports/identity.ts';
import type { Identity, LoginResult, Origin } from './api.ts';
import { draftBy, typedActor } from './audit-draft.ts';
import type { EnsureFirstAdmin } from './first-admin.ts';
import type { IssueTokens } from './issue-tokens.ts';
import type { OnceAMinute } from './once-a-minute.ts';
import type { Slots } from './slots.ts';
import type { CountTry } from './tries.ts';

/** An id that no user has: read where there is no user, so that both answers take the same reads. */
const NOBODY = '0';
/** Compared in place of a password that nobody can have, which bcrypt would not take. */
const NO_PASSWORD = 'no password';

type Tools = {
  readonly slots: Slots;
  readonly countTry: CountTry;
  readonly onceAMinute: OnceAMinute;
  readonly ensureFirstAdmin: EnsureFirstAdmin;
  readonly issueTokens: IssueTokens;
};

/** Why a login failed: for the audit log, never for the caller. */
const whyWrong = (user: User | undefined, hidden: boolean): string => {
  if (user === undefined) {
    return 'no such user';
  }
  if (hidden) {
    return 'too many tries under the other name';
  }
  return isActive(user) ? 'wrong password' : `the user is ${user.status}`;
};

/**
 * Logs in by username or e-mail address. Slot, then counts, then comparison; and whether or not there is such a user, the
 * same reads, the same writes, one comparison and the same answer.
 */
export const createLogIn = (ports: IdentityPorts, tools: Tools): Identity['login'] => {
  const { users, logins, audit, passwords, token, now } = ports;
  const { slots, countTry, onceAMinute, ensureFirstAdmin, issueTokens } = tools;

  const find = async (name: string): Promise<User | undefined> => {
    const holder = await users.findHolder(typedKey(name));
    const user = await users.get(holder ?? NOBODY);
    return user !== undefined && isNameOf(name, user) ? user : undefined;
  };

  const compare = async (password: string, hash: string | undefined): Promise<boolean> =>
    checkPassword(password) === undefined
      ? passwords.matches(normalizePassword(password), hash)
      : passwords.matches(NO_PASSWORD, undefined);

  const begin = async (user: User, from: Origin): Promise<LoginResult> => {
    const at = now();
    const login = beginLogin(token(), user, at);
    // Signed first: where signing fails there is no login, and no entry that says there was one.
    const tokens = await issueTokens(login);
    const what = { at, action: 'login.succeeded', entity: `user:${user.id}` } as const;
    await logins.create(login, draftBy(`user:${user.id}`, from, what));
    return { kind: 'ok', tokens, user };
  };

  const attempt = async (name: string, password: string, from: Origin): Promise<LoginResult> => {
    await ensureFirstAdmin(from);
    const user = await find(name);
    const record = (action: AuditAction, detail: string): Promise<void> =>
      audit.append(
        draftBy(typedActor(name, user !== undefined), from, {
          at: now(),
          action,
          entity: `user:${user?.id ?? 'unknown'}`,
          detail,
        }),
      );

    const tried = await countTry({ address: from.address, name, account: user?.id });
    if (tried.kind === 'limited') {
      const { by, retryAt } = tried;
      const whose = by === 'address' ? '' : typedName(name);
      if (onceAMinute.isFirst(`limited by ${by}: ${addressKey(from.address)} ${whose}`)) {
        await record('login.limited', `too many failed logins of this ${by}`);
      }
      return { kind: 'limited', retryAt };
    }
    const hidden = tried.hiddenUntil !== undefined;
    const mayLogIn = user !== undefined && isActive(user) && !hidden;
    const matched = await compare(password, mayLogIn ? user.passwordHash : undefined);
    if (!matched || !mayLogIn) {
      await record('login.failed', whyWrong(user, hidden));
      return { kind: 'wrong' };
    }
    await tried.succeed(user);
    return begin(user, from);
  };

  return async ({ name, password }, from) => {
    const result = await slots(() => attempt(name, password, from));
    return result === 'busy' ? { kind: 'busy' } : result;
  };
};
