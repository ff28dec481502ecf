/**
 * Rule W1: DynamoDB applied the write, its answer was lost, and the SDK sends the request again. The writer must learn that
 * it won, nothing may have happened twice, and the audit log tells of it once.
 */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Table } from '../../lib/adapters/dynamodb/client.ts';
import type { IdentityStores } from '../../lib/application/ports/identity.ts';
import type { AuditDraft } from '../../lib/domain/identity/audit.ts';
import { atOnce, entriesAbout, storedUser } from '../ports/identity-tools.ts';
import { openDefinitionsTable, openTestTable } from '../support/dynamodb-table.ts';
import { aDraft, aKey, aLogin, aUser, changedUser, freshNumber } from '../support/identity-rows.ts';
import { openIdentityStores } from '../support/identity-stores.ts';
import { keepAnswers, loseNextAnswer } from '../support/lost-answer.ts';
import { NOW } from '../support/rows.ts';

const LATER = NOW + 86_400_000;

let definitions: Table;
let executions: Table;
let stores: IdentityStores;
beforeAll(async () => {
  [definitions, executions] = [await openDefinitionsTable(), await openTestTable()];
  stores = openIdentityStores(definitions, executions);
});
beforeEach(() => {
  keepAnswers(definitions);
  keepAnswers(executions);
});

