import { describe, expect, it } from 'vitest';
import { ADMIN, createWorld, from } from './identity-world.ts';

const CREDENTIALS = { name: ADMIN.username, password: ADMIN.password };

describe('the first admin', () => {
  it('is made by the first login, with an entry', async () => {
    const world = createWorld();
    const { principal } = await world.admin();
    expect(principal).toMatchObject({ role: 'admin', name: ADMIN.username });
    expect(await world.identity.getUser(principal.user ?? '')).toMatchObject({ email: ADMIN.email, status: 'active' });
    expect(await world.actions()).toEqual(['user.created', 'login.succeeded']);
  });

  it('is made by a login that fails, too', async () => {
    const world = createWorld();
    expect(await world.identity.login({ name: 'nobody', password: 'whatever' }, from())).toEqual({ kind: 'wrong' });
    expect((await world.ports.users.list({ offset: 0, limit: 10 })).total).toBe(1);
  });

  it('is made once by ten first logins at the same moment', async () => {
    const world = createWorld();
    const logins = await Promise.all(Array.from({ length: 10 }, () => world.another().login(CREDENTIALS, from())));
    // Five may be under way at once, being counted before they are compared; whoever is not among them is told when to come.
    expect(logins.filter(({ kind }) => kind === 'ok').length).toBeGreaterThanOrEqual(5);
    expect(logins.filter(({ kind }) => kind !== 'ok' && kind !== 'limited')).toEqual([]);
    expect((await world.ports.users.list({ offset: 0, limit: 10 })).total).toBe(1);
    expect((await world.actions()).filter((action) => action === 'user.created')).toHaveLength(1);
  });

  it('is made once by ten first logins of one instance', async () => {
    const world = createWorld();
    const logins = await Promise.all(Array.from({ length: 10 }, () => world.identity.login(CREDENTIALS, from())));
    expect(logins.filter(({ kind }) => kind === 'ok')).toHaveLength(4);
    expect(logins.filter(({ kind }) => kind === 'busy')).toHaveLength(6);
    expect((await world.actions()).filter((action) => action === 'user.created')).toHaveLength(1);
  });

  it('is never made again, not even when somebody deleted it', async () => {
    const world = createWorld();
    const first = await world.admin();
    await world.newUser({ username: 'boss', role: 'admin' });
    const boss = await world.callerOf((await world.login('boss', 'boss secret')).access);
    expect(await world.identity.deleteUser(first.principal.user ?? '', boss)).toBe('done');
    expect(await world.another().login(CREDENTIALS, from())).toEqual({ kind: 'wrong' });
  });

  it.each([
    ['a password too short', { ...ADMIN, password: 'x' }, 'password'],
    ['a name that is an address', { ...ADMIN, username: 'a@b.co' }, 'username'],
    ['an address that is none', { ...ADMIN, email: 'admin' }, 'e-mail'],
  ])('is not made of %s, and the log says so without showing it', async (_case, given, word) => {
    const world = createWorld(() => ({ firstAdmin: async () => given }));
    expect(await world.identity.login({ name: given.username, password: given.password }, from())).toEqual({
      kind: 'wrong',
    });
    expect((await world.ports.users.list({ offset: 0, limit: 10 })).total).toBe(0);
    expect(world.errors).toHaveLength(1);
    expect(world.errors[0]).toContain(word);
    expect(world.errors[0]).not.toContain(given.password);
  });

  it('is not there where the stage names none', async () => {
    const world = createWorld(() => ({ firstAdmin: async () => undefined }));
    expect(await world.identity.login(CREDENTIALS, from())).toEqual({ kind: 'wrong' });
    expect(world.errors).toEqual([]);
  });

  it('waits for the secret to be readable', async () => {
    let faults = 1;
    const world = createWorld(() => ({
      firstAdmin: async () => {
        if (faults > 0) {
          faults -= 1;
          throw new Error('the secret is away');
        }
        return ADMIN;
      },
    }));
    await expect(world.admin()).rejects.toThrow('the secret is away');
    await world.admin();
  });
});
