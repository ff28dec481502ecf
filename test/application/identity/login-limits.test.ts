import { describe, expect, it } from 'vitest';
import { LOGIN_LIMIT } from '../../../lib/domain/identity/login.ts';
import { createWorld, from, NOW, type World } from './identity-world.ts';

const WRONG = { kind: 'wrong' };
const retryAt = NOW + LOGIN_LIMIT.windowMs;
const LIMITED = { kind: 'limited', retryAt };

const createAnn = async (): Promise<World> => {
  const world = createWorld();
  await world.newUser({ username: 'ann' });
  return world;
};

const tryAs = (world: World, name: string, password = 'wrong secret', address?: string) =>
  world.identity.login({ name, password }, from(address));

/** Fails `times` times, each under another name. */
const failFrom = async (world: World, address: string, times: number, names = address): Promise<void> => {
  for (let i = 0; i < times; i += 1) {
    expect(await tryAs(world, `nobody-${names}-${i}`, 'wrong secret', address)).toEqual(WRONG);
  }
};

describe('failed logins of an account', () => {
  it.each(['ann', 'nobody', 'ann@example.org', 'nobody@example.org'])(
    'are refused from the sixth, whether or not it exists: %s',
    async (name) => {
      const world = await createAnn();
      for (let tries = 0; tries < 5; tries += 1) {
        expect(await tryAs(world, name)).toEqual(WRONG);
      }
      const compared = world.passwords.compared.length;
      expect(await tryAs(world, name, 'ann secret')).toEqual(LIMITED);
      expect(await tryAs(world, name.toUpperCase(), 'ann secret', '192.0.2.200')).toEqual(LIMITED);
      expect(world.passwords.compared).toHaveLength(compared);
    },
  );

  it('are forgotten after the window', async () => {
    const world = await createAnn();
    for (let tries = 0; tries < 5; tries += 1) {
      await tryAs(world, 'ann');
    }
    world.pass(LOGIN_LIMIT.windowMs - 1);
    expect(await tryAs(world, 'ann', 'ann secret')).toEqual(LIMITED);
    world.pass(1);
    expect(await tryAs(world, 'ann', 'ann secret')).toMatchObject({ kind: 'ok' });
  });

  it('are forgotten with a success, under every name', async () => {
    const world = await createAnn();
    for (let round = 0; round < 3; round += 1) {
      for (const name of ['ann', 'ann', 'ann@example.org', 'ann@example.org']) {
        expect(await tryAs(world, name)).toEqual(WRONG);
      }
      expect(await tryAs(world, round % 2 === 0 ? 'ann' : 'ann@example.org', 'ann secret')).toMatchObject({
        kind: 'ok',
      });
    }
  });

  it('count before they are compared: of twenty at once in twenty instances five are looked at', async () => {
    const world = await createAnn();
    world.passwords.compared.length = 0;
    const results = await Promise.all(
      Array.from({ length: 20 }, () => world.another().login({ name: 'ann', password: 'wrong secret' }, from())),
    );
    expect(results.filter(({ kind }) => kind === 'wrong')).toHaveLength(5);
    expect(results.filter(({ kind }) => kind === 'limited')).toHaveLength(15);
    expect(world.passwords.compared).toHaveLength(5);
  });

  it('under one name never show under the other, though the right password is no use there either', async () => {
    const world = await createAnn();
    for (let tries = 0; tries < 5; tries += 1) {
      await tryAs(world, 'ann');
    }
    world.passwords.compared.length = 0;
    // As for an address that nobody has: five times wrong, then limited.
    for (let tries = 0; tries < 5; tries += 1) {
      expect(await tryAs(world, 'ann@example.org', 'ann secret')).toEqual(WRONG);
      expect(await tryAs(world, 'nobody@example.org', 'ann secret')).toEqual(WRONG);
    }
    expect(world.passwords.compared).toEqual(Array(10).fill(undefined));
    expect(await tryAs(world, 'ann@example.org', 'ann secret')).toEqual(LIMITED);
    expect(await tryAs(world, 'nobody@example.org', 'ann secret')).toEqual(LIMITED);
    world.pass(LOGIN_LIMIT.windowMs);
    expect(await tryAs(world, 'ann@example.org', 'ann secret')).toMatchObject({ kind: 'ok' });
  });

  it('under both names together have no more than five comparisons', async () => {
    const world = await createAnn();
    world.passwords.compared.length = 0;
    for (let tries = 0; tries < 5; tries += 1) {
      await tryAs(world, 'ann');
      await tryAs(world, 'ann@example.org');
    }
    expect(world.passwords.compared.filter((hash) => hash !== undefined)).toHaveLength(5);
  });
});

