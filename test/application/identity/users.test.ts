import { describe, expect, it } from 'vitest';
import type { Caller } from '../../../lib/application/identity/api.ts';
import type { IdempotencyStore } from '../../../lib/application/ports/index.ts';
import type { Scope } from '../../../lib/domain/identity/access.ts';
import { ROLE_SCOPES } from '../../../lib/domain/identity/access.ts';
import type { User } from '../../../lib/domain/identity/user.ts';
import { ADMIN, createWorld, type World } from './identity-world.ts';

const ANN = { username: 'ann', email: 'ann@example.org', password: 'ann secret', role: 'user' } as const;

const userOf = (caller: Caller): string => caller.principal.user ?? '';
const withScopes = (caller: Caller, scopes: readonly Scope[]): Caller => ({
  ...caller,
  principal: { ...caller.principal, kind: 'key', scopes },
});

const createdBy = async (world: World, input: Parameters<World['newUser']>[0]): Promise<Caller> => {
  await world.newUser(input);
  return world.callerOf((await world.login(input.username, `${input.username} secret`)).access);
};

describe('a new user', () => {
  it('is kept in normal form, with an entry that tells who made them', async () => {
    const world = createWorld();
    const admin = await world.admin();
    const created = await world.identity.createUser({ ...ANN, username: 'ａｎｎ', email: 'Ann@Example.org' }, admin);
    expect(created).toMatchObject({ kind: 'created', user: { username: 'ann', email: 'Ann@Example.org' } });
    const user = created.kind === 'created' ? created.user : undefined;
    expect(await world.identity.getUser(user?.id ?? '')).toEqual(user);
    expect((await world.audit()).at(-1)).toMatchObject({
      actor: admin.principal.id,
      action: 'user.created',
      entity: `user:${user?.id}`,
      address: admin.address,
      requestId: admin.requestId,
    });
  });

  it.each([
    ['the same name', { username: 'ann' }, 'username_taken'],
    ['the name in another case', { username: 'Ann' }, 'username_taken'],
    [
      'a name that only looks different',
      { username: 'АNN'.replace('NN', 'ПП').toLowerCase(), email: 'n@b.co' },
      'created',
    ],
    ['the same address', { email: 'ANN@example.org' }, 'email_taken'],
  ])('with %s as another: %s', async (_case, over, kind) => {
    const world = createWorld();
    await world.newUser({ username: 'ann' });
    const input = { ...ANN, username: 'other', email: 'other@example.org', ...over };
    expect(await world.identity.createUser(input, await world.admin())).toMatchObject({ kind });
  });

  it('cannot look like another', async () => {
    const world = createWorld();
    await world.newUser({ username: 'cop' });
    const input = { ...ANN, username: 'сор', email: 'other@example.org' };
    expect(await world.identity.createUser(input, await world.admin())).toEqual({ kind: 'username_taken' });
  });

  it('may have the name and address of a deleted one, and gets none of their logins', async () => {
    const world = createWorld();
    const before = await world.newUser({ username: 'ann' });
    const { access } = await world.login('ann', 'ann secret');
    expect(await world.identity.deleteUser(before.id, await world.admin())).toBe('done');
    expect(await world.identity.getUser(before.id)).toBeUndefined();
    const after = await world.newUser({ username: 'ann', password: 'another secret' });
    expect(after.id).not.toBe(before.id);
    expect(await world.authentication.authenticate(access)).toEqual({ kind: 'refused', reason: 'revoked' });
    await world.login('ann', 'another secret');
  });

  it('has to come again where four passwords are being worked on', async () => {
    const gate = Promise.withResolvers<void>();
    const world = createWorld();
    const admin = await world.admin();
    const hash = async (password: string) => {
      await gate.promise;
      return world.ports.passwords.hash(password);
    };
    const slow = world.another({ passwords: { ...world.ports.passwords, hash } });
    const make = (username: string) => slow.createUser({ ...ANN, username, email: `${username}@example.com` }, admin);
    const four = ['a', 'b', 'c', 'd'].map(make);
    expect(await make('e')).toEqual({ kind: 'busy' });
    gate.resolve();
    expect((await Promise.all(four)).map(({ kind }) => kind)).toEqual(Array(4).fill('created'));
  });
});

