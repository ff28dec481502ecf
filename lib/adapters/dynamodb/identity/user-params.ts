/** What is sent to DynamoDB for a user: pure, so that the conditions can be read, reviewed and tested without a client. */
import { emailKey, usernameKey } from '../../../domain/identity/names.ts';
import { isActiveAdmin, type User } from '../../../domain/identity/user.ts';
import { type Action, type Actions, addItem, isEqual, isThere } from '../actions.ts';
import type { Item } from '../conditional.ts';
import { createExpression } from '../expression.ts';
import { FIRST_ADMIN_KEY, USER_COUNTS_KEY, uniqueKey, userKey, userListKey } from './keys.ts';

/** The unique keys that a user holds, and what each of them is. Nobody else may have them, as either. */
const namesOf = (user: User): ReadonlyMap<string, 'username' | 'email'> =>
  user.status === 'deleted'
    ? new Map()
    : new Map([
        [usernameKey(user.username), 'username'],
        [emailKey(user.email), 'email'],
      ]);

const countAction = (TableName: string, users: number, admins: number): Action => {
  const expression = createExpression();
  const ofAdmins = expression.name('admins');
  return {
    Update: {
      TableName,
      Key: USER_COUNTS_KEY,
      UpdateExpression: `ADD ${expression.name('users')} ${expression.value('users', users)}, ${ofAdmins} ${expression.value('admins', admins)}`,
      // One active admin must remain, however many leave at the same moment.
      ...(admins < 0 && { ConditionExpression: `${ofAdmins} > ${expression.value('one', 1)}` }),
      ...expression.attributes(),
    },
  };
};

export const createUserActions = (user: User, once: 'first_admin' | undefined, tableName: string): Actions => ({
  row: addItem(tableName, { ...user, ...userKey(user.id) }),
  ...Object.fromEntries(
    [...namesOf(user)].map(([name, what]) => [what, addItem(tableName, { ...uniqueKey(name), holder: user.id })]),
  ),
  listed: addItem(tableName, userListKey(user.id)),
  counts: countAction(tableName, 1, isActiveAdmin(user) ? 1 : 0),
  ...(once !== undefined && { once: addItem(tableName, { ...FIRST_ADMIN_KEY, user: user.id }) }),
});

/** All fields but those that do not change (`id`, `createdAt`) and `keys`, which the creating of keys counts meanwhile. */
const rowAction = (TableName: string, before: User, after: User): Action => {
  const { id, keys: _keys, createdAt: _createdAt, ...fields } = after;
  const kept = { ...fields, passwordHash: after.status === 'deleted' ? '' : after.passwordHash };
  const expression = createExpression();
  const sets = Object.entries(kept).map(
    ([field, value]) => `${expression.name(field)} = ${expression.value(field, value)}`,
  );
  return {
    Update: {
      TableName,
      Key: userKey(id),
      UpdateExpression: `SET ${sets.join(', ')}`,
      ConditionExpression: `${expression.name('version')} = ${expression.value('before', before.version)}`,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      ...expression.attributes(),
    },
  };
};

export const replaceUserActions = (before: User, after: User, tableName: string): Actions => {
  const [held, wanted] = [namesOf(before), namesOf(after)];
  // A name in another spelling has the same key: neither taken nor given back.
  const taken = [...wanted].filter(([name]) => !held.has(name));
  const freed = [...held].filter(([name]) => !wanted.has(name));
  const leaves = before.status !== 'deleted' && after.status === 'deleted';
  const admins = (isActiveAdmin(after) ? 1 : 0) - (isActiveAdmin(before) ? 1 : 0);
  return {
    row: rowAction(tableName, before, after),
    ...Object.fromEntries(
      taken.map(([name, what]) => [what, addItem(tableName, { ...uniqueKey(name), holder: after.id })]),
    ),
    ...Object.fromEntries(
      freed.map(([name, what]) => [
        `free ${what}`,
        { Delete: { TableName: tableName, Key: uniqueKey(name), ...isEqual('holder', after.id) } },
      ]),
    ),
    ...(leaves && { listed: { Delete: { TableName: tableName, Key: userListKey(after.id), ...isThere() } } }),
    ...((leaves || admins !== 0) && { counts: countAction(tableName, leaves ? -1 : 0, admins) }),
  };
};

export const decodeUser = (item: Item | undefined): User | undefined => {
  if (item === undefined) {
    return undefined;
  }
  const { pk: _pk, sk: _sk, ...user } = item;
  return user as User;
};