/** As after the 10 minutes for which DynamoDB knows a token. */
const forgetToken = (body: string): string =>
  body.replace(/"ClientRequestToken":"(.)/, (_match, first) => `"ClientRequestToken":"${first === '0' ? '1' : '0'}`);

type Act = (audit: AuditDraft) => Promise<unknown>;

const storedKey = async () => {
  const key = aKey((await storedUser(stores)).id);
  await stores.keys.create(key, aDraft());
  return key;
};

/** What it is, the change itself once all that it needs is there, and what its caller is told. */
const CHANGES: readonly (readonly [string, () => Promise<Act>, unknown])[] = [
  ['an entry alone', async () => (audit) => stores.audit.append(audit), undefined],
  ['a new user', async () => (audit) => stores.users.create(aUser(), audit), { kind: 'created' }],
  [
    'a new first admin',
    async () => {
      // The other tests' one, if there is one: this is a table of its own.
      definitions = await openDefinitionsTable();
      stores = openIdentityStores(definitions, executions);
      return (audit) => stores.users.create(aUser({ role: 'admin' }), audit, 'first_admin');
    },
    { kind: 'created' },
  ],
  [
    'a user of another name',
    async () => {
      const user = await storedUser(stores);
      return (audit) => stores.users.replace(user, changedUser(user, { username: `new-${user.id}` }), audit);
    },
    'done',
  ],
  [
    'a deleted user',
    async () => {
      const user = await storedUser(stores);
      return (audit) => stores.users.replace(user, changedUser(user, { status: 'deleted' }), audit);
    },
    'done',
  ],
  ['a login', async () => (audit) => stores.logins.create(aLogin('1'), audit), undefined],
  [
    'the end of a login',
    async () => {
      const login = aLogin('1');
      await stores.logins.create(login, aDraft());
      return (audit) => stores.logins.end(login, audit);
    },
    undefined,
  ],
  [
    'a new key',
    async () => {
      const { id } = await storedUser(stores);
      return (audit) => stores.keys.create(aKey(id), audit);
    },
    'created',
  ],
  [
    'a rolled key',
    async () => {
      const key = await storedKey();
      return (audit) => stores.keys.replace(key, { ...key, version: 2 }, audit);
    },
    'done',
  ],
  [
    'a revoked key',
    async () => {
      const key = await storedKey();
      return (audit) => stores.keys.revoke(key, audit);
    },
    'done',
  ],
];

describe('a recorded change whose answer was lost', () => {
  it.each(CHANGES)('was %s: done, and recorded once', async (_what, prepare, answer) => {
    const [act, audit] = [await prepare(), aDraft()];
    const lost = loseNextAnswer(definitions);
    expect(await act(audit)).toEqual(answer);
    expect(lost.sent()).toBe(2);
    expect(await entriesAbout(stores, audit.entity)).toBe(1);
  });

  it.each(CHANGES)('was %s, and its token is forgotten: done, and recorded once', async (_what, prepare, answer) => {
    const [act, audit] = [await prepare(), aDraft()];
    const lost = loseNextAnswer(definitions, { rewrite: forgetToken });
    expect(await act(audit)).toEqual(answer);
    expect(lost.sent()).toBe(2);
    expect(await entriesAbout(stores, audit.entity)).toBe(1);
  });

  it.each([
    ['known', (body: string) => body],
    ['forgotten', forgetToken],
  ])('was followed by changes of others, its token %s: done, and recorded once', async (_token, rewrite) => {
    const [user, audit] = [await storedUser(stores), aDraft()];
    const mine = changedUser(user, { role: 'admin' });
    const theirs = changedUser(mine, { username: `new-${user.id}` });
    const meanwhile = async () => {
      await stores.users.replace(mine, theirs, aDraft());
      await stores.audit.append(aDraft());
    };
    loseNextAnswer(definitions, { meanwhile, rewrite });
    expect(await stores.users.replace(user, mine, audit)).toBe('done');
    expect(await stores.users.get(user.id)).toEqual(theirs);
    expect(await entriesAbout(stores, audit.entity)).toBe(1);
  });

  it('created a key: counted once', async () => {
    const { id } = await storedUser(stores);
    loseNextAnswer(definitions, { rewrite: forgetToken });
    await stores.keys.create(aKey(id), aDraft());
    expect(await stores.users.get(id)).toMatchObject({ keys: 1 });
  });
});

describe('another write of identity whose answer was lost', () => {
  it('refreshed a login: rotated, by one generation', async () => {
    const login = aLogin('1');
    await stores.logins.create(login, aDraft());
    const lost = loseNextAnswer(definitions);
    const next = { ...login, generation: 2, expiresAt: LATER };
    expect(await stores.logins.rotate(login, { now: NOW, expiresAt: LATER }, aDraft())).toBe('rotated');
    expect(lost.sent()).toBe(2);
    expect((await stores.credentials.login('1', login.id)).login).toEqual(next);
  });

  it.each([0, 1])('counted a try after %i others: counted once', async (others) => {
    const key = `account:${freshNumber()}`;
    const count = () => stores.attempts.count(key, { max: others + 2, windowMs: 60_000, now: NOW });
    await atOnce(others, count);
    const lost = loseNextAnswer(definitions);
    expect(await count()).toEqual({ kind: 'counted' });
    expect(lost.sent()).toBe(2);
    expect([(await count()).kind, (await count()).kind]).toEqual(['counted', 'limited']);
  });

  it('took a try back: one of two', async () => {
    const key = `account:${freshNumber()}`;
    const count = () => stores.attempts.count(key, { max: 2, windowMs: 60_000, now: NOW });
    await atOnce(2, count);
    loseNextAnswer(definitions);
    await stores.attempts.uncount(key, NOW);
    expect([(await count()).kind, (await count()).kind]).toEqual(['counted', 'limited']);
  });

  it.each([0, 4])('took tokens after %i were taken: taken once', async (before) => {
    const key = `key:${freshNumber()}`;
    const take = (tokens: number) => stores.throttle.take(key, { tokens, intervalMs: 10, burst: 10, now: NOW });
    await atOnce(before, () => take(1));
    const lost = loseNextAnswer(executions);
    expect(await take(3)).toEqual({ kind: 'taken' });
    // A bucket is taken for a full one first.
    expect(lost.sent()).toBe(before === 0 ? 2 : 3);
    expect([(await take(7 - before)).kind, (await take(1)).kind]).toEqual(['taken', 'refused']);
  });

  it('published the public keys: published', async () => {
    const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'k', alg: 'ES256', use: 'sig' } as const;
    const lost = loseNextAnswer(definitions);
    await stores.publicKeys.publish([key]);
    expect(lost.sent()).toBe(2);
    expect(await stores.publicKeys.read()).toEqual([key]);
  });
});