describe('a new user asked for twice with one Idempotency-Key', () => {
  it('is the same one, also for two requests at the same moment', async () => {
    const world = createWorld();
    const admin = await world.admin();
    const once = () => world.another().createUser(ANN, admin, { key: 'k' });
    const results = [...(await Promise.all([once(), once(), once()])), await once()];
    const ids = results.map((result) => (result.kind === 'created' ? result.user.id : result.kind));
    expect(new Set(ids).size).toBe(1);
    expect(results[0]?.kind).toBe('created');
    expect((await world.actions()).filter((action) => action === 'user.created')).toHaveLength(2);
  });

  it('with another request is refused, and by another caller is another request', async () => {
    const world = createWorld();
    const admin = await world.admin();
    const boss = await createdBy(world, { username: 'boss', role: 'admin' });
    await world.identity.createUser(ANN, admin, { key: 'k' });
    const other = { ...ANN, email: 'ann@example.net' };
    expect(await world.identity.createUser(other, admin, { key: 'k' })).toEqual({ kind: 'key_reused' });
    expect(await world.identity.createUser(ANN, boss, { key: 'k' })).toEqual({ kind: 'username_taken' });
  });

  it('is made by the second where the first died in between', async () => {
    const world = createWorld();
    const admin = await world.admin();
    const dying = world.another({ users: { ...world.ports.users, create: () => Promise.reject(new Error('killed')) } });
    await expect(dying.createUser(ANN, admin, { key: 'k' })).rejects.toThrow('killed');
    expect(await world.identity.createUser(ANN, admin, { key: 'k' })).toMatchObject({ kind: 'created' });
  });

  it('leaves nothing of the password with the key', async () => {
    const kept: unknown[] = [];
    const world = createWorld(({ idempotency }) => {
      const reserve: IdempotencyStore['reserve'] = (...given) => {
        kept.push(given);
        return idempotency.reserve(...given);
      };
      return { idempotency: { ...idempotency, reserve } };
    });
    const admin = await world.admin();
    await world.identity.createUser(ANN, admin, { key: 'k' });
    await world.identity.createUser({ ...ANN, password: 'another secret' }, admin, { key: 'k' });
    const [first, second] = kept.map((given) => (given as Parameters<IdempotencyStore['reserve']>)[1].fingerprint);
    expect(first).toBeDefined();
    expect(second).toBe(first);
  });
});

describe('whoever may manage users', () => {
  it('makes nobody who may more than they do: who makes an account can log in as it', async () => {
    const world = createWorld();
    const narrow = withScopes(await world.admin(), ['users:admin']);
    const ann = await world.newUser({ username: 'ann' });
    const boss = await world.newUser({ username: 'boss', role: 'admin' });

    expect(
      await world.identity.createUser({ ...ANN, username: 'mine', email: 'm@b.co', role: 'admin' }, narrow),
    ).toEqual({
      kind: 'not_held',
    });
    expect(await world.identity.updateUser(ann.id, { role: 'admin' }, narrow)).toBe('not_held');
    expect(await world.identity.updateUser(boss.id, { status: 'disabled' }, narrow)).toBe('done');
    expect(await world.identity.updateUser(boss.id, { status: 'active' }, narrow)).toBe('not_held');
    expect(await world.identity.updateUser(boss.id, { status: 'active', role: 'user' }, narrow)).toBe('not_held');
    const plain = { ...ANN, username: 'plain', email: 'p@b.co' };
    expect(await world.identity.createUser(plain, narrow)).toEqual({ kind: 'not_held' });
    const enough = withScopes(await world.admin(), ['users:admin', ...ROLE_SCOPES.user]);
    expect(await world.identity.createUser(plain, enough)).toMatchObject({ kind: 'created' });
    expect(await world.identity.updateUser(boss.id, { status: 'active', role: 'user' }, enough)).toBe('done');
    expect(await world.identity.updateUser(boss.id, { role: 'admin' }, enough)).toBe('not_held');
  });
});

