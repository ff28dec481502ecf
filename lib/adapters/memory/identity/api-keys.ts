import { type KeyStore, MAX_KEYS_PER_USER } from '../../../application/ports/identity.ts';
import { isActive } from '../../../domain/identity/user.ts';
import { type IdentityRows, keyRow } from './rows.ts';

export const createMemoryKeyStore = ({ users, keys, record }: IdentityRows): KeyStore => {
  const count = (owner: string, by: number): void => {
    const user = users.get(owner);
    if (user !== undefined) {
      users.set(owner, { ...user, keys: user.keys + by });
    }
  };

  return {
    create: async (key, audit) => {
      const owner = users.get(key.owner);
      if (owner === undefined || !isActive(owner)) {
        return 'no_owner';
      }
      if (owner.keys >= MAX_KEYS_PER_USER) {
        return 'too_many';
      }
      if (keys.has(keyRow(key))) {
        throw new Error(`A key of user ${key.owner} drew the id of another one`);
      }
      keys.set(keyRow(key), key);
      count(key.owner, 1);
      record(audit);
      return 'created';
    },

    get: async (owner, id) => keys.get(keyRow({ owner, id })),
    list: async (owner) =>
      [...keys.values()].filter((key) => key.owner === owner).sort((a, b) => Number(a.id) - Number(b.id)),

    replace: async (before, after, audit) => {
      if (keys.get(keyRow(before))?.version !== before.version) {
        return 'changed';
      }
      keys.set(keyRow(after), after);
      record(audit);
      return 'done';
    },

    revoke: async (key, audit) => {
      if (!keys.delete(keyRow(key))) {
        return 'missing';
      }
      count(key.owner, -1);
      record(audit);
      return 'done';
    },
  };
};
