import { describe, expect, it } from 'vitest';
import type { IdentityPorts } from '../../../lib/application/ports/identity.ts';
import { ACCESS_TOKEN_MS, REFRESH_TOKEN_MS } from '../../../lib/domain/identity/login.ts';
import { ADMIN, createWorld, from, NOW } from './identity-world.ts';

/** Notes each call of the ports that a login may use, in order. */
const spied = (calls: string[]) => (ports: IdentityPorts) => {
  const spy = <T extends object>(name: string, port: T): T =>
    new Proxy(port, {
      get: (target, method, receiver) => {
        calls.push(`${name}.${String(method)}`);
        return Reflect.get(target, method, receiver) as unknown;
      },
    });
  return {
    users: spy('users', { ...ports.users }),
    attempts: spy('attempts', { ...ports.attempts }),
    audit: spy('audit', { ...ports.audit }),
    passwords: spy('passwords', { ...ports.passwords }),
  };
};

describe('a login', () => {
  it.each(['ann', 'ANN', 'ａｎｎ', 'ann@example.org', 'Ann@Example.ORG'])('as %s gets both tokens', async (name) => {
    const world = createWorld();
    const ann = await world.newUser({ username: 'ann' });

    const result = await world.identity.login({ name, password: 'ann secret' }, from('192.0.2.7'));

    expect(result).toMatchObject({ kind: 'ok', user: { id: ann.id, username: 'ann' } });
    const tokens = result.kind === 'ok' ? result.tokens : { access: '', refresh: '' };
    expect(await world.callerOf(tokens.access)).toMatchObject({ principal: { kind: 'login', id: `user:${ann.id}` } });
    expect(await world.ports.verify(tokens.refresh, 'refresh')).toMatchObject({
      kind: 'own',
      claims: { generation: 1 },
    });
    expect((await world.audit()).at(-1)).toMatchObject({
      at: NOW,
      actor: `user:${ann.id}`,
      action: 'login.succeeded',
      entity: `user:${ann.id}`,
      address: '192.0.2.7',
      requestId: 'request',
    });
  });

  it('takes a password that is spelt in another normal form', async () => {
    const world = createWorld();
    await world.newUser({ username: 'ann', password: 'caf\u00e9 noir' });
    expect(await world.identity.login({ name: 'ann', password: 'cafe\u0301 noir' }, from())).toMatchObject({
      kind: 'ok',
    });
  });

  it('lasts an hour, and a week with refreshes', async () => {
    const world = createWorld();
    const { access, refresh } = await world.login(ADMIN.username, ADMIN.password);
    world.pass(ACCESS_TOKEN_MS + 60_000);
    expect(await world.authentication.authenticate(access)).toEqual({ kind: 'refused', reason: 'expired' });
    world.pass(REFRESH_TOKEN_MS - ACCESS_TOKEN_MS - 120_000);
    expect(await world.identity.refresh(refresh, from())).toMatchObject({ kind: 'ok' });
  });

  it('publishes the public keys before the first token is signed, and once', async () => {
    const steps: string[] = [];
    const world = createWorld(({ signing, publicKeys }) => ({
      signing: {
        ...signing,
        sign: (input) => {
          steps.push('sign');
          return signing.sign(input);
        },
      },
      publicKeys: {
        ...publicKeys,
        publish: async (keys) => {
          await publicKeys.publish(keys);
          steps.push('publish');
        },
      },
    }));
    await world.login(ADMIN.username, ADMIN.password);
    await world.login(ADMIN.username, ADMIN.password);
    expect(steps).toEqual(['publish', 'sign', 'sign', 'sign', 'sign']);
    expect(await world.ports.publicKeys.read()).toEqual(await world.ports.signing.publicKeys());
  });

  it('that could not publish the keys tries again the next time', async () => {
    let faults = 1;
    const world = createWorld(({ publicKeys }) => ({
      publicKeys: {
        ...publicKeys,
        publish: async (keys) => {
          if (faults > 0) {
            faults -= 1;
            throw new Error('the table is away');
          }
          return publicKeys.publish(keys);
        },
      },
    }));
    await expect(world.login(ADMIN.username, ADMIN.password)).rejects.toThrow('the table is away');
    await world.admin();
  });
});