describe('a change of a user', () => {
  it('is done, and told with the values that matter and no others', async () => {
    const world = createWorld();
    const admin = await world.admin();
    const ann = await world.newUser({ username: 'ann' });
    const change = { username: 'Ａnna', email: 'anna@example.org', role: 'admin', status: 'disabled' } as const;
    expect(await world.identity.updateUser(ann.id, change, admin)).toBe('done');
    expect(await world.identity.getUser(ann.id)).toMatchObject({ ...change, username: 'Anna' });
    expect((await world.audit()).at(-1)).toMatchObject({
      action: 'user.updated',
      entity: `user:${ann.id}`,
      detail: 'username, email, role user → admin, status active → disabled',
    });
  });

  it('that changes nothing leaves no entry', async () => {
    const world = createWorld();
    const admin = await world.admin();
    const ann = await world.newUser({ username: 'ann' });
    const before = await world.audit();
    expect(await world.identity.updateUser(ann.id, { username: 'ann' }, admin)).toBe('done');
    expect(await world.audit()).toEqual(before);
  });

  it.each([
    ['the name', { username: 'BOB' }, 'username_taken'],
    ['the address', { email: 'bob@EXAMPLE.org' }, 'email_taken'],
  ])('cannot take %s of another', async (_case, change, answer) => {
    const world = createWorld();
    const ann = await world.newUser({ username: 'ann' });
    await world.newUser({ username: 'bob' });
    expect(await world.identity.updateUser(ann.id, change, await world.admin())).toBe(answer);
  });

  it('of nobody, or of a deleted user, finds nobody', async () => {
    const world = createWorld();
    const admin = await world.admin();
    const ann = await world.newUser({ username: 'ann' });
    await world.identity.deleteUser(ann.id, admin);
    for (const id of ['1', ann.id]) {
      expect(await world.identity.updateUser(id, { role: 'admin' }, admin)).toBe('not_found');
      expect(await world.identity.deleteUser(id, admin)).toBe('not_found');
    }
  });

  it('takes effect on whoever is logged in', async () => {
    const world = createWorld();
    const admin = await world.admin();
    const ann = await world.newUser({ username: 'ann' });
    const { access } = await world.login('ann', 'ann secret');
    await world.identity.updateUser(ann.id, { role: 'admin' }, admin);
    expect((await world.callerOf(access)).principal.scopes).toContain('users:admin');
    await world.identity.updateUser(ann.id, { role: 'user' }, admin);
    expect((await world.callerOf(access)).principal.scopes).not.toContain('users:admin');
    await world.identity.updateUser(ann.id, { status: 'disabled' }, admin);
    expect(await world.authentication.authenticate(access)).toEqual({ kind: 'refused', reason: 'revoked' });
  });

  it('is decided anew when somebody else was faster', async () => {
    const world = createWorld();
    const admin = await world.admin();
    const ann = await world.newUser({ username: 'ann' });
    let rival = true;
    const slow = world.another({
      users: {
        ...world.ports.users,
        get: async (id) => {
          const row = await world.ports.users.get(id);
          if (rival) {
            rival = false;
            await world.identity.updateUser(id, { email: 'rival@example.org' }, admin);
          }
          return row;
        },
      },
    });
    expect(await slow.updateUser(ann.id, { username: 'anna' }, admin)).toBe('done');
    expect(await world.identity.getUser(ann.id)).toMatchObject({ username: 'anna', email: 'rival@example.org' });
  });

  it('gives up when somebody is always faster', async () => {
    const world = createWorld();
    const admin = await world.admin();
    const ann = await world.newUser({ username: 'ann' });
    const losing = world.another({ users: { ...world.ports.users, replace: async () => 'changed' } });
    await expect(losing.updateUser(ann.id, { username: 'anna' }, admin)).rejects.toThrow('changed 10 times');
    await expect(losing.deleteUser(ann.id, admin)).rejects.toThrow('changed 10 times');
  });
});

describe('the last admin', () => {
  it('can be neither deleted, demoted nor disabled', async () => {
    const world = createWorld();
    const admin = await world.admin();
    const id = userOf(admin);
    expect(await world.identity.deleteUser(id, admin)).toBe('last_admin');
    expect(await world.identity.updateUser(id, { role: 'user' }, admin)).toBe('last_admin');
    expect(await world.identity.updateUser(id, { status: 'disabled' }, admin)).toBe('last_admin');
    expect(await world.identity.updateUser(id, { username: 'root' }, admin)).toBe('done');
    await world.login('root', ADMIN.password);
  });

  it('is not a disabled one', async () => {
    const world = createWorld();
    const admin = await world.admin();
    const boss = await world.newUser({ username: 'boss', role: 'admin' });
    await world.identity.updateUser(boss.id, { status: 'disabled' }, admin);
    expect(await world.identity.deleteUser(userOf(admin), admin)).toBe('last_admin');
  });

  it('remains when two delete each other at the same moment', async () => {
    const world = createWorld();
    const admin = await world.admin();
    const boss = await createdBy(world, { username: 'boss', role: 'admin' });
    // Both have read both rows before either writes.
    const both = new Set<string>();
    let meet = (): void => undefined;
    const met = new Promise<void>((resolve) => {
      meet = resolve;
    });
    const readTogether = {
      ...world.ports.users,
      get: async (id: string): Promise<User | undefined> => {
        const row = await world.ports.users.get(id);
        both.add(id);
        if (both.size === 2) {
          meet();
        }
        await met;
        return row;
      },
    };
    const results = await Promise.all([
      world.another({ users: readTogether }).deleteUser(userOf(admin), boss),
      world.another({ users: readTogether }).deleteUser(userOf(boss), admin),
    ]);
    expect([...results].sort()).toEqual(['done', 'last_admin']);
    const { users } = await world.identity.listUsers({ offset: 0, limit: 10 });
    expect(users.filter(({ role }) => role === 'admin')).toHaveLength(1);
  });
});
