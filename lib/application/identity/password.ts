import { checkPassword, normalizePassword } from '../../domain/identity/password.ts';
import { changePassword, isActive, type User } from '../../domain/identity/user.ts';
import type { IdentityPorts } from '../ports/identity.ts';
import type { Caller, Identity } from './api.ts';
import { draftOf } from './audit-draft.ts';
import type { OnceAMinute } from './once-a-minute.ts';
import { racing } from './racing.ts';
import type { Slots } from './slots.ts';
import type { CountTry } from './tries.ts';

type Result = Awaited<ReturnType<Identity['changePassword']>>;

/**
 * A new password for the old one. A wrong old one is a failed login: a stolen access token must not be a way to try passwords
 * without limit.
 */
export const createChangePassword = (
  ports: IdentityPorts,
  tools: { readonly slots: Slots; readonly countTry: CountTry; readonly onceAMinute: OnceAMinute },
): Identity['changePassword'] => {
  const { users, audit, passwords, now } = ports;
  const { slots, countTry, onceAMinute } = tools;

  const checkOld = async (user: User, old: string, caller: Caller): Promise<Result | 'right'> => {
    const entity = `user:${user.id}`;
    const tried = await countTry({ address: caller.address, name: user.username, account: user.id });
    // Whoever is logged in knows both names of the account: there is nothing to hide.
    const retryAt = tried.kind === 'limited' ? tried.retryAt : tried.hiddenUntil;
    if (tried.kind === 'limited' || retryAt !== undefined) {
      if (onceAMinute.isFirst(`limited: ${user.id}`)) {
        const detail = 'too many wrong old passwords';
        await audit.append(draftOf(caller, { at: now(), action: 'login.limited', entity, detail }));
      }
      return { kind: 'limited', retryAt: retryAt ?? now() };
    }
    const possible = checkPassword(old) === undefined;
    const matched = possible && (await passwords.matches(normalizePassword(old), user.passwordHash));
    if (!matched) {
      const what = { at: now(), action: 'login.failed', entity, detail: 'wrong old password' } as const;
      await audit.append(draftOf(caller, what));
      return { kind: 'wrong' };
    }
    await tried.succeed(user);
    return 'right';
  };

  const replace = async (checked: User, password: string, caller: Caller): Promise<Result> => {
    const passwordHash = await passwords.hash(normalizePassword(password));
    return racing(`User ${checked.id}`, async () => {
      const before = await users.get(checked.id);
      if (before === undefined || !isActive(before)) {
        return { kind: 'not_found' };
      }
      if (before.passwordHash !== checked.passwordHash) {
        // Somebody else set a new one meanwhile: the old one that we compared is no longer the old one.
        return { kind: 'wrong' };
      }
      const at = now();
      const draft = draftOf(caller, { at, action: 'user.password_changed', entity: `user:${before.id}` });
      const replaced = await users.replace(before, changePassword(before, passwordHash, at), draft);
      if (replaced === 'done' || replaced === 'changed') {
        return replaced === 'done' ? { kind: 'done' } : 'changed';
      }
      throw new Error(`A new password for user ${before.id} was refused as ${replaced}`);
    });
  };

  return async (id, { old, new: password }, caller) => {
    const result = await slots(async (): Promise<Result> => {
      const user = await users.get(id);
      if (user === undefined || !isActive(user)) {
        return { kind: 'not_found' };
      }
      const checked = await checkOld(user, old, caller);
      return checked === 'right' ? replace(user, password, caller) : checked;
    });
    return result === 'busy' ? { kind: 'busy' } : result;
  };
};
