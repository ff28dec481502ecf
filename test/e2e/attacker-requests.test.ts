/** An attacker on what a request is made of: headers, paths and bodies, down to bytes that no client would send. */
import { describe, expect } from 'vitest';
import * as z from 'zod';
import { MAX_BODY_BYTES, MAX_JSON_DEPTH } from '../../lib/contracts/limits.ts';
import { type Answer, dataOf, type Sent } from '../support/attacker-requests.ts';
import { createAttack } from '../support/attacker-story.ts';
import type { Attacker } from '../support/attacker-world.ts';

const { stack, mallory, story, epilogue } = createAttack('memory');

/** Calls on behalf of Mallory, by name. @returns those that were answered otherwise than with one of the statuses */
const othersThan = async (
  statuses: readonly number[],
  calls: readonly (readonly [name: string, call: () => Promise<Answer>])[],
): Promise<readonly string[]> => {
  const others: string[] = [];
  for (const [name, call] of calls) {
    const { status, text } = await call();
    if (!statuses.includes(status)) {
      others.push(`${name}: ${status} ${text.slice(0, 100)}`);
    }
  }
  return others;
};

describe('who plays with headers', () => {
  const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
  const raw = (attacker: Attacker, path: string, headers: readonly string[], body = '') =>
    attacker.sendRaw([`${path} HTTP/1.1`, 'Host: {host}', 'Connection: close', ...headers, '', body].join('\r\n'));

  story('and sends two credentials, has none', ['access.refused operation:getProfile'], async (attacker) => {
    const { key, tokens } = mallory();
    const good = `Authorization: Bearer ${key.key}`;
    const doubled: readonly (readonly string[])[] = [
      [good, `Authorization: Bearer ${tokens.access}`],
      [good, 'Authorization: Bearer nonsense'],
      ['Authorization: Bearer nonsense', good],
      [good, `X-API-Key: ${key.key}`],
      [`X-API-Key: ${key.key}`, `X-API-Key: ${key.key}`],
      [`${good}, Bearer ${tokens.access}`],
      ['Authorization: Basic bWFsbG9yeTpwYXNz'],
      [`Authorization: ${key.key}`],
    ];
    const statuses: (readonly [number, string])[] = [];
    for (const headers of doubled) {
      const shown = headers.map((header) => header.replaceAll(key.key, '<key>').replaceAll(tokens.access, '<token>'));
      statuses.push([statusOf(await raw(attacker, 'GET /api/auth/profile', headers)), shown.join(' | ')]);
    }
    expect(statuses).toEqual(statuses.map(([, headers]) => [401, headers]));
    expect(statusOf(await raw(attacker, 'GET /api/auth/profile', [good]))).toBe(200);
  });

  story('and breaks lines, is not understood', [], async (attacker) => {
    const good = `Authorization: Bearer ${mallory().key.key}`;
    const hidden = `GET /api/users HTTP/1.1\r\nHost: {host}\r\n${good}\r\n\r\n`;
    const broken: readonly (readonly [headers: readonly string[], body?: string])[] = [
      [[`X-Note: one\rAuthorization: Bearer two`]],
      [[`X-Note: one\n${good}`]],
      [['Authorization:\r\n Bearer folded']],
      [[good.replace(':', ' :')]],
      [['X-Note: \0']],
      [['Content-Length: 0', 'Content-Length: 5'], 'hello'],
      [['Content-Length: -1']],
      [['Content-Length: 4', 'Transfer-Encoding: chunked'], `0\r\n\r\n${hidden}`],
      [['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${hidden}`],
    ];
    for (const [headers, body] of broken) {
      const answer = await raw(attacker, 'GET /api/users', headers, body);
      expect([400, 401], `${JSON.stringify(headers)}: ${answer}`).toContain(statusOf(answer));
      // Not two answers either, of which the second would be to what was hidden in the first.
      expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
    }
  });

  story(
    'and names another, an address or a method, stays who they are',
    ['access.refused operation:'],
    async (attacker) => {
      const { admin, app } = stack();
      const { id, tokens, key } = mallory();
      const names = ['X-User-Id', 'X-Forwarded-User', 'X-Remote-User', 'X-Auth-Request-User', 'X-Amzn-Oidc-Identity'];
      const headers: Sent['headers'] = [
        ...names.map((name) => [name, admin.id] as const),
        ...['X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-Prefix'].map((name) => [name, '/health'] as const),
        ...['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'].map((name) => [name, 'DELETE'] as const),
        ...['X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'CF-Connecting-IP'].map(
          (name) => [name, '127.0.0.1'] as const,
        ),
      ];
      const call = (line: string, sent: Sent = {}) =>
        [line, () => attacker.send(line, { as: tokens.access, headers, ...sent })] as const;
      expect(
        await othersThan(
          [401, 403, 404, 405],
          [
            call('GET /api/users'),
            call('GET /api/audit'),
            call(`GET /api/users/${admin.id}`),
            call(`POST /api/users/${admin.id}?_method=DELETE`, { body: { _method: 'DELETE' } }),
            call(`POST /api/auth/api-keys/${key.id}`, { body: {} }),
            call(`PATCH /api/users/${id}`, { body: { role: 'admin' } }),
            call('TRACE /api/users'),
            call('HEAD /api/users'),
            call('OPTIONS /api/users'),
            call(`GET /api/users?access_token=${app.stack.adminKey}`, { as: undefined }),
            call('GET /api/users', { as: undefined, headers: [['Cookie', `token=${tokens.access}`]] }),
          ],
        ),
      ).toEqual([]);
      const spoofed = await attacker.send('GET /api/auth/profile', { as: tokens.access, headers });
      expect(dataOf(spoofed, z.object({ id: z.int() })).id).toBe(Number(id));
    },
  );

  story('and bodies that are too large, is not read', ['access.refused operation:getProfile'], async (attacker) => {
    const { tokens } = mallory();
    const as = tokens.access;
    const large = 'x'.repeat(MAX_BODY_BYTES);
    const login = (text: string) => attacker.send('POST /api/auth/login', { text });
    expect((await attacker.send('GET /api/auth/profile', { as: 'x'.repeat(10_500) })).status).toBe(431);
    expect((await attacker.send(`GET /api/users?page=${'1'.repeat(10_500)}`, { as })).status).toBe(431);
    expect((await attacker.send('GET /api/auth/profile', { as: 'x'.repeat(9_000) })).status).toBe(401);
    expect((await login(JSON.stringify({ username: 'mallory', password: large }))).status).toBe(413);
    expect((await attacker.send('POST /api/auth/api-keys', { as, body: { name: large } })).status).toBe(413);
    expect((await login('['.repeat(MAX_JSON_DEPTH + 1) + ']'.repeat(MAX_JSON_DEPTH + 1))).status).toBe(400);
    expect((await login('['.repeat(MAX_BODY_BYTES))).status).toBe(400);
    const announced = await raw(attacker, 'POST /api/auth/login', ['Content-Length: 11000000']);
    expect(statusOf(announced)).toBe(413);
  });
});

describe('who plays with paths', () => {
  story('gets nowhere that is not theirs', ['access.refused operation:'], async (attacker) => {
    const { admin } = stack();
    const { id, tokens } = mallory();
    const encoded = [...admin.id].map((digit) => `%3${digit}`).join('');
    const paths = [
      '/api/users/',
      '/api/users//',
      '//api/users',
      '/api//users',
      '/API/USERS',
      '/api/Users',
      '/api/users/../audit',
      '/api/users/%2e%2e/audit',
      '/api/users/..%2faudit',
      '/api/auth/profile/../../users',
      '/api/auth/profile/%2e%2e/%2e%2e/users',
      '/%61pi/%75sers',
      '/api%2fusers',
      '/api/users;as=admin',
      '/api/users%00',
      '/api/users%0d%0aX-Evil:%20yes',
      '/api/users%3fpage=1',
      '/health/../api/users',
      '/dev/api/users',
      '/local/api/users',
      '/$default/api/users',
      '/api/audit/',
      `/api/users/${encoded}`,
      `/api/users/${encoded.replaceAll('%', '%25')}`,
      `/api/users/${admin.id}/`,
      `/api/users/0${admin.id}`,
      `/api/users/+${admin.id}`,
      `/api/users/${admin.id}.0`,
      `/api/users/${id}/../${admin.id}`,
      `/api/users/${id}%2f..%2f${admin.id}`,
      `/api/users/${id}%00${admin.id}`,
      `/api/users/${id},${admin.id}`,
      '/api/users/__proto__',
      '/api/users/constructor',
      '/@connections/thief',
      '/dev/@connections/thief',
    ];
    const calls = paths.map((path) => [path, () => attacker.send(`GET ${path}`, { as: tokens.access })] as const);
    expect(await othersThan([400, 403, 404], calls)).toEqual([]);
    const absolute = await attacker.send(`GET ${stack().app.stack.url}/api/users`, { as: tokens.access });
    expect([400, 403, 404]).toContain(absolute.status);
    // Their own are, by every spelling.
    const own = [`/api/users/${id}`, `/api/users/${id}/`, `/api/users/%3${id.slice(0, 1)}${id.slice(1)}`];
    expect(
      await othersThan(
        [200],
        own.map((path) => [path, () => attacker.send(`GET ${path}`, { as: tokens.access })]),
      ),
    ).toEqual([]);
  });
});

describe('who plays with bodies', () => {
  const create = (attacker: Attacker, text: string): Promise<Answer> =>
    attacker.send('POST /api/auth/api-keys', { as: mallory().tokens.access, text });
  const keySchema = z.object({ id: z.int(), role: z.string(), user_id: z.int() });

  story('is served by what the contract names', ['key.created key:', 'key.revoked key:'], async (attacker) => {
    const admin = Number(stack().admin.id);
    const { id, tokens } = mallory();
    // Where a name is there twice, the last one counts: for the check and for what is done.
    const forbidden = [
      '{"name":"twice","role":"user","role":"admin"}',
      `{"name":"twice","user_id":${id},"user_id":${admin}}`,
      '{"name":"scopes","scopes":["runs:read"],"scopes":["users:admin"]}',
      '{"name":"escaped","\\u0072ole":"admin"}',
    ];
    expect(
      await othersThan(
        [403],
        forbidden.map((text) => [text, () => create(attacker, text)]),
      ),
    ).toEqual([]);
    const harmless = [
      '{"name":"prototype","__proto__":{"role":"admin","scopes":["users:admin"]}}',
      `{"name":"constructor","constructor":{"prototype":{"role":"admin","user_id":${admin}}}}`,
      '{"name":"case","Role":"admin","ROLE":"admin"}',
    ];
    for (const text of harmless) {
      const made = dataOf(await create(attacker, text), keySchema);
      expect(made).toMatchObject({ role: 'user', user_id: Number(id) });
      const revoked = await attacker.send(`DELETE /api/auth/api-keys/${made.id}`, { as: tokens.access });
      expect(revoked.status).toBe(200);
    }
    const logins = [
      '{"username":"admin","password":{"$ne":""}}',
      '{"username":["admin"],"password":"the password"}',
      '{"__proto__":{"username":"admin","password":"the password"}}',
      '{"username":"admin","password":true}',
      '{"username":"admin","password":"nul \\u0000 nul"}',
      '{"username":"\\ud800","password":"the password"}',
      '["admin","the password"]',
      '{"username":"admin","password":"the password"}{}',
      '',
    ];
    const login = (text: string) => attacker.send('POST /api/auth/login', { text });
    expect(
      await othersThan(
        [400],
        logins.map((text) => [text, () => login(text)]),
      ),
    ).toEqual([]);
    expect((await attacker.send('GET /api/users', { as: tokens.access })).status).toBe(403);
  });
});

epilogue();
