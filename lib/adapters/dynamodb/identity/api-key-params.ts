import type { UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import { MAX_KEYS_PER_USER } from '../../../application/ports/identity.ts';
import type { ApiKey } from '../../../domain/identity/api-key.ts';
import { type Action, type Actions, addItem, isEqual, isThere } from '../actions.ts';
import type { Item } from '../conditional.ts';
import { createExpression } from '../expression.ts';
import type { Key } from '../keys.ts';
import type { Params } from '../run-params.ts';
import { toTtl } from '../ttl.ts';
import { apiKeyKey, userKey } from './keys.ts';

/** An expired key stays in the list so long that its owner can see why a machine was turned away. */
const EXPIRED_KEPT_MS = 30 * 86_400_000;

const encodeKey = (key: ApiKey): Key & Item => ({
  ...key,
  ...apiKeyKey(key),
  ...(key.expiresAt !== undefined && { ttl: toTtl(key.expiresAt + EXPIRED_KEPT_MS) }),
});

export const decodeKey = (item: Item | undefined): ApiKey | undefined => {
  if (item === undefined) {
    return undefined;
  }
  const { pk: _pk, sk: _sk, ttl: _ttl, ...key } = item;
  return key as ApiKey;
};

/** An owner who may have one more. */
const countOneMore = (TableName: string, owner: string): Action => {
  const expression = createExpression();
  const keys = expression.name('keys');
  return {
    Update: {
      TableName,
      Key: userKey(owner),
      UpdateExpression: `SET ${keys} = ${keys} + ${expression.value('one', 1)}`,
      ConditionExpression: `${expression.name('status')} = ${expression.value('active', 'active')} AND ${keys} < ${expression.value('max', MAX_KEYS_PER_USER)}`,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      ...expression.attributes(),
    },
  };
};

export const createKeyActions = (key: ApiKey, tableName: string): Actions => ({
  owner: countOneMore(tableName, key.owner),
  row: addItem(tableName, encodeKey(key)),
});

export const replaceKeyActions = (before: ApiKey, after: ApiKey, tableName: string): Actions => ({
  row: { Put: { TableName: tableName, Item: encodeKey(after), ...isEqual('version', before.version) } },
});

export const revokeKeyActions = (key: Pick<ApiKey, 'owner' | 'id'>, TableName: string): Actions => {
  const expression = createExpression();
  const keys = expression.name('keys');
  return {
    row: { Delete: { TableName, Key: apiKeyKey(key), ...isThere() } },
    // No condition on the number: whatever it is, a key must be revocable.
    owner: {
      Update: {
        TableName,
        Key: userKey(key.owner),
        UpdateExpression: `SET ${keys} = ${keys} - ${expression.value('one', 1)}`,
        ConditionExpression: `attribute_exists(${keys})`,
        ...expression.attributes(),
      },
    },
  };
};

/** TTL takes expired keys away without a word, so the number may be too high; it is set right when it stands in the way. */
export const recountParams = (owner: string, counted: number, found: number): Params<UpdateCommandInput> => {
  const expression = createExpression();
  const keys = expression.name('keys');
  return {
    Key: userKey(owner),
    UpdateExpression: `SET ${keys} = ${expression.value('found', found)}`,
    ConditionExpression: `${keys} = ${expression.value('counted', counted)}`,
    ...expression.attributes(),
  };
};
