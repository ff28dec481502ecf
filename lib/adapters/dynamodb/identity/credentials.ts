import type { CredentialStore } from '../../../application/ports/identity.ts';
import type { Table } from '../client.ts';
import type { Item } from '../conditional.ts';
import type { Key } from '../keys.ts';
import { readRows } from '../read.ts';
import { decodeKey } from './api-key-params.ts';
import { apiKeyKey, loginKey, userKey } from './keys.ts';
import { decodeLogin } from './login-params.ts';
import { decodeUser } from './user-params.ts';

export const createCredentialStore = (table: Table): CredentialStore => {
  /** Both rows in one request. */
  const readBoth = async (user: Key, credential: Key): Promise<readonly [Item | undefined, Item | undefined]> => {
    const rows = await readRows(table, [user, credential]);
    const at = ({ pk }: Key): Item | undefined => rows.find((row) => row.pk === pk);
    return [at(user), at(credential)];
  };

  return {
    login: async (user, login) => {
      const [owner, row] = await readBoth(userKey(user), loginKey({ user, id: login }));
      return { user: decodeUser(owner), login: decodeLogin(row) };
    },
    key: async (owner, key) => {
      const [user, row] = await readBoth(userKey(owner), apiKeyKey({ owner, id: key }));
      return { owner: decodeUser(user), key: decodeKey(row) };
    },
  };
};
