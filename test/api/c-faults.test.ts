/** API C when something breaks below it: 500 in its words, and nothing of the fault, a secret or a hash comes out. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { IdentityPorts } from '../../lib/application/ports/identity.ts';
import { ADMIN, type CWorld, createCWorld, PASSWORD } from './c-world.ts';

const SECRET_OF_FAULT = 'arn:aws:kms:us-east-1:123456789012:key/not-for-callers';
const fail = async (): Promise<never> => {
  throw new Error(`boom ${SECRET_OF_FAULT}`);
};

/** Ports that work until they are told to fail, one method of one port each. */
type Broken = { port?: keyof IdentityPorts; method?: string };

/** Told to fail when it is called, not when it is looked up: who wires things up may keep the method. */
const breakable = <T extends object>(name: keyof IdentityPorts, port: T, broken: Broken): T =>
  new Proxy(port, {
    get: (target, method) => {
      const value: unknown = Reflect.get(target, method);
      return typeof value === 'function'
        ? (...args: readonly unknown[]): unknown =>
            broken.port === name && broken.method === method ? fail() : Reflect.apply(value, target, args)
        : value;
    },
  });

const LOGIN = { request: 'POST /api/auth/login', body: { username: ADMIN.username, password: ADMIN.password } };
const CREATE_USER = {
  request: 'POST /api/users',
  body: { username: 'newuser', email: 'newuser@example.com', password: PASSWORD, role: 'user' },
};
const UPDATE_USER = { request: 'PUT /api/users/:id', body: { email: 'changed@example.com' } };
const CHANGE_PASSWORD = {
  request: 'PUT /api/users/:self/password',
  body: { old_password: ADMIN.password, new_password: PASSWORD },
};
const FAULT = '服务器内部错误';
const NO_TOKENS = '令牌生成失败';
const NO_LIST = '查询失败';

type Case = readonly [
  port: 'credentials' | 'users' | 'logins' | 'keys' | 'audit' | 'attempts' | 'passwords' | 'signing' | 'idempotency',
  method: string,
  asked: { readonly request: string; readonly body?: object },
  message: string,
];

const CASES: readonly Case[] = [
  ['signing', 'sign', LOGIN, NO_TOKENS],
  ['signing', 'publicKeys', LOGIN, NO_TOKENS],
  ['users', 'findHolder', LOGIN, NO_TOKENS],
  ['users', 'get', LOGIN, NO_TOKENS],
  ['logins', 'create', LOGIN, NO_TOKENS],
  ['attempts', 'count', LOGIN, NO_TOKENS],
  ['attempts', 'uncount', LOGIN, NO_TOKENS],
  ['attempts', 'clear', LOGIN, NO_TOKENS],
  ['passwords', 'matches', LOGIN, NO_TOKENS],
  ['signing', 'sign', { request: 'POST /api/auth/refresh' }, FAULT],
  ['credentials', 'login', { request: 'POST /api/auth/refresh' }, FAULT],
  ['logins', 'rotate', { request: 'POST /api/auth/refresh' }, FAULT],
  ['users', 'get', { request: 'GET /api/auth/profile' }, FAULT],
  ['logins', 'end', { request: 'POST /api/auth/logout' }, FAULT],
  ['users', 'list', { request: 'GET /api/users' }, NO_LIST],
  ['users', 'get', { request: 'GET /api/users/:id' }, FAULT],
  ['users', 'create', CREATE_USER, FAULT],
  ['passwords', 'hash', CREATE_USER, FAULT],
  ['users', 'get', UPDATE_USER, FAULT],
  ['users', 'replace', UPDATE_USER, FAULT],
  ['users', 'replace', { request: 'DELETE /api/users/:id' }, FAULT],
  ['users', 'get', CHANGE_PASSWORD, FAULT],
  ['users', 'replace', CHANGE_PASSWORD, FAULT],
  ['attempts', 'count', CHANGE_PASSWORD, FAULT],
  ['passwords', 'matches', CHANGE_PASSWORD, FAULT],
  ['passwords', 'hash', CHANGE_PASSWORD, FAULT],
  ['keys', 'create', { request: 'POST /api/auth/api-keys', body: { name: 'key' } }, FAULT],
  ['keys', 'list', { request: 'GET /api/auth/api-keys' }, NO_LIST],
  ['keys', 'revoke', { request: 'DELETE /api/auth/api-keys/:key' }, FAULT],
  ['keys', 'get', { request: 'POST /api/auth/api-keys/:key/roll', body: {} }, FAULT],
  ['keys', 'replace', { request: 'POST /api/auth/api-keys/:key/roll', body: {} }, FAULT],
  ['audit', 'newest', { request: 'GET /api/audit' }, NO_LIST],
  ['idempotency', 'reserve', CREATE_USER, FAULT],
];

