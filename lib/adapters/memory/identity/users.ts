import type { UserStore } from '../../../application/ports/identity.ts';
import { emailKey, usernameKey } from '../../../domain/identity/names.ts';
import { isActiveAdmin, type User } from '../../../domain/identity/user.ts';
import type { IdentityRows } from './rows.ts';

const namesOf = (user: User): readonly string[] =>
  user.status === 'deleted' ? [] : [usernameKey(user.username), emailKey(user.email)];

export const createMemoryUserStore = ({ users, holders, record }: IdentityRows): UserStore => {
  let firstAdminMade = false;

  const isHeld = (name: string, exceptBy: string | undefined): boolean => {
    const holder = holders.get(name);
    return holder !== undefined && holder !== exceptBy;
  };

  /** What a user asks for that is held already. @param exceptBy who may hold it */
  const takenOf = ({ username, email }: User, exceptBy: string | undefined): 'username' | 'email' | undefined => {
    if (isHeld(usernameKey(username), exceptBy)) {
      return 'username';
    }
    return isHeld(emailKey(email), exceptBy) ? 'email' : undefined;
  };

  const living = (): readonly User[] =>
    [...users.values()].filter(({ status }) => status !== 'deleted').sort((a, b) => Number(a.id) - Number(b.id));

  const put = (before: User | undefined, after: User): void => {
    for (const name of before === undefined ? [] : namesOf(before)) {
      holders.delete(name);
    }
    for (const name of namesOf(after)) {
      holders.set(name, after.id);
    }
    users.set(after.id, after);
  };

  return {
    get: async (id) => users.get(id),
    findHolder: async (name) => holders.get(name),
    list: async ({ offset, limit }) => {
      const all = living();
      return { users: all.slice(offset, offset + limit), total: all.length };
    },

    create: async (user, audit, once) => {
      if (once !== undefined && firstAdminMade) {
        return { kind: 'done_before' };
      }
      const what = takenOf(user, undefined);
      if (what !== undefined) {
        return { kind: 'taken', what };
      }
      if (users.has(user.id)) {
        throw new Error(`User ${user.id} drew the id of another one`);
      }
      put(undefined, user);
      firstAdminMade ||= once !== undefined;
      record(audit);
      return { kind: 'created' };
    },

    replace: async (before, after, audit) => {
      const row = users.get(before.id);
      if (row?.version !== before.version) {
        return 'changed';
      }
      const taken = after.status === 'deleted' ? undefined : takenOf(after, after.id);
      if (taken !== undefined) {
        return `${taken}_taken`;
      }
      const leaves = isActiveAdmin(row) && !isActiveAdmin(after);
      if (leaves && living().filter(isActiveAdmin).length === 1) {
        return 'last_admin';
      }
      const passwordHash = after.status === 'deleted' ? '' : after.passwordHash;
      // `keys` is counted by the creating of keys, whatever a change of the user was decided on.
      put(row, { ...after, passwordHash, keys: row.keys });
      record(audit);
      return 'done';
    },

    hasFirstAdmin: async () => firstAdminMade,
  };
};
