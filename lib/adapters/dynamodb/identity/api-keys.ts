import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type KeyStore, MAX_KEYS_PER_USER } from '../../../application/ports/identity.ts';
import type { ApiKey } from '../../../domain/identity/api-key.ts';
import type { AuditDraft } from '../../../domain/identity/audit.ts';
import { isActive, type User } from '../../../domain/identity/user.ts';
import { partitionParams } from '../actions.ts';
import type { Table } from '../client.ts';
import { attemptWrite } from '../conditional.ts';
import { outsideTransactions } from '../conflict.ts';
import { queryRows, readRow } from '../read.ts';
import { createKeyActions, decodeKey, recountParams, replaceKeyActions, revokeKeyActions } from './api-key-params.ts';
import { writeRecorded } from './audit.ts';
import { apiKeyKey, apiKeyPartition } from './keys.ts';
import { decodeUser } from './user-params.ts';

export const createKeyStore = (table: Table): KeyStore => {
  const list: KeyStore['list'] = async (owner) =>
    (await queryRows(table, partitionParams(apiKeyPartition(owner)), MAX_KEYS_PER_USER)).flatMap(
      (item) => decodeKey(item) ?? [],
    );

  /** @returns whether the owner has fewer keys than were counted */
  const recount = async ({ id, keys: counted }: User): Promise<boolean> => {
    const found = (await list(id)).length;
    if (found >= counted) {
      return false;
    }
    // Lost, somebody else set it right, or made or revoked a key: either way another try tells.
    const params = recountParams(id, counted, found);
    await outsideTransactions(() =>
      attemptWrite('', () => table.client.send(new UpdateCommand({ TableName: table.name, ...params }))),
    );
    return true;
  };

  /** @returns the owner as the refusal showed it, who has as many keys as are allowed */
  const tryToCreate = async (key: ApiKey, audit: AuditDraft): Promise<'created' | 'no_owner' | User> => {
    const written = await writeRecorded(table, createKeyActions(key, table.name), audit);
    if (written.kind === 'done') {
      return 'created';
    }
    if (!written.by.has('owner')) {
      throw new Error(`A key of user ${key.owner} drew the id of another one`);
    }
    const owner = decodeUser(written.by.get('owner'));
    return owner !== undefined && isActive(owner) ? owner : 'no_owner';
  };

  return {
    create: async (key, audit) => {
      const first = await tryToCreate(key, audit);
      if (typeof first === 'string') {
        return first;
      }
      const second = (await recount(first)) ? await tryToCreate(key, audit) : first;
      return typeof second === 'string' ? second : 'too_many';
    },

    get: async (owner, id) => decodeKey(await readRow(table, apiKeyKey({ owner, id }))),
    list,

    replace: async (before, after, audit) => {
      const written = await writeRecorded(table, replaceKeyActions(before, after, table.name), audit);
      return written.kind === 'done' ? 'done' : 'changed';
    },

    revoke: async (key, audit) => {
      const written = await writeRecorded(table, revokeKeyActions(key, table.name), audit);
      return written.kind === 'done' ? 'done' : 'missing';
    },
  };
};
