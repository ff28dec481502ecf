import type {
  AuditStore,
  CredentialStore,
  IdentityStores,
  PublicJwk,
  PublicKeyStore,
} from '../../../application/ports/identity.ts';
import { createMemoryKeyStore } from './api-keys.ts';
import { createMemoryAttemptStore, createMemoryThrottleStore } from './limits.ts';
import { createMemoryLoginStore } from './logins.ts';
import { createIdentityRows, type IdentityRows, keyRow, loginRow } from './rows.ts';
import { createMemoryUserStore } from './users.ts';

const createMemoryCredentialStore = ({ users, logins, keys }: IdentityRows): CredentialStore => ({
  login: async (user, login) => ({ user: users.get(user), login: logins.get(loginRow({ user, id: login })) }),
  key: async (owner, key) => ({ owner: users.get(owner), key: keys.get(keyRow({ owner, id: key })) }),
});

const createMemoryAuditStore = ({ audit, record }: IdentityRows): AuditStore => ({
  append: async (draft) => record(draft),
  newest: async ({ before = Number.POSITIVE_INFINITY, limit }) => {
    // The entry of place n is the n-th.
    const end = Math.min(audit.length, before - 1);
    return audit.slice(Math.max(0, end - limit), end).reverse();
  },
});

const createMemoryPublicKeyStore = (): PublicKeyStore => {
  let published: readonly PublicJwk[] = [];
  return {
    read: async () => published,
    publish: async (keys) => {
      published = keys;
    },
  };
};

/** Identity in this process: the twins of the DynamoDB adapters, condition by condition. Each call is one step, as a transaction is. */
export const createMemoryIdentityStores = (): IdentityStores => {
  const rows = createIdentityRows();
  return {
    users: createMemoryUserStore(rows),
    logins: createMemoryLoginStore(rows),
    keys: createMemoryKeyStore(rows),
    credentials: createMemoryCredentialStore(rows),
    audit: createMemoryAuditStore(rows),
    attempts: createMemoryAttemptStore(),
    publicKeys: createMemoryPublicKeyStore(),
    throttle: createMemoryThrottleStore(),
  };
};
