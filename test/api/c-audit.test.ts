/** The audit log and the public keys over HTTP. */
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { CHAIN_BEGIN } from '../../lib/domain/identity/audit.ts';
import { type CWorld, createCWorld, PASSWORD } from './c-world.ts';

type Entry = {
  readonly seq: number;
  readonly previous: string;
  readonly hash: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly entity: string;
  readonly address: string;
  readonly request_id: string;
  readonly detail: string;
};
type Page = {
  readonly list: readonly Entry[];
  readonly total: number;
  readonly page: number;
  readonly page_size: number;
  readonly next_before?: number;
  readonly partial?: true;
};

let world: CWorld;
let admin = '';
let userId = 0;

beforeEach(async () => {
  world = createCWorld();
  admin = await world.loginAdmin();
  world.pass(1_234);
  userId = await world.addUser(admin, 'user');
  await world.login('user', PASSWORD);
  await world.send('POST /api/auth/login', {
    body: { username: 'user', password: 'wrong-password' },
    requestId: 'r-1',
  });
});

const read = async (query = ''): Promise<Page> => {
  const { status, body } = await world.as(admin, `GET /api/audit${query}`);
  expect(status).toBe(200);
  return body.data as Page;
};

describe('GET /api/audit', () => {
  it('lists what happened, newest first', async () => {
    const page = await read();
    expect(page).toMatchObject({ total: page.list.length, page: 1, page_size: 10 });
    expect(page.list.map(({ action }) => action)).toEqual([
      'login.failed',
      'login.succeeded',
      'user.created',
      'login.succeeded',
      'user.created',
    ]);
    expect(page.list[0]).toEqual({
      seq: 5,
      previous: page.list[1]?.hash,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      at: '2030-01-01T00:00:01.234Z',
      actor: 'name:user',
      action: 'login.failed',
      entity: `user:${userId}`,
      address: '127.0.0.1',
      request_id: 'r-1',
      detail: 'wrong password',
    });
    expect(page).not.toHaveProperty('next_before');
  });

  it('has all that is needed to check the chain', async () => {
    const entries = (await read('?page_size=100')).list.toReversed();
    let previous = CHAIN_BEGIN;
    for (const [index, entry] of entries.entries()) {
      const { seq, at, actor, action, entity, address, request_id, detail } = entry;
      const text = JSON.stringify([seq, previous, Date.parse(at), actor, action, entity, address, request_id, detail]);
      expect(entry).toMatchObject({
        seq: index + 1,
        previous,
        hash: createHash('sha256').update(text).digest('hex'),
      });
      previous = entry.hash;
    }
    expect(entries.length).toBeGreaterThan(3);
  });

  it('pages by number, and on by next_before', async () => {
    const first = await read('?page_size=2');
    expect([first.list.map(({ seq }) => seq), first.next_before]).toEqual([[5, 4], 4]);
    expect((await read('?page=2&page_size=2')).list.map(({ seq }) => seq)).toEqual([3, 2]);
    const seen: number[] = [];
    for (let next = first.next_before; next !== undefined; ) {
      const page = await read(`?page_size=2&before=${next}`);
      seen.push(...page.list.map(({ seq }) => seq));
      next = page.next_before;
    }
    expect(seen).toEqual([3, 2, 1]);
    expect(await read('?before=9007199254740991')).toMatchObject({ total: 5, list: { length: 5 } });
    expect((await read('?before=1')).list).toEqual([]);
  });

  it('filters by who, what and to which entity', async () => {
    expect((await read('?actor=name:user')).list.map(({ seq }) => seq)).toEqual([5]);
    expect((await read('?action=user.created')).list.map(({ seq }) => seq)).toEqual([3, 1]);
    expect((await read(`?entity=user:${userId}&action=user.created`)).list.map(({ seq }) => seq)).toEqual([3]);
    expect((await read('?actor=&action=&entity=&before=')).list).toHaveLength(5);
    expect((await read('?actor=nobody')).list).toEqual([]);
  });

  it('is for who may read it', async () => {
    const { access } = await world.login('user', PASSWORD);
    const answer = await world.as(access, 'GET /api/audit');
    expect([answer.status, answer.body.message]).toEqual([403, '权限不足: 需要 audit:read 权限']);
  });
});

describe('GET /.well-known/jwks.json', () => {
  it('shows the public keys to anybody, without an envelope, for five minutes', async () => {
    const { status, headers, body } = await world.send('GET /.well-known/jwks.json');
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('public, max-age=300');
    expect(body).toEqual({
      keys: [
        {
          kty: 'EC',
          crv: 'P-256',
          x: expect.stringMatching(/^[\w-]{43}$/),
          y: expect.stringMatching(/^[\w-]{43}$/),
          kid: expect.any(String),
          alg: 'ES256',
          use: 'sig',
        },
      ],
    });
  });

  it('names the key of the tokens', async () => {
    const { keys } = (await world.send('GET /.well-known/jwks.json')).json() as { keys: readonly { kid: string }[] };
    const [header = ''] = admin.split('.');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    expect(keys.map((key) => key.kid)).toContain(kid);
  });
});
