import { describe, expect, it } from 'vitest';
import { createMemoryIdentityStores } from '../../../lib/adapters/memory/identity/stores.ts';
import { createMemoryConnectionStore } from '../../../lib/adapters/memory/sessions.ts';
import { createAuthentication } from '../../../lib/application/identity/authentication.ts';
import { createLogger } from '../../../lib/platform/logger.ts';
import { createConnectHandler } from '../../../lib/platform/websocket/connect-handler.ts';
import { connectEvent } from '../../support/lambda-events.ts';
import { NOW } from '../../support/rows.ts';
import { createWorkerKeys } from '../../support/worker-keys.ts';

const setUp = () => {
  let now = NOW;
  const stores = createMemoryIdentityStores();
  const connections = createMemoryConnectionStore();
  const lines: string[] = [];
  const logger = createLogger({ level: 'debug', write: (line) => lines.push(line) });
  const verified: string[] = [];
  const authentication = createAuthentication({
    ...stores,
    // A login's token would be taken over HTTP: here nobody even looks at it.
    verify: async (token) => {
      verified.push(token);
      return { kind: 'own', claims: { use: 'access', user: '1', login: 'login' } };
    },
    log: logger,
    now: () => now,
  });
  const handle = createConnectHandler({ authentication, connections, logger, now: () => now });
  return {
    keys: createWorkerKeys(stores, () => now),
    connections,
    lines,
    verified,
    pass: (ms: number) => {
      now += ms;
    },
    connect: async (authorization?: string, conn = 'conn', sourceIp = '192.0.2.1') => {
      const answer = await handle(connectEvent(conn, authorization, sourceIp));
      return typeof answer === 'string' ? answer : answer.statusCode;
    },
    refusals: async () => {
      const all = await stores.audit.newest({ limit: 100 });
      return all.filter(({ action }) => action === 'worker.refused').toReversed();
    },
  };
};

const TOKEN = 'eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';

describe('$connect', () => {
  it('lets a worker’s key in, and writes down what the connection may do (X1)', async () => {
    const { keys, connections, connect, refusals, lines } = setUp();
    const { key, text } = keys.make('anna', { pools: ['default', 'gpu'] });
    expect(await connect(`Bearer ${text}`)).toBe(200);
    expect(await connections.grantOf('conn')).toEqual({
      ...{ owner: key.owner, key: key.id, hash: key.hash, name: 'anna' },
      ...{ scopes: ['workers:connect'], pools: ['default', 'gpu'] },
    });
    expect(await refusals()).toEqual([]);
    expect(lines).toEqual([]);
  });

  it.each(['bearer', 'BEARER', 'Bearer '])('does not mind how the scheme is written: %s', async (scheme) => {
    const { keys, connect } = setUp();
    expect(await connect(`${scheme} ${keys.make('anna', { pools: ['*'] }).text}`)).toBe(200);
  });

  it.each<[string, (text: string) => string | undefined]>([
    ['no header', () => undefined],
    ['an empty header', () => ''],
    ['the scheme alone', () => 'Bearer '],
    ['another scheme', (text) => `Basic ${text}`],
    ['no scheme', (text) => text],
    ['two credentials', (text) => `Bearer ${text} ${text}`],
    ['two headers that were joined', (text) => `Bearer ${text}, Bearer ${text}`],
    ['the access token of a login', () => `Bearer ${TOKEN}`],
    ['the prefix of the key', (text) => `Bearer ${text.slice(0, text.lastIndexOf('_'))}`],
    ['a secret that differs in one character', (text) => `Bearer ${text.slice(0, -1)}2`],
    ['the key of another owner', (text) => `Bearer ${text.replace(/_[^_]+_/, '_1_')}`],
    ['a key with more behind it', (text) => `Bearer ${text}x`],
    ['a key of an absurd length', (text) => `Bearer ${text.repeat(100)}`],
  ])('refuses %s with 401, and records it without the secret', async (_what, authorization) => {
    const { keys, connections, connect, refusals, lines, verified } = setUp();
    const { text } = keys.make('anna', { pools: ['default'] });
    expect(await connect(authorization(text))).toBe(401);
    expect(await connections.grantOf('conn')).toBeUndefined();
    const [refusal, ...others] = await refusals();
    expect(others).toEqual([]);
    expect(refusal).toMatchObject({ actor: 'anonymous', address: '192.0.2.1', requestId: 'conn' });
    expect(lines).toHaveLength(1);
    const secret = text.slice(text.lastIndexOf('_') + 1, -1);
    expect(lines.join() + JSON.stringify(refusal)).not.toContain(secret);
    expect(lines.join() + JSON.stringify(refusal)).not.toContain(TOKEN);
    expect(verified).toEqual([]);
  });

  it('refuses a key that was revoked, that expired, or whose owner is not active, with 401', async () => {
    const { keys, connect, pass, refusals } = setUp();
    const [revoked, expired, disabled] = [
      keys.make('revoked', { pools: ['default'] }),
      keys.make('expired', { pools: ['default'], expiresAt: NOW + 1_000 }),
      keys.make('disabled', { pools: ['default'] }),
    ];
    const all = [revoked, expired, disabled];
    const connectAll = () => Promise.all(all.map(({ text }, index) => connect(`Bearer ${text}`, `conn-${index}`)));
    expect(await connectAll()).toEqual([200, 200, 200]);
    await keys.revoke(revoked.key);
    await keys.changeOwner(disabled.key, { status: 'disabled' });
    pass(1_000);
    expect(await connectAll()).toEqual([401, 401, 401]);
    expect((await refusals()).map(({ entity }) => entity)).toEqual(all.map(({ key }) => `key:${key.id}`));
  });

  it('takes both texts of a rolled key while they overlap, then the new one', async () => {
    const { keys, connect, pass } = setUp();
    const { key, text } = keys.make('anna', { pools: ['default'] });
    const rolled = await keys.roll(key, 60_000);
    expect([await connect(`Bearer ${text}`), await connect(`Bearer ${rolled.text}`)]).toEqual([200, 200]);
    pass(60_000);
    expect([await connect(`Bearer ${text}`), await connect(`Bearer ${rolled.text}`)]).toEqual([401, 200]);
  });

  it.each([
    ['without the scope', { pools: ['default'], scopes: [] }],
    ['with other scopes', { pools: ['default'], role: 'admin', scopes: ['runs:write', 'workers:read'] }],
    ['without a pool', { pools: [] }],
    ['of a user, who may not give it the scope', { pools: ['default'], role: 'user' }],
  ] as const)('refuses a good key %s with 403, under its name', async (_what, wanted) => {
    const { keys, connections, connect, refusals } = setUp();
    const { key, text } = keys.make('anna', wanted);
    expect(await connect(`Bearer ${text}`)).toBe(403);
    expect(await connections.grantOf('conn')).toBeUndefined();
    expect(await refusals()).toMatchObject([{ actor: `key:${key.id}`, entity: `key:${key.id}` }]);
  });

  it('records a flood of one refusal once', async () => {
    const { connect, refusals, lines } = setUp();
    for (let index = 0; index < 50; index += 1) {
      expect(await connect(undefined, `conn-${index}`)).toBe(401);
    }
    expect(await refusals()).toHaveLength(1);
    expect(lines).toHaveLength(50);
    await connect(undefined, 'conn', '192.0.2.2');
    expect(await refusals()).toHaveLength(2);
  });
});