let broken: Broken;
let world: CWorld;
/** What may be in no answer and no log line. */
let secrets: string[];
let access = '';
let refresh = '';
let ids: Readonly<Record<string, number>>;

beforeEach(async () => {
  broken = {};
  world = createCWorld((ports) => ({
    credentials: breakable('credentials', ports.credentials, broken),
    users: breakable('users', ports.users, broken),
    logins: breakable('logins', ports.logins, broken),
    keys: breakable('keys', ports.keys, broken),
    audit: breakable('audit', ports.audit, broken),
    attempts: breakable('attempts', ports.attempts, broken),
    passwords: breakable('passwords', ports.passwords, broken),
    signing: breakable('signing', ports.signing, broken),
    idempotency: breakable('idempotency', ports.idempotency, broken),
  }));
  ({ access, refresh } = await world.login(ADMIN.username, ADMIN.password));
  const id = await world.addUser(access, 'user');
  const self = ((await world.as(access, 'GET /api/auth/profile')).body.data as { id: number }).id;
  const made = await world.as(access, 'POST /api/auth/api-keys', { body: { name: 'first' } });
  const key = made.body.data as { id: number; key: string };
  ids = { id, self, key: key.id };
  const rows = [await world.stores.users.get(String(self)), await world.stores.users.get(String(id))];
  const row = await world.stores.keys.get(String(self), String(key.id));
  secrets = [
    ADMIN.password,
    PASSWORD,
    access,
    refresh,
    key.key,
    row?.hash ?? '',
    ...rows.map((user) => user?.passwordHash ?? ''),
  ];
  expect(secrets.filter((secret) => secret.length < 6)).toEqual([]);
});

const ask = ({ request, body }: Case[2]) =>
  world.as(
    access,
    request.replace(/:(id|self|key)/, (_, name: string) => String(ids[name])),
    {
      ...(request === 'POST /api/auth/refresh' ? { body: { refresh_token: refresh } } : body ? { body } : {}),
      requestId: 'r-fault',
      ...(request === CREATE_USER.request ? { headers: { 'idempotency-key': 'once' } } : {}),
    },
  );

describe.each(CASES)('%s.%s fails', (port, method, asked, message) => {
  it(`below ${asked.request}: 500, ${message}`, async () => {
    broken.port = port;
    broken.method = method;
    const { status, headers, text, body } = await ask(asked);
    expect([status, body]).toEqual([500, { success: false, code: 500, message, timestamp: '2030-01-01T00:00:00Z' }]);
    expect(text).not.toContain(SECRET_OF_FAULT);
    expect(headers['x-request-id']).toBe('r-fault');

    // The cause is in the log, under the request's id, for whoever may read it.
    const logged = JSON.stringify(world.logs);
    const cause = world.logs.filter((line) => line.level === 'error' && line.requestId === 'r-fault');
    expect(JSON.stringify(cause)).toContain('boom');
    expect(secrets.filter((secret) => logged.includes(secret) || text.includes(secret))).toEqual([]);
  });
});

describe('after a fault', () => {
  it('a login can be tried again, however often signing failed', async () => {
    broken.port = 'signing';
    broken.method = 'sign';
    for (let tries = 0; tries < 10; tries += 1) {
      expect((await ask(LOGIN)).status).toBe(500);
    }
    broken.port = 'logins';
    expect((await ask(LOGIN)).status).toBe(200);
  });

  it('a refresh token that was not traded is still good', async () => {
    broken.port = 'signing';
    broken.method = 'sign';
    const asked = { request: 'POST /api/auth/refresh' };
    expect((await ask(asked)).status).toBe(500);
    broken.port = 'users';
    expect((await ask(asked)).status).toBe(200);
  });

  it('no user is half made', async () => {
    broken.port = 'users';
    broken.method = 'create';
    expect((await ask(CREATE_USER)).status).toBe(500);
    broken.method = 'none';
    expect((await ask(CREATE_USER)).status).toBe(201);
    expect((await world.stores.users.list({ offset: 0, limit: 10 })).total).toBe(3);
  });
});

describe('reading the public keys', () => {
  it('fails without saying why', async () => {
    broken.port = 'signing';
    broken.method = 'publicKeys';
    const spoiled = createCWorld(() => ({ signing: { publicKeys: fail, sign: fail } }));
    const { status, text } = await spoiled.send('GET /.well-known/jwks.json');
    expect(status).toBe(500);
    expect(text).not.toContain(SECRET_OF_FAULT);
    expect(text).toContain('Failed to read the public keys');
  });
});
