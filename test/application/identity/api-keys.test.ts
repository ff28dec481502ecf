import { describe, expect, it } from 'vitest';
import type { Caller, Idempotent, NewKey } from '../../../lib/application/identity/api.ts';
import { MAX_KEYS_PER_USER } from '../../../lib/application/ports/identity.ts';
import { ROLE_SCOPES, SCOPES } from '../../../lib/domain/identity/access.ts';
import { callerAs, createWorld, NOW, type World } from './identity-world.ts';

const KEY: NewKey = { name: 'ci', role: 'user', pools: [] };
const WORKER: NewKey = { name: 'builder', role: 'worker', pools: ['build'] };

const made = async (world: World, input: NewKey, caller: Caller, idempotency?: Idempotent) => {
  const result = await world.identity.createKey(input, caller, idempotency);
  if (result.kind !== 'created') {
    throw new Error(`The key was not made: ${JSON.stringify(result)}`);
  }
  return result;
};

const createAnn = async () => {
  const world = createWorld();
  const admin = await world.admin();
  const user = await world.newUser({ username: 'ann' });
  const ann = await world.callerOf((await world.login('ann', 'ann secret')).access);
  return { world, admin, ann, id: user.id };
};

describe('a new key', () => {
  it('opens what its role may, and is kept as a hash only', async () => {
    const { world, ann, id } = await createAnn();
    const { key, text } = await made(world, KEY, ann);

    expect((await world.callerOf(text)).principal).toEqual({
      kind: 'key',
      id: `key:${key.id}`,
      user: id,
      credential: key.id,
      name: 'ci',
      role: 'user',
      scopes: ROLE_SCOPES.user,
      pools: [],
    });
    const secret = text.slice(-43);
    expect(JSON.stringify([await world.ports.keys.get(id, key.id), await world.audit()])).not.toContain(secret);
    expect((await world.audit()).at(-1)).toMatchObject({
      actor: ann.principal.id,
      action: 'key.created',
      entity: `key:${key.id}`,
    });
  });

  it('has the scopes that are named, no more', async () => {
    const { world, ann } = await createAnn();
    const { text } = await made(world, { ...KEY, scopes: ['jobs:read'] }, ann);
    expect((await world.callerOf(text)).principal.scopes).toEqual(['jobs:read']);
  });

  it('is an admin key, or lets machines in, where an admin makes it', async () => {
    const { world, admin } = await createAnn();
    const boss = await made(world, { ...KEY, role: 'admin' }, admin);
    expect((await world.callerOf(boss.text)).principal).toMatchObject({ role: 'admin', scopes: SCOPES });
    const worker = await made(world, WORKER, admin);
    expect((await world.callerOf(worker.text)).principal).toMatchObject({
      role: 'worker',
      scopes: ['workers:connect'],
      pools: ['build'],
    });
  });

  it('is made for another by whoever may manage users', async () => {
    const { world, admin, id } = await createAnn();
    const { key, text } = await made(world, { ...KEY, owner: id }, admin);
    expect(key.owner).toBe(id);
    expect((await world.callerOf(text)).principal.user).toBe(id);
  });

  it('needs an owner who is there', async () => {
    const { world, admin, id } = await createAnn();
    const external = callerAs({ ...admin.principal, kind: 'external', id: 'external:iss#sub' });
    const { user: _, ...nobody } = external.principal;
    expect(await world.identity.createKey(KEY, callerAs(nobody))).toEqual({ kind: 'no_owner' });
    expect(await world.identity.createKey({ ...KEY, owner: '1' }, admin)).toEqual({ kind: 'no_owner' });
    await world.identity.updateUser(id, { status: 'disabled' }, admin);
    expect(await world.identity.createKey({ ...KEY, owner: id }, admin)).toEqual({ kind: 'no_owner' });
  });

  it('is the last of a hundred', async () => {
    const { world, ann, id } = await createAnn();
    for (let count = 0; count < MAX_KEYS_PER_USER; count += 1) {
      // Two keys of one millisecond may draw the same id.
      world.pass(1);
      await made(world, KEY, ann);
    }
    expect(await world.identity.createKey(KEY, ann)).toEqual({ kind: 'too_many' });
    const [first] = await world.ports.keys.list(id);
    expect(await world.identity.revokeKey(first?.id ?? '', undefined, ann)).toBe('done');
    world.pass(1);
    await made(world, KEY, ann);
  });
});

