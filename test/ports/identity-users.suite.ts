import { describe, expect, it } from 'vitest';
import type { IdentityStores } from '../../lib/application/ports/identity.ts';
import { emailKey, usernameKey } from '../../lib/domain/identity/names.ts';
import type { User } from '../../lib/domain/identity/user.ts';
import { aDraft, aUser, changedUser } from '../support/identity-rows.ts';
import { atOnce, entriesAbout, type OpenIdentity, storedUser } from './identity-tools.ts';

const holdersOf = async ({ users }: IdentityStores, { username, email }: User): Promise<readonly unknown[]> => [
  await users.findHolder(usernameKey(username)),
  await users.findHolder(emailKey(email)),
];
const pageOf = ({ users }: IdentityStores, offset = 0, limit = 100) => users.list({ offset, limit });

export const identityUsersSuite = ({ stores, empty }: OpenIdentity): void => {
  describe('creating a user', () => {
    it('gives it back as it was created, with its names, and tells of it', async () => {
      const [user, audit] = [aUser({ username: 'Ünï-Ⅷ', role: 'admin' }), aDraft()];
      expect(await stores().users.create(user, audit)).toEqual({ kind: 'created' });
      expect(await stores().users.get(user.id)).toEqual(user);
      expect(await holdersOf(stores(), user)).toEqual([user.id, user.id]);
      expect(await entriesAbout(stores(), audit.entity)).toBe(1);
      expect(await stores().users.get(aUser().id)).toBeUndefined();
    });

    it.each(['username', 'email'] as const)('is refused where the %s is taken, and changes nothing', async (what) => {
      const holder = await storedUser(stores());
      const { total } = await pageOf(stores());
      const [user, audit] = [aUser({ [what]: holder[what].toUpperCase() }), aDraft()];
      expect(await stores().users.create(user, audit)).toEqual({ kind: 'taken', what });
      expect(await stores().users.get(user.id)).toBeUndefined();
      expect(new Set(await holdersOf(stores(), user))).toEqual(new Set([holder.id, undefined]));
      expect((await pageOf(stores())).total).toBe(total);
      expect(await entriesAbout(stores(), audit.entity)).toBe(0);
    });

    it.each(['username', 'email'] as const)('wins once when 10 ask for the same %s at once', async (what) => {
      const wanted = aUser()[what];
      const rivals = Array.from({ length: 10 }, () => ({ user: aUser({ [what]: wanted }), audit: aDraft() }));
      const answers = await atOnce(10, async (index) => {
        const { user, audit } = rivals[index] ?? { user: aUser(), audit: aDraft() };
        return { user, audit, created: await stores().users.create(user, audit) };
      });
      expect(answers.filter(({ created }) => created.kind === 'created')).toHaveLength(1);
      for (const { user, audit, created } of answers) {
        const won = created.kind === 'created';
        expect(created).toEqual(won ? { kind: 'created' } : { kind: 'taken', what });
        expect(await stores().users.get(user.id)).toEqual(won ? user : undefined);
        expect(await entriesAbout(stores(), audit.entity)).toBe(won ? 1 : 0);
      }
    });

    it('fails loudly on an id that another user has', async () => {
      const user = await storedUser(stores());
      await expect(stores().users.create(aUser({ id: user.id }), aDraft())).rejects.toThrow(user.id);
      expect(await stores().users.get(user.id)).toEqual(user);
    });
  });

  describe('the first admin', () => {
    it('is made once, whoever else tries at the same moment or later', async () => {
      const mine = await empty();
      expect(await mine.users.hasFirstAdmin()).toBe(false);
      const made = await atOnce(5, () => mine.users.create(aUser({ role: 'admin' }), aDraft(), 'first_admin'));
      expect(made.map(({ kind }) => kind).sort()).toEqual(['created', ...Array(4).fill('done_before')]);
      expect(await mine.users.hasFirstAdmin()).toBe(true);
      expect(await pageOf(mine)).toMatchObject({ total: 1 });
      const [again] = (await pageOf(mine)).users;
      expect(await mine.users.create(again ?? aUser(), aDraft(), 'first_admin')).toEqual({ kind: 'done_before' });
    });

    it('is still to be made where its name was taken', async () => {
      const mine = await empty();
      const { username } = await storedUser(mine);
      const refused = await mine.users.create(aUser({ username }), aDraft(), 'first_admin');
      expect(refused).toEqual({ kind: 'taken', what: 'username' });
      expect(await mine.users.hasFirstAdmin()).toBe(false);
      expect(await mine.users.create(aUser(), aDraft(), 'first_admin')).toEqual({ kind: 'created' });
    });
  });

  describe('the list of users', () => {
    it('shows them by page, oldest first, without the deleted, and says how many there are', async () => {
      const mine = await empty();
      expect(await pageOf(mine)).toEqual({ users: [], total: 0 });
      const ids = ['9', '10', '1000', '200', '31'];
      await Promise.all(ids.map((id) => storedUser(mine, { id })));
      const shown = async (offset: number, limit: number) =>
        (await pageOf(mine, offset, limit)).users.map(({ id }) => id);
      expect(await shown(0, 10)).toEqual(['9', '10', '31', '200', '1000']);
      expect(await shown(1, 2)).toEqual(['10', '31']);
      expect(await shown(4, 2)).toEqual(['1000']);
      expect(await shown(5, 2)).toEqual([]);
      const gone = await mine.users.get('31');
      await mine.users.replace(gone ?? aUser(), changedUser(gone ?? aUser(), { status: 'deleted' }), aDraft());
      expect(await shown(1, 2)).toEqual(['10', '200']);
      expect(await pageOf(mine, 4, 10)).toEqual({ users: [], total: 4 });
    });
  });

  describe('changing a user', () => {
    it('keeps what was not asked for, and tells of it', async () => {
      const [before, audit] = [await storedUser(stores()), aDraft()];
      const after = changedUser(before, { role: 'admin', passwordHash: 'new', loginEpoch: 2 });
      expect(await stores().users.replace(before, after, audit)).toBe('done');
      expect(await stores().users.get(before.id)).toEqual(after);
      expect(await holdersOf(stores(), before)).toEqual([before.id, before.id]);
      expect(await entriesAbout(stores(), audit.entity)).toBe(1);
    });

    it('is refused on an old version, whatever else stands in its way', async () => {
      const before = await storedUser(stores());
      const current = changedUser(before, { email: `new-${before.email}` });
      await stores().users.replace(before, current, aDraft());
      const audit = aDraft();
      const late = changedUser(before, { username: (await storedUser(stores())).username });
      expect(await stores().users.replace(before, late, audit)).toBe('changed');
      expect(await stores().users.get(before.id)).toEqual(current);
      expect(await entriesAbout(stores(), audit.entity)).toBe(0);
      const nobody = aUser();
      expect(await stores().users.replace(nobody, changedUser(nobody, {}), aDraft())).toBe('changed');
      expect(await stores().users.get(nobody.id)).toBeUndefined();
    });

    it('wins once when 10 change the same version at once', async () => {
      const before = await storedUser(stores());
      const audit = aDraft();
      const answers = await atOnce(10, (index) =>
        stores().users.replace(before, changedUser(before, { username: `${before.username}-${index}` }), audit),
      );
      expect([...answers].sort()).toEqual([...Array(9).fill('changed'), 'done']);
      expect((await stores().users.get(before.id))?.username).toBe(`${before.username}-${answers.indexOf('done')}`);
      expect(await entriesAbout(stores(), audit.entity)).toBe(1);
    });

    it('leaves the number of keys to those who make and revoke them', async () => {
      const before = await storedUser(stores(), { keys: 3 });
      await stores().users.replace(before, changedUser({ ...before, keys: 0 }, { role: 'admin' }), aDraft());
      expect(await stores().users.get(before.id)).toMatchObject({ keys: 3, role: 'admin' });
    });
  });

  describe('the names of a user', () => {
    const renamed = (user: User, fields: Partial<User>, audit = aDraft()) =>
      stores().users.replace(user, changedUser(user, fields), audit);

    it('are given back when it takes others', async () => {
      const before = await storedUser(stores());
      const { username, email } = aUser();
      expect(await renamed(before, { username, email })).toBe('done');
      expect(await holdersOf(stores(), before)).toEqual([undefined, undefined]);
      expect(await holdersOf(stores(), aUser({ username, email }))).toEqual([before.id, before.id]);
      expect(
        (await stores().users.create(aUser({ username: before.username, email: before.email }), aDraft())).kind,
      ).toBe('created');
    });

    it('stay its own in another spelling', async () => {
      const before = await storedUser(stores());
      const [username, email] = [before.username.toUpperCase(), before.email.toUpperCase()];
      expect(await renamed(before, { username, email })).toBe('done');
      expect(await stores().users.get(before.id)).toMatchObject({ username, email });
      expect(await holdersOf(stores(), before)).toEqual([before.id, before.id]);
      const thief = await stores().users.create(aUser({ username: before.username }), aDraft());
      expect(thief).toEqual({ kind: 'taken', what: 'username' });
    });

    it.each(['username', 'email'] as const)('cannot be another’s %s, and nothing changes', async (what) => {
      const [holder, before, audit] = [await storedUser(stores()), await storedUser(stores()), aDraft()];
      // The other name is free, and must not be taken by half a change.
      const free = aUser();
      const wish = { username: free.username, email: free.email, [what]: holder[what] };
      expect(await renamed(before, wish, audit)).toBe(`${what}_taken`);
      expect(await stores().users.get(before.id)).toEqual(before);
      expect(await holdersOf(stores(), before)).toEqual([before.id, before.id]);
      expect(await holdersOf(stores(), holder)).toEqual([holder.id, holder.id]);
      expect(await holdersOf(stores(), free)).toEqual([undefined, undefined]);
      expect(await entriesAbout(stores(), audit.entity)).toBe(0);
    });

    it('go to one of five who take the same at once', async () => {
      const wanted = aUser().username;
      const rivals = await atOnce(5, () => storedUser(stores()));
      const answers = await Promise.all(rivals.map((rival) => renamed(rival, { username: wanted })));
      expect([...answers].sort()).toEqual(['done', ...Array(4).fill('username_taken')]);
      expect(await stores().users.findHolder(usernameKey(wanted))).toBe(rivals[answers.indexOf('done')]?.id);
    });

    it('are nobody’s when they are longer than any name', async () => {
      expect(await stores().users.findHolder(usernameKey('n'.repeat(10_000)))).toBeUndefined();
    });
  });

  describe('deleting a user', () => {
    it('frees its names, empties its password and keeps its row', async () => {
      const [before, audit] = [await storedUser(stores()), aDraft()];
      const { total } = await pageOf(stores());
      const after = changedUser(before, { status: 'deleted', loginEpoch: 2 });
      expect(await stores().users.replace(before, after, audit)).toBe('done');
      expect(await stores().users.get(before.id)).toEqual({ ...after, passwordHash: '' });
      expect(await holdersOf(stores(), before)).toEqual([undefined, undefined]);
      expect((await pageOf(stores())).total).toBe(total - 1);
      expect(await entriesAbout(stores(), audit.entity)).toBe(1);
      const heir = aUser({ username: before.username, email: before.email });
      expect(await stores().users.create(heir, aDraft())).toEqual({ kind: 'created' });
      expect(await holdersOf(stores(), before)).toEqual([heir.id, heir.id]);
    });
  });

  describe('of the active admins one must remain', () => {
    const LEAVING: readonly (readonly [string, Partial<User>])[] = [
      ['demoted', { role: 'user' }],
      ['disabled', { status: 'disabled' }],
      ['deleted', { status: 'deleted' }],
    ];

    it.each(LEAVING)('the last one cannot be %s', async (_how, fields) => {
      const mine = await empty();
      const [admin, audit] = [await storedUser(mine, { role: 'admin' }), aDraft()];
      await storedUser(mine);
      await storedUser(mine, { role: 'admin', status: 'disabled' });
      expect(await mine.users.replace(admin, changedUser(admin, fields), audit)).toBe('last_admin');
      expect(await mine.users.get(admin.id)).toEqual(admin);
      expect(await holdersOf(mine, admin)).toEqual([admin.id, admin.id]);
      expect(await pageOf(mine)).toMatchObject({ total: 3 });
      expect(await entriesAbout(mine, audit.entity)).toBe(0);
    });

    it.each(LEAVING)('one remains when both are %s at once', async (_how, fields) => {
      const mine = await empty();
      const admins = [await storedUser(mine, { role: 'admin' }), await storedUser(mine, { role: 'admin' })];
      const answers = await Promise.all(
        admins.map((admin) => mine.users.replace(admin, changedUser(admin, fields), aDraft())),
      );
      expect([...answers].sort()).toEqual(['done', 'last_admin']);
    });

    it('whoever becomes one counts, by promotion or by being enabled', async () => {
      const mine = await empty();
      const [first, user] = [await storedUser(mine, { role: 'admin' }), await storedUser(mine)];
      const disabled = await storedUser(mine, { role: 'admin', status: 'disabled' });
      const change = (before: User, fields: Partial<User>) =>
        mine.users.replace(before, changedUser(before, fields), aDraft());
      expect(await change(user, { role: 'admin' })).toBe('done');
      expect(await change(first, { role: 'user' })).toBe('done');
      const promoted = changedUser(user, { role: 'admin' });
      expect(await change(promoted, { status: 'deleted' })).toBe('last_admin');
      expect(await change(disabled, { status: 'active' })).toBe('done');
      expect(await change(promoted, { status: 'deleted' })).toBe('done');
      // Whoever does not count may leave: a disabled admin, a plain user.
      expect(await change(changedUser(first, { role: 'user' }), { status: 'deleted' })).toBe('done');
      const enabled = changedUser(disabled, { status: 'active' });
      expect(await change(enabled, { status: 'disabled' })).toBe('last_admin');
      const other = await storedUser(mine, { role: 'admin', status: 'disabled' });
      expect(await change(other, { status: 'deleted' })).toBe('done');
      expect(await pageOf(mine)).toMatchObject({ users: [enabled], total: 1 });
    });
  });
};
