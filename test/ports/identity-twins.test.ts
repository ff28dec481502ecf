/** Any sequence of changes has the same answers and leaves the same rows and the same audit log, in memory and in DynamoDB. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMemoryIdentityStores } from '../../lib/adapters/memory/identity/stores.ts';
import type { IdentityStores } from '../../lib/application/ports/identity.ts';
import type { User } from '../../lib/domain/identity/user.ts';
import { openDefinitionsTable, openTestTable } from '../support/dynamodb-table.ts';
import { aDraft, aKey, aLogin, aUser, changedUser } from '../support/identity-rows.ts';
import { openIdentityStores } from '../support/identity-stores.ts';
import { NOW } from '../support/rows.ts';

/** One change, with everything in it that both stores must be given alike. */
type Step = { readonly what: string; readonly act: (stores: IdentityStores) => Promise<unknown> };

/** Few, so that they meet: names in two spellings, ids of which some were never made. */
const username = fc.constantFrom('ann', 'ANN', 'bob');
const email = fc.constantFrom('a@example.com', 'A@EXAMPLE.COM', 'b@example.com');
const role = fc.constantFrom('user' as const, 'admin' as const);
const status = fc.constantFrom('active' as const, 'disabled' as const, 'deleted' as const);
const user = fc.constantFrom('1', '2', '3');
const version = fc.integer({ min: 1, max: 3 });
const generation = fc.integer({ min: 1, max: 3 });

const known = async ({ users }: IdentityStores, id: string): Promise<User> => (await users.get(id)) ?? aUser({ id });

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ id: user, username, email, role, once: fc.boolean() }).map(({ once, ...fields }) => {
    const [row, draft] = [aUser(fields), aDraft()];
    return {
      what: `create ${JSON.stringify(fields)}`,
      // An id is drawn once: a second time, both only have to fail.
      act: async (stores: IdentityStores) =>
        (await stores.users.get(row.id)) === undefined
          ? stores.users.create(row, draft, once ? 'first_admin' : undefined)
          : undefined,
    };
  }),
  fc
    .record({ id: user, stale: fc.boolean(), to: fc.record({ username, email, role, status }, { requiredKeys: [] }) })
    .map(({ id, stale, to }) => {
      const draft = aDraft();
      return {
        what: `change ${id} ${JSON.stringify(to)}`,
        act: async (stores: IdentityStores) => {
          const before = await known(stores, id);
          // `deleted` is never left: no use case asks for it.
          const after = changedUser(before, before.status === 'deleted' ? {} : to);
          return stores.users.replace(stale ? { ...before, version: before.version - 1 } : before, after, draft);
        },
      };
    }),
  fc.record({ owner: user, id: fc.constantFrom('7', '8') }).map(({ owner, id }) => {
    const [key, draft] = [aKey(owner, { id }), aDraft()];
    return {
      what: `key ${owner} ${id}`,
      act: async (stores: IdentityStores) =>
        (await stores.keys.get(owner, id)) === undefined ? stores.keys.create(key, draft) : undefined,
    };
  }),
  fc.record({ owner: user, id: fc.constantFrom('7', '8'), version }).map((ref) => {
    const [key, draft] = [aKey(ref.owner, ref), aDraft()];
    return {
      what: `roll ${JSON.stringify(ref)}`,
      act: (stores: IdentityStores) => stores.keys.replace(key, { ...key, version: ref.version + 1 }, draft),
    };
  }),
  fc.record({ owner: user, id: fc.constantFrom('7', '8') }).map((ref) => {
    const draft = aDraft();
    return { what: `revoke ${JSON.stringify(ref)}`, act: (stores: IdentityStores) => stores.keys.revoke(ref, draft) };
  }),
  user.map((id) => {
    const [login, draft] = [aLogin(id, { id: 'login' }), aDraft()];
    return {
      what: `log in ${id}`,
      act: async (stores: IdentityStores) =>
        (await stores.credentials.login(id, 'login')).login ?? stores.logins.create(login, draft),
    };
  }),
  fc.record({ user, generation, late: fc.boolean() }).map(({ late, ...token }) => {
    const times = { now: late ? NOW + 9 : NOW, expiresAt: NOW + 9 };
    const draft = aDraft();
    return {
      what: `refresh ${JSON.stringify(token)}`,
      act: (stores: IdentityStores) => stores.logins.rotate({ ...token, id: 'login' }, times, draft),
    };
  }),
  user.map((id) => {
    const draft = aDraft();
    return {
      what: `log out ${id}`,
      act: (stores: IdentityStores) => stores.logins.end({ user: id, id: 'login' }, draft),
    };
  }),
);

/** Everything that can be read. */
const contentsOf = async (stores: IdentityStores): Promise<unknown> => ({
  audit: await stores.audit.newest({ limit: 100 }),
  list: await stores.users.list({ offset: 0, limit: 10 }),
  firstAdmin: await stores.users.hasFirstAdmin(),
  rows: await Promise.all(['1', '2', '3'].map((id) => stores.credentials.login(id, 'login'))),
  keys: await Promise.all(['1', '2', '3'].map((id) => stores.keys.list(id))),
});

it('is the same in memory and in DynamoDB', async () => {
  const executions = await openTestTable();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      const [memory, dynamodb] = [
        createMemoryIdentityStores(),
        openIdentityStores(await openDefinitionsTable(), executions),
      ];
      for (const { what, act } of steps) {
        expect(await act(dynamodb), what).toEqual(await act(memory));
      }
      expect(await contentsOf(dynamodb)).toEqual(await contentsOf(memory));
    }),
    { numRuns: 10 },
  );
});