describe('a new key never does more than its maker', () => {
  it.each([
    ['a scope of an admin', { ...KEY, scopes: ['users:admin'] }, 'scope users:admin'],
    ['an admin key', { ...KEY, role: 'admin' }, 'role admin'],
    ['a key for machines', WORKER, 'role worker'],
    ['a pool', { ...KEY, pools: ['build'] }, 'pool build'],
    ['a key of another user', { ...KEY, owner: '1' }, 'scope users:admin'],
  ] as const)('a user: %s', async (_case, input, what) => {
    const { world, ann } = await createAnn();
    expect(await world.identity.createKey(input, ann)).toEqual({ kind: 'not_held', what });
  });

  it.each([
    ['all scopes', { ...KEY, role: 'admin', scopes: SCOPES }, 'scope jobs:read'],
    ['a key for machines', WORKER, 'scope workers:connect'],
    ['a key of another user', { ...KEY, owner: '1' }, 'scope users:admin'],
  ] as const)("an admin's narrow key: %s", async (_case, input, what) => {
    const { world, admin } = await createAnn();
    const narrow = await made(world, { ...KEY, role: 'admin', scopes: ['keys:write'] }, admin);
    const caller = await world.callerOf(narrow.text);
    expect(await world.identity.createKey(input, caller)).toEqual({ kind: 'not_held', what });
  });

  it("an admin's key: a pool that it does not name", async () => {
    const { world, admin } = await createAnn();
    const scopes = ['keys:write', 'workers:connect'] as const;
    const { text } = await made(world, { ...KEY, role: 'admin', scopes, pools: ['test'] }, admin);
    const caller = await world.callerOf(text);
    expect(await world.identity.createKey(WORKER, caller)).toEqual({ kind: 'not_held', what: 'pool build' });
    await made(world, { ...WORKER, pools: ['test'] }, caller);
  });

  it('gets by default what its maker holds', async () => {
    const { world, ann } = await createAnn();
    const narrow = await made(world, { ...KEY, scopes: ['jobs:read', 'keys:write'] }, ann);
    const { key } = await made(world, KEY, await world.callerOf(narrow.text));
    expect(key.scopes).toEqual(['jobs:read', 'keys:write']);
  });

  it('does not outlive a key that made it', async () => {
    const { world, ann } = await createAnn();
    const brief = await made(world, { ...KEY, expiresAt: NOW + 60_000 }, ann);
    const caller = await world.callerOf(brief.text);
    const refusal = { kind: 'outlives' };
    expect(await world.identity.createKey(KEY, caller)).toEqual(refusal);
    expect(await world.identity.createKey({ ...KEY, expiresAt: NOW + 60_001 }, caller)).toEqual(refusal);
    await made(world, { ...KEY, expiresAt: NOW + 60_000 }, caller);
  });

  it('is not made with a key that was revoked meanwhile', async () => {
    const { world, ann } = await createAnn();
    const maker = await made(world, KEY, ann);
    const caller = await world.callerOf(maker.text);
    await world.identity.revokeKey(maker.key.id, undefined, ann);
    expect(await world.identity.createKey(KEY, caller)).toEqual({ kind: 'outlives' });
  });
});

describe('a new key asked for twice with one Idempotency-Key', () => {
  it('was made before: its text is not shown again', async () => {
    const { world, ann, id } = await createAnn();
    expect(await world.identity.createKey(KEY, ann, { key: 'k' })).toMatchObject({ kind: 'created' });
    expect(await world.identity.createKey(KEY, ann, { key: 'k' })).toEqual({ kind: 'made_before' });
    expect(await world.identity.createKey({ ...KEY, name: 'x' }, ann, { key: 'k' })).toEqual({ kind: 'key_reused' });
    expect(await world.ports.keys.list(id)).toHaveLength(1);
  });

  it('is the same with a life that counts from each request', async () => {
    const { world, ann } = await createAnn();
    const hours = (count: number) => ({ ...KEY, expiresAt: world.ports.now() + count * 60 * 60_000 });
    await world.identity.createKey(hours(24), ann, { key: 'k' });
    world.pass(10 * 60_000);
    expect(await world.identity.createKey(hours(24), ann, { key: 'k' })).toEqual({ kind: 'made_before' });
    expect(await world.identity.createKey(hours(48), ann, { key: 'k' })).toEqual({ kind: 'key_reused' });
  });

  it('is made once by requests at the same moment', async () => {
    const { world, ann, id } = await createAnn();
    const results = await Promise.all(
      Array.from({ length: 5 }, () => world.another().createKey(KEY, ann, { key: 'k' })),
    );
    expect(results.map(({ kind }) => kind).sort()).toEqual(['created', ...Array<string>(4).fill('made_before')]);
    expect(await world.ports.keys.list(id)).toHaveLength(1);
  });

  it('does not come back when it was revoked meanwhile', async () => {
    const { world, ann, id } = await createAnn();
    const { key } = await made(world, KEY, ann, { key: 'k' });
    await world.identity.revokeKey(key.id, undefined, ann);
    expect(await world.identity.createKey(KEY, ann, { key: 'k' })).toEqual({ kind: 'made_before' });
    expect(await world.ports.keys.list(id)).toEqual([]);
  });
});

