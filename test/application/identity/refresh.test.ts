import { describe, expect, it } from 'vitest';
import { REFRESH_TOKEN_MS } from '../../../lib/domain/identity/login.ts';
import { ADMIN, callerAs, createWorld, from, type World } from './identity-world.ts';

const REFUSED = { kind: 'refused' };
const refresh = async (world: World, token: string) => {
  const result = await world.identity.refresh(token, from('192.0.2.8'));
  if (result.kind !== 'ok') {
    throw new Error('The refresh was refused');
  }
  return result.tokens;
};

describe('a refresh', () => {
  it('trades the token for the next pair, over and over', async () => {
    const world = createWorld();
    let tokens = await world.login(ADMIN.username, ADMIN.password);
    for (let week = 0; week < 3; week += 1) {
      world.pass(REFRESH_TOKEN_MS - 60_000);
      tokens = await refresh(world, tokens.refresh);
      await world.callerOf(tokens.access);
    }
    const { entity, actor } = (await world.audit()).at(-1) ?? {};
    expect((await world.audit()).at(-1)).toMatchObject({ action: 'login.refreshed', address: '192.0.2.8' });
    expect(actor).toBe(entity);
  });

  it('with a spent token ends the login, and every token of it', async () => {
    const world = createWorld();
    const first = await world.login(ADMIN.username, ADMIN.password);
    const other = await world.login(ADMIN.username, ADMIN.password);
    const second = await refresh(world, first.refresh);

    expect(await world.identity.refresh(first.refresh, from('203.0.113.66'))).toEqual(REFUSED);

    expect((await world.audit()).at(-1)).toMatchObject({ action: 'login.refresh_reused', address: '203.0.113.66' });
    for (const token of [first.access, second.access]) {
      expect(await world.authentication.authenticate(token)).toEqual({ kind: 'refused', reason: 'revoked' });
    }
    expect(await world.identity.refresh(second.refresh, from())).toEqual(REFUSED);
    expect(await world.identity.refresh(first.refresh, from())).toEqual(REFUSED);
    await world.callerOf(other.access);
  });

  it('twice at the same moment is a reuse', async () => {
    const world = createWorld();
    const { refresh: token } = await world.login(ADMIN.username, ADMIN.password);
    const results = await Promise.all([world.identity.refresh(token, from()), world.another().refresh(token, from())]);
    expect(results.map(({ kind }) => kind).sort()).toEqual(['ok', 'refused']);
    const [ok] = results.filter((result) => result.kind === 'ok');
    expect(await world.authentication.authenticate(ok?.tokens.access ?? '')).toEqual({
      kind: 'refused',
      reason: 'revoked',
    });
  });

  it.each([
    ['an access token', (tokens: { access: string; refresh: string }) => tokens.access],
    ['nonsense', () => 'nonsense'],
    ['a forged token', (tokens: { access: string; refresh: string }) => `${tokens.refresh.slice(0, -8)}AAAAAAAA`],
  ])('is refused to %s', async (_case, of) => {
    const world = createWorld();
    const tokens = await world.login(ADMIN.username, ADMIN.password);
    expect(await world.identity.refresh(of(tokens), from())).toEqual(REFUSED);
    await refresh(world, tokens.refresh);
  });

  it('is no access', async () => {
    const world = createWorld();
    const tokens = await world.login(ADMIN.username, ADMIN.password);
    expect(await world.authentication.authenticate(tokens.refresh)).toEqual({ kind: 'refused', reason: 'invalid' });
  });

  it('is refused after its time', async () => {
    const world = createWorld();
    const tokens = await world.login(ADMIN.username, ADMIN.password);
    world.pass(REFRESH_TOKEN_MS + 60_000);
    expect(await world.identity.refresh(tokens.refresh, from())).toEqual(REFUSED);
  });

  it('is refused once the user is disabled, and still after they are enabled', async () => {
    const world = createWorld();
    const ann = await world.newUser({ username: 'ann' });
    const tokens = await world.login('ann', 'ann secret');
    await world.identity.updateUser(ann.id, { status: 'disabled' }, await world.admin());
    expect(await world.identity.refresh(tokens.refresh, from())).toEqual(REFUSED);
    await world.identity.updateUser(ann.id, { status: 'active' }, await world.admin());
    expect(await world.identity.refresh(tokens.refresh, from())).toEqual(REFUSED);
  });

  it('signs nothing for a token that was spent or has ended: each signature counts against a quota', async () => {
    let signed = 0;
    const world = createWorld(({ signing }) => ({
      signing: {
        ...signing,
        sign: (input) => {
          signed += 1;
          return signing.sign(input);
        },
      },
    }));
    const { refresh } = await world.login(ADMIN.username, ADMIN.password);
    await world.identity.refresh(refresh, from());
    expect(signed).toBe(4);
    for (let times = 0; times < 3; times += 1) {
      expect(await world.identity.refresh(refresh, from())).toEqual(REFUSED);
    }
    expect(signed).toBe(4);
    expect((await world.actions()).slice(-2)).toEqual(['login.refresh_reused', 'access.refused']);
  });

  it('does not spend the token where signing fails', async () => {
    const world = createWorld();
    const { refresh: token } = await world.login(ADMIN.username, ADMIN.password);
    const broken = world.another({
      signing: { ...world.ports.signing, sign: () => Promise.reject(new Error('KMS is away')) },
    });
    await expect(broken.refresh(token, from())).rejects.toThrow('KMS is away');
    await refresh(world, token);
  });

  it('counts tenfold against the rate of its user, and is told when to come again', async () => {
    const world = createWorld();
    const { refresh: token } = await world.login(ADMIN.username, ADMIN.password);
    const asked: unknown[] = [];
    const crowded = world.another({
      throttle: async (...given) => {
        asked.push(given);
        return { kind: 'refused', retryAt: 7 };
      },
    });
    expect(await crowded.refresh(token, from())).toEqual({ kind: 'limited', retryAt: 7 });
    expect(asked).toEqual([[expect.stringMatching(/^user:\d+$/), 10]]);
    expect(await world.identity.refresh(token, from())).toMatchObject({ kind: 'ok' });
  });
});

describe('a logout', () => {
  it('ends this login at once, and no other', async () => {
    const world = createWorld();
    const tokens = await world.login(ADMIN.username, ADMIN.password);
    const other = await world.login(ADMIN.username, ADMIN.password);

    await world.identity.logout(await world.callerOf(tokens.access));

    expect((await world.audit()).at(-1)).toMatchObject({ action: 'login.ended' });
    expect(await world.authentication.authenticate(tokens.access)).toEqual({ kind: 'refused', reason: 'revoked' });
    expect(await world.identity.refresh(tokens.refresh, from())).toEqual(REFUSED);
    await world.callerOf(other.access);
  });

  it('is for logins only', async () => {
    const world = createWorld();
    const { principal } = await world.admin();
    await expect(world.identity.logout(callerAs({ ...principal, kind: 'key' }))).rejects.toThrow('Only a login');
  });
});