describe('a login that fails', () => {
  const cases = [
    ['a wrong password', 'ann', 'wrong password'],
    ['an unknown user', 'nobody', 'no such user'],
    ['an unknown e-mail address', 'nobody@example.org', 'no such user'],
    ['a disabled user', 'dis', 'the user is disabled'],
    ['a deleted user', 'del', 'no such user'],
  ] as const;

  const setUp = async () => {
    const calls: string[] = [];
    const world = createWorld(spied(calls));
    const caller = await world.admin();
    const users = {
      ann: await world.newUser({ username: 'ann' }),
      dis: await world.newUser({ username: 'dis' }),
      del: await world.newUser({ username: 'del' }),
    };
    await world.identity.updateUser(users.dis.id, { status: 'disabled' }, caller);
    await world.identity.deleteUser(users.del.id, caller);
    const fail = async (name: string) => {
      calls.length = 0;
      world.passwords.compared.length = 0;
      const password = name === 'ann' ? 'wrong secret' : `${name} secret`;
      const result = await world.identity.login({ name, password }, from('192.0.2.9'));
      return { result, calls: [...calls] };
    };
    return { world, fail, ann: users.ann };
  };

  it.each(cases)('with %s: the same answer after the same work', async (_case, name, detail) => {
    const { world, fail } = await setUp();
    const expected = await fail('ann');
    const { result, calls } = await fail(name);

    expect(result).toEqual({ kind: 'wrong' });
    expect(expected.result).toEqual({ kind: 'wrong' });
    expect(calls).toEqual(expected.calls);
    expect(calls.filter((call) => call === 'passwords.matches')).toHaveLength(1);
    // The comparison with nothing takes as long: the password port sees to that.
    expect(world.passwords.compared).toEqual([name === 'ann' ? 'hash of ann secret' : undefined]);
    expect((await world.audit()).at(-1)).toMatchObject({
      actor: detail === 'no such user' ? 'name:(unknown)' : `name:${name}`,
      action: 'login.failed',
      address: '192.0.2.9',
      detail,
    });
  });

  it('tells the audit log, and nobody else, whose account it was', async () => {
    const { world, fail, ann } = await setUp();
    await fail('ann');
    expect((await world.audit()).at(-1)).toMatchObject({ entity: `user:${ann.id}` });
    await fail('nobody');
    expect((await world.audit()).at(-1)).toMatchObject({ entity: 'user:unknown' });
  });

  it('by a name that only looks alike is no try at the account', async () => {
    const world = createWorld();
    await world.newUser({ username: 'cop' });
    for (let tries = 0; tries < 5; tries += 1) {
      expect(await world.identity.login({ name: 'сор', password: 'cop secret' }, from())).toEqual({ kind: 'wrong' });
    }
    expect(world.passwords.compared.slice(-5)).toEqual(Array(5).fill(undefined));
    expect((await world.audit()).at(-1)).toMatchObject({ action: 'login.failed', entity: 'user:unknown' });
    await world.login('cop', 'cop secret');
  });

  it.each([
    ['too long for bcrypt', 'x'.repeat(73)],
    ['with a NUL', 'secret\0'],
    ['too short', 'x'],
  ])('with a password %s is compared all the same', async (_case, password) => {
    const world = createWorld();
    await world.admin();
    world.passwords.compared.length = 0;
    expect(await world.identity.login({ name: ADMIN.username, password }, from())).toEqual({ kind: 'wrong' });
    expect(world.passwords.compared).toEqual([undefined]);
  });

  it('keeps a typed name only where it is a user’s: it may be a password in the wrong field, and entries are for ever', async () => {
    const world = createWorld();
    for (const name of ['Sommer2024', `csk_1_2_${'x'.repeat(43)}`, '😀'.repeat(100)]) {
      await world.identity.login({ name, password: 'whatever' }, from());
      expect((await world.audit()).at(-1)).toMatchObject({ actor: 'name:(unknown)', entity: 'user:unknown' });
    }
    await world.identity.login({ name: ADMIN.username, password: 'whatever' }, from());
    expect((await world.audit()).at(-1)).toMatchObject({ actor: `name:${ADMIN.username}` });
  });

  it('because signing does leaves no login, no entry of one, and counts as no failure', async () => {
    let faults = 0;
    const world = createWorld(({ signing }) => ({
      signing: {
        ...signing,
        sign: async (input) => {
          if (faults < 2 * 60) {
            faults += 1;
            throw new Error('KMS is away');
          }
          return signing.sign(input);
        },
      },
    }));
    for (let tries = 0; tries < 60; tries += 1) {
      await expect(world.login(ADMIN.username, ADMIN.password)).rejects.toThrow('KMS is away');
    }
    expect(await world.actions()).toEqual(['user.created']);
    await world.login(ADMIN.username, ADMIN.password);
  });
});

describe('logins at the same moment', () => {
  it('are served four at a time, and the others are told so at once without being counted', async () => {
    const gate = Promise.withResolvers<void>();
    const counted: string[] = [];
    const world = createWorld(({ attempts, passwords }) => ({
      attempts: {
        ...attempts,
        count: (key, limit) => {
          counted.push(key);
          return attempts.count(key, limit);
        },
      },
      passwords: {
        ...passwords,
        matches: async (password, hash) => {
          await gate.promise;
          return passwords.matches(password, hash);
        },
      },
    }));
    const login = () => world.identity.login({ name: ADMIN.username, password: ADMIN.password }, from());
    const served = Array.from({ length: 4 }, login);
    const others = await Promise.all(Array.from({ length: 100 }, login));
    expect(new Set(others.map(({ kind }) => kind))).toEqual(new Set(['busy']));
    gate.resolve();
    expect((await Promise.all(served)).map(({ kind }) => kind)).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(counted).toHaveLength(4 * 3);
    expect(await login()).toMatchObject({ kind: 'ok' });
  });

  it('give their slot back when they fail', async () => {
    let faults = 8;
    const world = createWorld(({ users }) => ({
      users: {
        ...users,
        findHolder: async (key) => {
          faults -= 1;
          if (faults >= 0) {
            throw new Error('the table is away');
          }
          return users.findHolder(key);
        },
      },
    }));
    for (let tries = 0; tries < 8; tries += 1) {
      await expect(world.login(ADMIN.username, ADMIN.password)).rejects.toThrow('the table is away');
    }
    await world.login(ADMIN.username, ADMIN.password);
  });
});