describe('keys are listed and revoked', () => {
  it('by their owner', async () => {
    const { world, ann } = await createAnn();
    const { key, text } = await made(world, KEY, ann);
    expect(await world.identity.listKeys(undefined, ann)).toEqual([key]);
    expect(await world.identity.revokeKey(key.id, undefined, ann)).toBe('done');
    expect(await world.authentication.authenticate(text)).toEqual({ kind: 'refused', reason: 'invalid' });
    expect((await world.audit()).at(-1)).toMatchObject({ action: 'key.revoked', entity: `key:${key.id}` });
    expect(await world.identity.revokeKey(key.id, undefined, ann)).toBe('not_found');
    expect(await world.identity.listKeys(undefined, ann)).toEqual([]);
  });

  it("by whoever may manage users, and nobody else's by anybody", async () => {
    const { world, admin, ann, id } = await createAnn();
    const bob = await world.newUser({ username: 'bob' });
    const { key } = await made(world, { ...KEY, owner: bob.id }, admin);
    expect(await world.identity.listKeys(bob.id, ann)).toBe('forbidden');
    expect(await world.identity.revokeKey(key.id, bob.id, ann)).toBe('forbidden');
    expect(await world.identity.rollKey(key.id, bob.id, 0, ann)).toEqual({ kind: 'forbidden' });
    // Under the caller's own name there is no such key.
    expect(await world.identity.revokeKey(key.id, id, ann)).toBe('not_found');
    expect(await world.identity.rollKey(key.id, undefined, 0, ann)).toEqual({ kind: 'not_found' });
    expect(await world.identity.listKeys(bob.id, admin)).toEqual([key]);
    expect(await world.identity.revokeKey(key.id, bob.id, admin)).toBe('done');
  });

  it('by nobody who has none', async () => {
    const { world, ann } = await createAnn();
    const { user: _, ...nobody } = ann.principal;
    expect(await world.identity.listKeys(undefined, callerAs(nobody))).toEqual([]);
    expect(await world.identity.revokeKey('1', undefined, callerAs(nobody))).toBe('not_found');
    expect(await world.identity.rollKey('1', undefined, 0, callerAs(nobody))).toEqual({ kind: 'not_found' });
  });
});

describe('a rolled key', () => {
  it('opens with both texts during the overlap, with the new one after it', async () => {
    const { world, ann } = await createAnn();
    const { key, text } = await made(world, KEY, ann);
    const rolled = await world.identity.rollKey(key.id, undefined, 60_000, ann);
    const next = rolled.kind === 'rolled' ? rolled.text : '';
    expect(next).not.toBe(text);

    for (const each of [text, next]) {
      expect((await world.callerOf(each)).principal.id).toBe(`key:${key.id}`);
    }
    world.pass(60_000);
    expect(await world.authentication.authenticate(text)).toEqual({ kind: 'refused', reason: 'invalid' });
    await world.callerOf(next);
    expect((await world.audit()).at(-1)).toMatchObject({ action: 'key.rolled', entity: `key:${key.id}` });
  });

  it('without an overlap opens with the new text at once', async () => {
    const { world, ann } = await createAnn();
    const { key, text } = await made(world, KEY, ann);
    expect(await world.identity.rollKey(key.id, undefined, 0, ann)).toMatchObject({ kind: 'rolled' });
    expect(await world.authentication.authenticate(text)).toEqual({ kind: 'refused', reason: 'invalid' });
  });

  it('is not rolled by whoever could not make it', async () => {
    const { world, admin, ann, id } = await createAnn();
    const full = await made(world, KEY, ann);
    const narrow = await made(world, { ...KEY, scopes: ['keys:write'] }, ann);
    const worker = await made(world, { ...WORKER, owner: id }, admin);
    const brief = await made(world, { ...KEY, expiresAt: NOW + 60_000 }, ann);
    const not = { kind: 'not_held' };
    expect(await world.identity.rollKey(full.key.id, undefined, 0, await world.callerOf(narrow.text))).toEqual(not);
    expect(await world.identity.rollKey(worker.key.id, undefined, 0, ann)).toEqual(not);
    expect(await world.identity.rollKey(full.key.id, undefined, 0, await world.callerOf(brief.text))).toEqual({
      kind: 'outlives',
    });
    expect(await world.identity.rollKey(worker.key.id, id, 0, admin)).toMatchObject({ kind: 'rolled' });
    await world.callerOf(full.text);
  });

  it('is rolled from the fresh row, or is gone, when somebody else was faster', async () => {
    const { world, ann } = await createAnn();
    const { key } = await made(world, KEY, ann);
    const rivalled = (rival: () => Promise<unknown>) => {
      let waiting = true;
      return world.another({
        keys: {
          ...world.ports.keys,
          replace: async (...given) => {
            if (waiting) {
              waiting = false;
              await rival();
            }
            return world.ports.keys.replace(...given);
          },
        },
      });
    };
    const overtaken = rivalled(() => world.identity.rollKey(key.id, undefined, 0, ann));
    expect(await overtaken.rollKey(key.id, undefined, 0, ann)).toMatchObject({ kind: 'rolled', key: { version: 3 } });
    const late = rivalled(() => world.identity.revokeKey(key.id, undefined, ann));
    expect(await late.rollKey(key.id, undefined, 0, ann)).toEqual({ kind: 'not_found' });
  });
});
