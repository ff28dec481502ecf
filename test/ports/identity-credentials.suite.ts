import { describe, expect, it } from 'vitest';
import { MAX_KEYS_PER_USER } from '../../lib/application/ports/identity.ts';
import type { ApiKey } from '../../lib/domain/identity/api-key.ts';
import type { Login } from '../../lib/domain/identity/login.ts';
import type { User } from '../../lib/domain/identity/user.ts';
import { aDraft, aKey, aLogin, aUser, changedUser } from '../support/identity-rows.ts';
import { NOW } from '../support/rows.ts';
import { atOnce, entriesAbout, type OpenIdentity, storedUser } from './identity-tools.ts';

const LATER = NOW + 8 * 86_400_000;

export const identityCredentialsSuite = ({ stores }: OpenIdentity): void => {
  const storedLogin = async (fields: Partial<Login> = {}): Promise<Login> => {
    const login = aLogin((await storedUser(stores())).id, fields);
    await stores().logins.create(login, aDraft());
    return login;
  };
  const readLogin = async ({ user, id }: Login): Promise<Login | undefined> =>
    (await stores().credentials.login(user, id)).login;

  describe('a login', () => {
    it('is read together with its user', async () => {
      const [user, audit] = [await storedUser(stores()), aDraft()];
      const login = aLogin(user.id);
      await stores().logins.create(login, audit);
      expect(await stores().credentials.login(user.id, login.id)).toEqual({ user, login });
      expect(await stores().credentials.login(user.id, 'another')).toEqual({ user, login: undefined });
      expect(await stores().credentials.login(aUser().id, login.id)).toEqual({ user: undefined, login: undefined });
      expect(await entriesAbout(stores(), audit.entity)).toBe(1);
    });

    it('moves to its next generation, and knows the spent one again', async () => {
      const login = await storedLogin();
      const next = { ...login, generation: 2, expiresAt: LATER };
      expect(await stores().logins.rotate(login, { now: NOW, expiresAt: LATER }, aDraft())).toBe('rotated');
      expect(await readLogin(login)).toEqual(next);
      expect(await stores().logins.rotate(login, { now: NOW, expiresAt: LATER }, aDraft())).toBe('reused');
      expect(await readLogin(login)).toEqual(next);
      expect(await stores().logins.rotate(next, { now: NOW, expiresAt: LATER }, aDraft())).toBe('rotated');
      expect((await readLogin(login))?.generation).toBe(3);
    });

    it('is refreshed by one of ten who have the same token', async () => {
      const login = await storedLogin();
      const answers = await atOnce(10, () => stores().logins.rotate(login, { now: NOW, expiresAt: LATER }, aDraft()));
      expect([...answers].sort()).toEqual([...Array(9).fill('reused'), 'rotated']);
      expect(await readLogin(login)).toMatchObject({ generation: 2 });
    });

    it('is gone when it has expired, whether or not its row is', async () => {
      const login = await storedLogin({ generation: 3 });
      const at = (now: number, generation = 3) =>
        stores().logins.rotate({ ...login, generation }, { now: now, expiresAt: LATER }, aDraft());
      expect(await at(login.expiresAt)).toBe('missing');
      expect(await at(login.expiresAt, 2)).toBe('missing');
      expect(await at(login.expiresAt - 1, 2)).toBe('reused');
      expect(await at(login.expiresAt - 1)).toBe('rotated');
    });

    it('knows no token that it never gave', async () => {
      const login = await storedLogin();
      expect(await stores().logins.rotate({ ...login, generation: 2 }, { now: NOW, expiresAt: LATER }, aDraft())).toBe(
        'missing',
      );
      expect(await stores().logins.rotate({ ...login, id: 'another' }, { now: NOW, expiresAt: LATER }, aDraft())).toBe(
        'missing',
      );
      expect(await readLogin(login)).toEqual(login);
    });

    it('ends once, and tells of it once, however many end it', async () => {
      const [login, audit] = [await storedLogin(), aDraft()];
      await atOnce(5, () => stores().logins.end(login, audit));
      await stores().logins.end(login, audit);
      expect(await readLogin(login)).toBeUndefined();
      expect(await entriesAbout(stores(), audit.entity)).toBe(1);
      expect(await stores().logins.rotate(login, { now: NOW, expiresAt: LATER }, aDraft())).toBe('missing');
    });

    it('is not brought back by a refresh at the moment of its end', async () => {
      const logins = await atOnce(5, () => storedLogin());
      await Promise.all(
        logins.flatMap((login) => [
          stores().logins.end(login, aDraft()),
          stores().logins.rotate(login, { now: NOW, expiresAt: LATER }, aDraft()),
          stores().logins.rotate(login, { now: NOW, expiresAt: LATER }, aDraft()),
        ]),
      );
      for (const login of logins) {
        expect(await readLogin(login)).toBeUndefined();
      }
    });

    it('fails loudly on an id that another login has', async () => {
      const login = await storedLogin();
      await expect(stores().logins.create({ ...login, generation: 9 }, aDraft())).rejects.toThrow('drew the id');
      expect(await readLogin(login)).toEqual(login);
    });
  });

  const storedKey = async (fields: Partial<ApiKey> = {}): Promise<ApiKey> => {
    const key = aKey((await storedUser(stores())).id, fields);
    await stores().keys.create(key, aDraft());
    return key;
  };
  const keysOf = async (owner: string): Promise<number | undefined> => (await stores().users.get(owner))?.keys;

  describe('an API key', () => {
    it('comes back as it was made, is read together with its owner, and is counted', async () => {
      const [user, audit] = [await storedUser(stores()), aDraft()];
      const full = { ...{ expiresAt: NOW + 1, previous: { hash: 'old', until: NOW } }, pools: ['*'], scopes: [] };
      const [key, bare] = [aKey(user.id, full), aKey(user.id)];
      expect(await stores().keys.create(key, audit)).toBe('created');
      expect(await stores().keys.create(bare, aDraft())).toBe('created');
      const owner = { ...user, keys: 2 };
      expect(await stores().credentials.key(user.id, key.id)).toEqual({ owner, key });
      expect(await stores().credentials.key(user.id, '7')).toEqual({ owner, key: undefined });
      expect(await stores().credentials.key(aUser().id, key.id)).toEqual({ owner: undefined, key: undefined });
      expect(await stores().keys.get(user.id, bare.id)).toEqual(bare);
      expect(await stores().keys.get(aUser().id, bare.id)).toBeUndefined();
      expect(await entriesAbout(stores(), audit.entity)).toBe(1);
    });

    it('is listed with all of its owner, oldest first', async () => {
      const { id } = await storedUser(stores());
      for (const key of ['100', '9', '20']) {
        await stores().keys.create(aKey(id, { id: key }), aDraft());
      }
      await storedKey();
      expect((await stores().keys.list(id)).map((key) => key.id)).toEqual(['9', '20', '100']);
      expect(await stores().keys.list(aUser().id)).toEqual([]);
    });

    it.each<[string, () => Promise<User>]>([
      ['unknown', async () => aUser()],
      ['disabled', () => storedUser(stores(), { status: 'disabled' })],
      [
        'deleted',
        async () => {
          const user = await storedUser(stores());
          await stores().users.replace(user, changedUser(user, { status: 'deleted' }), aDraft());
          return user;
        },
      ],
    ])('is not made for an owner who is %s', async (_what, makeOwner) => {
      const [owner, audit] = [await makeOwner(), aDraft()];
      const key = aKey(owner.id);
      expect(await stores().keys.create(key, audit)).toBe('no_owner');
      expect(await stores().keys.get(owner.id, key.id)).toBeUndefined();
      expect(await keysOf(owner.id)).toBe((await stores().users.get(owner.id)) && 0);
      expect(await entriesAbout(stores(), audit.entity)).toBe(0);
    });

    it(`is one of ${MAX_KEYS_PER_USER} at most, also when several are made at once`, async () => {
      const { id: owner } = await storedUser(stores());
      const create = () => stores().keys.create(aKey(owner), aDraft());
      for (let made = 0; made < MAX_KEYS_PER_USER - 2; made += 1) {
        await create();
      }
      const answers = await atOnce(5, create);
      expect([...answers].sort()).toEqual(['created', 'created', ...Array(3).fill('too_many')]);
      expect(await keysOf(owner)).toBe(MAX_KEYS_PER_USER);
      const [oldest] = await stores().keys.list(owner);
      await stores().keys.revoke({ owner, id: String(oldest?.id) }, aDraft());
      expect([await create(), await create()]).toEqual(['created', 'too_many']);
      expect(await stores().keys.list(owner)).toHaveLength(MAX_KEYS_PER_USER);
    });

    it('is revoked once, and tells of it once', async () => {
      const [key, audit] = [await storedKey(), aDraft()];
      const answers = await atOnce(5, () => stores().keys.revoke(key, audit));
      expect([...answers].sort()).toEqual(['done', ...Array(4).fill('missing')]);
      expect(await stores().credentials.key(key.owner, key.id)).toMatchObject({ key: undefined, owner: { keys: 0 } });
      expect(await entriesAbout(stores(), audit.entity)).toBe(1);
      expect(await stores().keys.revoke(aKey(key.owner), aDraft())).toBe('missing');
    });

    it('is replaced whole, by who knows its version', async () => {
      const [key, audit] = [await storedKey({ expiresAt: NOW + 5 }), aDraft()];
      const rolled = { ...key, hash: 'new', version: 2, previous: { hash: key.hash, until: NOW + 1 } };
      expect(await stores().keys.replace(key, rolled, audit)).toBe('done');
      expect(await stores().keys.get(key.owner, key.id)).toEqual(rolled);
      expect(await stores().keys.replace(key, { ...key, hash: 'late', version: 2 }, audit)).toBe('changed');
      const { previous: _gone, ...plain } = { ...rolled, version: 3 };
      expect(await stores().keys.replace(rolled, plain, aDraft())).toBe('done');
      expect(await stores().keys.get(key.owner, key.id)).toEqual(plain);
      expect(await entriesAbout(stores(), audit.entity)).toBe(1);
      expect(await keysOf(key.owner)).toBe(1);
    });

    it('is rolled by one of five who do it at once', async () => {
      const [key, audit] = [await storedKey(), aDraft()];
      const answers = await atOnce(5, (index) =>
        stores().keys.replace(key, { ...key, hash: `new-${index}`, version: 2 }, audit),
      );
      expect([...answers].sort()).toEqual([...Array(4).fill('changed'), 'done']);
      expect(await stores().keys.get(key.owner, key.id)).toMatchObject({ hash: `new-${answers.indexOf('done')}` });
      expect(await entriesAbout(stores(), audit.entity)).toBe(1);
    });

    it('is not brought back by a roll at the moment of its revocation', async () => {
      const keys = await atOnce(5, () => storedKey());
      const audit = aDraft();
      const rolls = await Promise.all(
        keys.map(async (key) => {
          const [rolled, revoked] = await Promise.all([
            stores().keys.replace(key, { ...key, hash: 'new', version: 2 }, audit),
            stores().keys.revoke(key, aDraft()),
          ]);
          expect(revoked).toBe('done');
          expect(await stores().credentials.key(key.owner, key.id)).toMatchObject({
            key: undefined,
            owner: { keys: 0 },
          });
          return rolled;
        }),
      );
      expect(await entriesAbout(stores(), audit.entity)).toBe(rolls.filter((answer) => answer === 'done').length);
      const [key = aKey('1')] = keys;
      expect(await stores().keys.replace(key, { ...key, version: 2 }, aDraft())).toBe('changed');
    });

    it('is made or not, but never counted wrong, while its owner is changed', async () => {
      const owner = await storedUser(stores());
      const off = changedUser(owner, { status: 'disabled' });
      const [changed, ...made] = await Promise.all([
        stores().users.replace(owner, off, aDraft()),
        ...Array.from({ length: 4 }, () => stores().keys.create(aKey(owner.id), aDraft())),
      ]);
      expect(changed).toBe('done');
      const count = made.filter((answer) => answer === 'created').length;
      expect(await stores().users.get(owner.id)).toEqual({ ...off, keys: count });
      expect(await stores().keys.list(owner.id)).toHaveLength(count);
    });
  });
};
