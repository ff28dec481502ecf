import { describe, expect, it } from 'vitest';
import { type Actions, partitionParams } from '../../lib/adapters/dynamodb/actions.ts';
import {
  createKeyActions,
  recountParams,
  replaceKeyActions,
  revokeKeyActions,
} from '../../lib/adapters/dynamodb/identity/api-key-params.ts';
import { putAttemptsParams } from '../../lib/adapters/dynamodb/identity/attempt-params.ts';
import { entryAction, newestEntriesParams } from '../../lib/adapters/dynamodb/identity/audit-params.ts';
import {
  createLoginActions,
  endLoginActions,
  rotateActions,
} from '../../lib/adapters/dynamodb/identity/login-params.ts';
import { publishParams } from '../../lib/adapters/dynamodb/identity/public-keys.ts';
import { takeFirstParams, takeMoreParams } from '../../lib/adapters/dynamodb/identity/throttle-params.ts';
import { createUserActions, replaceUserActions } from '../../lib/adapters/dynamodb/identity/user-params.ts';
import { CHAIN_BEGIN } from '../../lib/domain/identity/audit.ts';
import { aDraft, aKey, aLogin, aUser, changedUser } from '../support/identity-rows.ts';
import { NOW } from '../support/rows.ts';

const OP = 'op-of-this-call';
const SEEN = 'op-that-was-read';
const TABLE = 'definitions';
const DAY_MS = 86_400_000;

const USER = aUser({ id: '42', username: 'Ann', email: 'ann@example.com' });
const ADMIN = aUser({ ...USER, role: 'admin' });
const LOGIN = aLogin('42', { id: 'login-1' });
const KEY = aKey('42', { id: '7' });
const ENTRY = { ...aDraft({ entity: 'user:42' }), seq: 12, previous: CHAIN_BEGIN, hash: 'hash' };
const ASKED = { tokens: 4, intervalMs: 10, burst: 500, now: NOW };

const transactions: Record<string, Actions> = {
  'create a user': createUserActions(USER, undefined, TABLE),
  'create the first admin': createUserActions(ADMIN, 'first_admin', TABLE),
  'change a password': replaceUserActions(USER, changedUser(USER, { passwordHash: 'new', loginEpoch: 2 }), TABLE),
  'respell both names': replaceUserActions(
    USER,
    changedUser(USER, { username: 'ANN', email: 'Ann@Example.com' }),
    TABLE,
  ),
  'change both names': replaceUserActions(USER, changedUser(USER, { username: 'bob', email: 'b@example.com' }), TABLE),
  'promote a user': replaceUserActions(USER, changedUser(USER, { role: 'admin' }), TABLE),
  'demote an admin': replaceUserActions(ADMIN, changedUser(ADMIN, { role: 'user' }), TABLE),
  'delete an admin': replaceUserActions(ADMIN, changedUser(ADMIN, { status: 'deleted' }), TABLE),
  'create a login': createLoginActions(LOGIN, TABLE),
  'refresh a login': rotateActions(LOGIN, { now: NOW, expiresAt: NOW + 7 * DAY_MS }, TABLE),
  'end a login': endLoginActions(LOGIN, TABLE),
  'create a key': createKeyActions(KEY, TABLE),
  'create a key that expires': createKeyActions({ ...KEY, expiresAt: NOW + DAY_MS }, TABLE),
  'roll a key': replaceKeyActions(KEY, { ...KEY, hash: 'new', version: 2 }, TABLE),
  'revoke a key': revokeKeyActions(KEY, TABLE),
  'record an entry': { entry: entryAction(ENTRY, OP, TABLE) },
};

type Params = {
  readonly UpdateExpression?: string | undefined;
  readonly ConditionExpression?: string | undefined;
  readonly KeyConditionExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Record<string, string> | undefined;
  readonly ExpressionAttributeValues?: Record<string, unknown> | undefined;
};
const single: Record<string, Params> = {
  'newest entries': newestEntriesParams(undefined),
  'entries before one': newestEntriesParams(12),
  'a whole partition': partitionParams('USERS'),
  'count keys anew': recountParams('42', 100, 98),
  'count the first try': putAttemptsParams('account:ann', { attempts: [NOW], ttl: 1 }, undefined, OP),
  'count another try': putAttemptsParams('account:ann', { attempts: [NOW, NOW + 1], ttl: 2 }, SEEN, OP),
  'publish the first keys': publishParams([], undefined, OP),
  'publish other keys': publishParams([], SEEN, OP),
  'take from a full bucket': takeFirstParams('user:42', ASKED, OP),
  'take from another bucket': takeMoreParams('user:42', ASKED, OP),
};

const actionsOf = (actions: Actions): readonly [string, Params][] =>
  Object.entries(actions).map(([name, { Put, Update, Delete }]) => [name, Put ?? Update ?? Delete ?? {}]);

describe('what is sent to DynamoDB for identity', () => {
  it.each(Object.keys(transactions))('%s', (name) => {
    expect(transactions[name]).toMatchSnapshot();
  });
  it.each(Object.keys(single))('%s', (name) => {
    expect(single[name]).toMatchSnapshot();
  });

  const all = [
    ...Object.entries(single),
    ...Object.entries(transactions).flatMap(([what, actions]) =>
      actionsOf(actions).map(([name, params]) => [`${what}: ${name}`, params] as const),
    ),
  ];
  it.each(all)('%s: every placeholder is declared, and every declared one is used', (_name, params) => {
    const text = [params.UpdateExpression, params.ConditionExpression, params.KeyConditionExpression].join(' ');
    const declared = [
      ...Object.keys(params.ExpressionAttributeNames ?? {}),
      ...Object.keys(params.ExpressionAttributeValues ?? {}),
    ];
    expect(new Set(text.match(/[#:][A-Za-z0-9_]+/g))).toEqual(new Set(declared));
  });
});

describe('a transaction of identity', () => {
  const cases = Object.entries(transactions);

  it.each(cases)('%s: writes no item twice, which DynamoDB refuses', (_name, actions) => {
    const keys = Object.values(actions).map(({ Put, Update, Delete }) => {
      const { pk, sk } = Put?.Item ?? Update?.Key ?? Delete?.Key ?? {};
      return JSON.stringify([pk, sk]);
    });
    expect(new Set(keys).size).toBe(keys.length);
  });

  it.each(cases)('%s: each action has a condition, but the count of users where nobody leaves', (_name, actions) => {
    const unconditional = actionsOf(actions).filter(([, { ConditionExpression }]) => ConditionExpression === undefined);
    expect(new Set(['counts', ...unconditional.map(([name]) => name)])).toEqual(new Set(['counts']));
  });

  it('changes no name that has the same key', () => {
    expect(Object.keys(transactions['respell both names'] ?? {})).toEqual(['row']);
  });
});
