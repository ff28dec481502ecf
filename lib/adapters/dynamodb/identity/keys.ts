/**
 * Every key of the definitions table, and the one of a throttle, which is in the executions table.
 *
 * | item             | pk                      | sk                  |
 * | ---------------- | ----------------------- | ------------------- |
 * | user             | `USER#<id>`             | `USER`              |
 * | list of users    | `USERS`                 | user id, 16 digits  |
 * | unique name      | `UNIQUE#<key>`          | `UNIQUE`            |
 * | login            | `LOGIN#<user>`          | login id            |
 * | API key          | `API_KEY#<owner>`       | key id, 16 digits   |
 * | failed logins    | `ATTEMPTS#<sha-256>`    | `ATTEMPTS`          |
 * | idempotency key  | `KEY#<sha-256>`         | `KEY`               |
 * | count of users   | `COUNTS`                | `USERS`             |
 * | public keys      | `PUBLIC_KEYS`           | `PUBLIC_KEYS`       |
 * | first admin      | `FIRST_ADMIN`           | `FIRST_ADMIN`       |
 * | audit entry      | `AUDIT`                 | seq, 16 digits      |
 * | throttle         | `THROTTLE#<principal>`  | `THROTTLE`          |
 *
 * Users' and keys' ids are made as a run's, so they are padded as a run's, and sort by creation.
 */
import { createHash } from 'node:crypto';
import { DEFINITION_PARTITIONS } from '../../../contracts/definitions-table.ts';
import { EXECUTION_PARTITIONS } from '../../../contracts/executions-table.ts';
import type { ApiKey } from '../../../domain/identity/api-key.ts';
import type { Login } from '../../../domain/identity/login.ts';
import { runIdOfOrder, runOrder } from '../../../domain/ids.ts';
import type { Key } from '../keys.ts';

export const userKey = (id: string): Key => ({ pk: `${DEFINITION_PARTITIONS.user}${id}`, sk: 'USER' });

export const USER_LIST = DEFINITION_PARTITIONS.users;
export const userListKey = (id: string): Key => ({ pk: USER_LIST, sk: runOrder(id) });
export const userIdOf = runIdOfOrder;

export const uniqueKey = (name: string): Key => ({ pk: `${DEFINITION_PARTITIONS.unique}${name}`, sk: 'UNIQUE' });

export const loginKey = ({ user, id }: Pick<Login, 'user' | 'id'>): Key => ({
  pk: `${DEFINITION_PARTITIONS.login}${user}`,
  sk: id,
});

export const apiKeyPartition = (owner: string): string => `${DEFINITION_PARTITIONS.apiKey}${owner}`;
export const apiKeyKey = ({ owner, id }: Pick<ApiKey, 'owner' | 'id'>): Key => ({
  pk: apiKeyPartition(owner),
  sk: runOrder(id),
});

/** Hashed: what is typed as a name may be as long as it likes, and may be a password in the wrong field. */
export const attemptsKey = (key: string): Key => ({
  pk: `${DEFINITION_PARTITIONS.attempts}${createHash('sha256').update(key).digest('hex')}`,
  sk: 'ATTEMPTS',
});

export const USER_COUNTS_KEY: Key = { pk: DEFINITION_PARTITIONS.counts, sk: 'USERS' };
export const PUBLIC_KEYS_KEY: Key = { pk: DEFINITION_PARTITIONS.publicKeys, sk: 'PUBLIC_KEYS' };
export const FIRST_ADMIN_KEY: Key = { pk: DEFINITION_PARTITIONS.firstAdmin, sk: 'FIRST_ADMIN' };

export const AUDIT_LOG = DEFINITION_PARTITIONS.audit;
export const auditSortKey = (seq: number): string => runOrder(String(seq));
export const auditKey = (seq: number): Key => ({ pk: AUDIT_LOG, sk: auditSortKey(seq) });

export const throttleKey = (principal: string): Key => ({
  pk: `${EXECUTION_PARTITIONS.throttle}${principal}`,
  sk: 'THROTTLE',
});
