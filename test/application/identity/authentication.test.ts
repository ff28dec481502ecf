import { describe, expect, it } from 'vitest';
import type { TokenVerifier } from '../../../lib/application/ports/identity.ts';
import { ROLE_SCOPES } from '../../../lib/domain/identity/access.ts';
import { ADMIN, createWorld, from, NOW } from './identity-world.ts';

const refused = (reason: string) => ({ kind: 'refused', reason });

const refusal = (over: { readonly address?: string; readonly reason?: string } = {}) => ({
  action: 'access.refused' as const,
  actor: 'anonymous',
  entity: 'operation:listUsers',
  reason: over.reason ?? 'invalid',
  from: from(over.address),
});

const fixedVerifier = (answer: Awaited<ReturnType<TokenVerifier>>) =>
  createWorld(() => ({ verify: async () => answer }));

describe('a login', () => {
  it('is its user, with what the row says', async () => {
    const world = createWorld();
    const { principal } = await world.admin();
    expect(principal).toMatchObject({
      kind: 'login',
      id: `user:${principal.user}`,
      name: ADMIN.username,
      role: 'admin',
      scopes: ROLE_SCOPES.admin,
      pools: [],
    });
  });

  it('of a deleted user is out at once', async () => {
    const world = createWorld();
    const ann = await world.newUser({ username: 'ann' });
    const { access } = await world.login('ann', 'ann secret');
    await world.identity.deleteUser(ann.id, await world.admin());
    expect(await world.authentication.authenticate(access)).toEqual(refused('revoked'));
  });
});

describe('a key', () => {
  const createKey = async (expiresAt?: number) => {
    const world = createWorld();
    const ann = await world.newUser({ username: 'ann' });
    const admin = await world.admin();
    const input = { owner: ann.id, name: 'ci', role: 'user', pools: [] } as const;
    const made = await world.identity.createKey(expiresAt === undefined ? input : { ...input, expiresAt }, admin);
    return { world, ann, admin, text: made.kind === 'created' ? made.text : '' };
  };

  it('ends at its instant', async () => {
    const { world, text } = await createKey(NOW + 1_000);
    world.pass(999);
    await world.callerOf(text);
    world.pass(1);
    expect(await world.authentication.authenticate(text)).toEqual(refused('expired'));
  });

  it('is worth nothing while its owner is disabled, and for ever once they are deleted', async () => {
    const { world, ann, admin, text } = await createKey();
    await world.identity.updateUser(ann.id, { status: 'disabled' }, admin);
    expect(await world.authentication.authenticate(text)).toEqual(refused('revoked'));
    await world.identity.updateUser(ann.id, { status: 'active' }, admin);
    await world.callerOf(text);
    await world.identity.deleteUser(ann.id, admin);
    expect(await world.authentication.authenticate(text)).toEqual(refused('revoked'));
  });

  it('is opened by its own text only', async () => {
    const { world, text } = await createKey();
    const forged = `${text.slice(0, -1)}${text.endsWith('a') ? 'b' : 'a'}`;
    expect(await world.authentication.authenticate(forged)).toEqual(refused('invalid'));
    expect(await world.authentication.authenticate(`csk_1_1_${'a'.repeat(43)}`)).toEqual(refused('invalid'));
  });

  it("of an admin does a user's work when its owner is one no more", async () => {
    const world = createWorld();
    const admin = await world.admin();
    const boss = await world.newUser({ username: 'boss', role: 'admin' });
    const input = { owner: boss.id, name: 'ops', role: 'admin', pools: [] } as const;
    const made = await world.identity.createKey(input, admin);
    const text = made.kind === 'created' ? made.text : '';
    expect((await world.callerOf(text)).principal.role).toBe('admin');
    await world.identity.updateUser(boss.id, { role: 'user' }, admin);
    expect((await world.callerOf(text)).principal).toMatchObject({ role: 'user', scopes: ROLE_SCOPES.user });
  });
});

describe('other credentials', () => {
  it('of another issuer that is trusted have the role it gives, no user and no pools', async () => {
    const world = fixedVerifier({ kind: 'external', issuer: 'https://id.example.com', subject: 'ann', role: 'user' });
    expect(await world.authentication.authenticate('token')).toEqual({
      kind: 'principal',
      principal: {
        kind: 'external',
        id: 'external:https://id.example.com#ann',
        name: 'ann',
        role: 'user',
        scopes: ROLE_SCOPES.user,
        pools: [],
      },
    });
  });

  it.each([
    ['expired', 'expired'],
    ['not_ours', 'invalid'],
    ['bad_signature', 'invalid'],
    ['wrong_use', 'invalid'],
    ['no_role', 'invalid'],
    ['malformed', 'invalid'],
  ] as const)('that are %s are refused as %s', async (reason, told) => {
    const world = fixedVerifier({ kind: 'invalid', reason });
    expect(await world.authentication.authenticate('token')).toEqual(refused(told));
  });
});

describe('a refusal', () => {
  it('is recorded once a minute for one address and reason', async () => {
    const world = createWorld();
    for (let i = 0; i < 10; i += 1) {
      await world.authentication.recordRefusal(refusal());
      await world.authentication.recordRefusal(refusal({ reason: 'expired' }));
      await world.authentication.recordRefusal(refusal({ address: '192.0.2.99' }));
      await world.authentication.recordRefusal(refusal({ address: `2001:db8::${i}` }));
    }
    expect(await world.audit()).toHaveLength(4);
    expect((await world.audit())[0]).toMatchObject({
      at: NOW,
      actor: 'anonymous',
      action: 'access.refused',
      entity: 'operation:listUsers',
      address: '192.0.2.1',
      requestId: 'request',
      detail: 'invalid',
    });
    world.pass(60_000);
    await world.authentication.recordRefusal(refusal());
    expect(await world.audit()).toHaveLength(5);
  });

  it('from ever new addresses is recorded a bounded number of times', async () => {
    const world = createWorld();
    const flood = async () => {
      for (let i = 0; i < 500; i += 1) {
        await world.authentication.recordRefusal(refusal({ address: `198.51.${Math.floor(i / 250)}.${i % 250}` }));
      }
    };
    await flood();
    expect(await world.audit()).toHaveLength(100);
    world.pass(60_000);
    await flood();
    expect(await world.audit()).toHaveLength(200);
  });

  it('stays one where the log cannot be written, and is recorded when it can', async () => {
    let faults = 1;
    const world = createWorld(({ audit }) => ({
      audit: {
        ...audit,
        append: async (draft) => {
          if (faults > 0) {
            faults -= 1;
            throw new Error('the table is away');
          }
          return audit.append(draft);
        },
      },
    }));
    await world.authentication.recordRefusal(refusal());
    expect(world.errors).toHaveLength(1);
    await world.authentication.recordRefusal(refusal());
    expect(await world.audit()).toHaveLength(1);
  });
});
