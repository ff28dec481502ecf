import { describe, expect, it } from 'vitest';
import { LOGIN_LIMIT } from '../../../lib/domain/identity/login.ts';
import { ADMIN, createWorld, from, NOW } from './identity-world.ts';

const createAnn = async () => {
  const world = createWorld();
  const { id } = await world.newUser({ username: 'ann' });
  const tokens = await world.login('ann', 'ann secret');
  const caller = await world.callerOf(tokens.access);
  const change = (old: string, password = 'a new secret', identity = world.identity) =>
    identity.changePassword(id, { old, new: password }, caller);
  return { world, id, tokens, caller, change };
};

describe('a new password', () => {
  it('ends every login, and is the one that counts', async () => {
    const { world, id, tokens, change } = await createAnn();
    const other = await world.login('ann', 'ann secret');

    expect(await change('ann secret')).toEqual({ kind: 'done' });

    for (const token of [tokens.access, other.access]) {
      expect(await world.authentication.authenticate(token)).toEqual({ kind: 'refused', reason: 'revoked' });
    }
    expect((await world.audit()).at(-1)).toMatchObject({
      actor: `user:${id}`,
      action: 'user.password_changed',
      entity: `user:${id}`,
    });
    expect(await world.identity.refresh(tokens.refresh, from())).toEqual({ kind: 'refused' });
    expect(await world.identity.login({ name: 'ann', password: 'ann secret' }, from())).toEqual({ kind: 'wrong' });
    await world.login('ann', 'a new secret');
  });

  it('leaves no password in the audit log', async () => {
    const { world, change } = await createAnn();
    await change('not the old one');
    await change('ann secret');
    const text = JSON.stringify(await world.audit());
    expect(text).not.toContain('secret');
    expect(text).not.toContain('not the old one');
    expect(text).not.toContain(ADMIN.password);
  });

  it('for a wrong old one is refused as a failed login, and limited like one', async () => {
    const { world, id, change } = await createAnn();
    for (let tries = 0; tries < 5; tries += 1) {
      expect(await change('wrong')).toEqual({ kind: 'wrong' });
    }
    expect((await world.audit()).at(-1)).toMatchObject({ actor: `user:${id}`, action: 'login.failed' });
    const limited = { kind: 'limited', retryAt: NOW + LOGIN_LIMIT.windowMs };
    expect(await change('ann secret')).toEqual(limited);
    expect(await world.identity.login({ name: 'ann', password: 'ann secret' }, from())).toEqual(limited);
    world.pass(LOGIN_LIMIT.windowMs);
    expect(await change('ann secret')).toEqual({ kind: 'done' });
  });

  it('is no way around the limit of logins under the other name', async () => {
    const { world, change } = await createAnn();
    for (let tries = 0; tries < 5; tries += 1) {
      await world.identity.login({ name: 'ann@example.org', password: 'wrong secret' }, from());
    }
    world.passwords.compared.length = 0;
    const limited = { kind: 'limited', retryAt: NOW + LOGIN_LIMIT.windowMs };
    expect([await change('ann secret'), await change('ann secret')]).toEqual([limited, limited]);
    expect(world.passwords.compared).toEqual([]);
    expect((await world.actions()).filter((action) => action === 'login.limited')).toHaveLength(1);
  });

  it('clears the failures before it', async () => {
    const { change } = await createAnn();
    let old = 'ann secret';
    for (const password of ['secret 1', 'secret 2', 'secret 3']) {
      for (let tries = 0; tries < 4; tries += 1) {
        expect(await change('wrong')).toEqual({ kind: 'wrong' });
      }
      expect(await change(old, password)).toEqual({ kind: 'done' });
      old = password;
    }
  });

  it('is for users that are there', async () => {
    const { world, id, caller, change } = await createAnn();
    await world.identity.updateUser(id, { status: 'disabled' }, await world.admin());
    expect(await change('ann secret')).toEqual({ kind: 'not_found' });
    expect(await world.identity.changePassword('1', { old: 'a', new: 'b' }, caller)).toEqual({ kind: 'not_found' });
  });

  it('has to come again where four passwords are being worked on, uncounted', async () => {
    const gate = Promise.withResolvers<void>();
    const { world, change } = await createAnn();
    const matches = async (password: string, hash: string | undefined) => {
      await gate.promise;
      return world.ports.passwords.matches(password, hash);
    };
    const slow = world.another({ passwords: { ...world.ports.passwords, matches } });
    const four = Array.from({ length: 4 }, () => change('wrong secret', 'a new secret', slow));
    for (let tries = 0; tries < 60; tries += 1) {
      expect(await change('ann secret', 'a new secret', slow)).toEqual({ kind: 'busy' });
    }
    gate.resolve();
    expect((await Promise.all(four)).map(({ kind }) => kind)).toEqual(Array(4).fill('wrong'));
    expect(await change('ann secret')).toEqual({ kind: 'done' });
  });

  it('is not set over one that somebody else set meanwhile', async () => {
    const { world, change } = await createAnn();
    const slow = world.another({
      passwords: {
        ...world.ports.passwords,
        hash: async (password) => {
          await change('ann secret', 'the rival secret');
          return world.ports.passwords.hash(password);
        },
      },
    });
    expect(await change('ann secret', 'a new secret', slow)).toEqual({ kind: 'wrong' });
    await world.login('ann', 'the rival secret');
  });

  it('is set although something else of the user changes meanwhile', async () => {
    const { world, id, change } = await createAnn();
    const admin = await world.admin();
    let rival = true;
    const { get } = world.ports.users;
    const slow = world.another({
      users: {
        ...world.ports.users,
        replace: async (...given) => {
          if (rival) {
            rival = false;
            await world.identity.updateUser(id, { email: 'rival@example.org' }, admin);
          }
          return world.ports.users.replace(...given);
        },
      },
    });
    expect(await change('ann secret', 'a new secret', slow)).toEqual({ kind: 'done' });
    expect(await get(id)).toMatchObject({ email: 'rival@example.org' });
    await world.login('ann', 'a new secret');
  });
});
