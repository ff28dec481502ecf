import type { Login } from '../../../domain/identity/login.ts';
import { type Actions, addItem, isThere } from '../actions.ts';
import type { Item } from '../conditional.ts';
import { createExpression } from '../expression.ts';
import { toTtl } from '../ttl.ts';
import { loginKey } from './keys.ts';

export const createLoginActions = (login: Login, tableName: string): Actions => ({
  row: addItem(tableName, { ...login, ...loginKey(login), ttl: toTtl(login.expiresAt) }),
});

export const endLoginActions = (login: Pick<Login, 'user' | 'id'>, tableName: string): Actions => ({
  row: { Delete: { TableName: tableName, Key: loginKey(login), ...isThere() } },
});

export const rotateActions = (
  login: Pick<Login, 'user' | 'id' | 'generation'>,
  { now, expiresAt }: { readonly now: number; readonly expiresAt: number },
  tableName: string,
): Actions => {
  const expression = createExpression();
  const fields = { generation: login.generation + 1, expiresAt, ttl: toTtl(expiresAt) };
  const sets = Object.entries(fields).map(
    ([field, value]) => `${expression.name(field)} = ${expression.value(field, value)}`,
  );
  const valid = `${expression.name('generation')} = ${expression.value('valid', login.generation)}`;
  const alive = `${expression.name('expiresAt')} > ${expression.value('now', now)}`;
  return {
    row: {
      Update: {
        TableName: tableName,
        Key: loginKey(login),
        UpdateExpression: `SET ${sets.join(', ')}`,
        ConditionExpression: `${valid} AND ${alive}`,
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        ...expression.attributes(),
      },
    },
  };
};

export const decodeLogin = (item: Item | undefined): Login | undefined => {
  if (item === undefined) {
    return undefined;
  }
  const { pk: _pk, sk: _sk, ttl: _ttl, ...login } = item;
  return login as Login;
};