describe('failed logins from an address', () => {
  it('are refused from the fifty-first, for any account and the right password', async () => {
    const world = await createAnn();
    await failFrom(world, '198.51.100.1', 50);
    expect(await tryAs(world, 'ann', 'ann secret', '198.51.100.1')).toEqual(LIMITED);
    expect(await tryAs(world, 'ann', 'ann secret', '198.51.100.2')).toMatchObject({ kind: 'ok' });
  });

  it('count together within a /64, and apart from the next one', async () => {
    const world = await createAnn();
    await failFrom(world, '2001:db8::1', 25);
    await failFrom(world, '2001:db8:0:0:ffff::2', 25);
    expect(await tryAs(world, 'ann', 'ann secret', '2001:db8::3')).toEqual(LIMITED);
    expect(await tryAs(world, 'ann', 'ann secret', '2001:db8:0:1::1')).toMatchObject({ kind: 'ok' });
  });

  it('stay counted when somebody logs in from there, and only they', async () => {
    const world = await createAnn();
    await failFrom(world, '198.51.100.1', 49);
    for (let tries = 0; tries < 10; tries += 1) {
      expect(await tryAs(world, 'ann', 'ann secret', '198.51.100.1')).toMatchObject({ kind: 'ok' });
    }
    await failFrom(world, '198.51.100.1', 1, 'more');
    expect(await tryAs(world, 'ann', 'ann secret', '198.51.100.1')).toEqual(LIMITED);
  });

  it('are no tries at an account once they are refused', async () => {
    const world = await createAnn();
    await failFrom(world, '198.51.100.1', 50);
    for (let tries = 0; tries < 10; tries += 1) {
      await tryAs(world, 'ann', 'wrong secret', '198.51.100.1');
    }
    expect(await tryAs(world, 'ann', 'ann secret', '198.51.100.2')).toMatchObject({ kind: 'ok' });
  });

  it('are not used up by tries at an account that is refused', async () => {
    const world = await createAnn();
    for (let tries = 0; tries < 100; tries += 1) {
      await tryAs(world, 'nobody');
    }
    expect(await tryAs(world, 'ann', 'ann secret')).toMatchObject({ kind: 'ok' });
  });
});

describe('refusals by a limit', () => {
  it('are recorded once a minute, not each one', async () => {
    const world = await createAnn();
    for (let tries = 0; tries < 25; tries += 1) {
      await tryAs(world, tries % 2 === 0 ? 'ann' : 'ANN');
    }
    const limited = async () => (await world.audit()).filter(({ action }) => action === 'login.limited');
    expect(await limited()).toHaveLength(1);
    expect((await limited())[0]).toMatchObject({ actor: 'name:ANN', address: '192.0.2.1' });
    world.pass(60_000);
    await tryAs(world, 'ann');
    await tryAs(world, 'ann');
    expect(await limited()).toHaveLength(2);
  });

  it('by an attacker with many names make a bounded number of entries', async () => {
    const world = await createAnn();
    await failFrom(world, '198.51.100.1', 50);
    const before = (await world.audit()).length;
    for (let tries = 0; tries < 300; tries += 1) {
      await tryAs(world, `nobody-${tries}`, 'wrong secret', '198.51.100.1');
    }
    expect((await world.audit()).length - before).toBe(1);
  });
});
