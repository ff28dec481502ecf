import type { IdentityStores } from '../../lib/application/ports/identity.ts';
import type { AuditEntry } from '../../lib/domain/identity/audit.ts';
import type { User } from '../../lib/domain/identity/user.ts';
import { aDraft, aUser } from '../support/identity-rows.ts';

/** How a suite gets the stores under test. */
export type OpenIdentity = {
  /** Those that the tests of a file share. */
  readonly stores: () => IdentityStores;
  /** Some that nobody has written to. */
  readonly empty: () => Promise<IdentityStores>;
};

/** All entries, newest first. */
export async function* auditLog({ audit }: Pick<IdentityStores, 'audit'>): AsyncGenerator<AuditEntry> {
  for (let before: number | undefined; ; ) {
    const page = await audit.newest({ limit: 1_000, ...(before !== undefined && { before }) });
    yield* page;
    before = page.at(-1)?.seq;
    if (before === undefined) {
      return;
    }
  }
}

/** How often the log tells of `entity`. */
export const entriesAbout = async (stores: Pick<IdentityStores, 'audit'>, entity: string): Promise<number> => {
  let count = 0;
  for await (const entry of auditLog(stores)) {
    count += entry.entity === entity ? 1 : 0;
  }
  return count;
};

export const storedUser = async (
  { users }: Pick<IdentityStores, 'users'>,
  fields: Partial<User> = {},
): Promise<User> => {
  const user = aUser(fields);
  await users.create(user, aDraft());
  return user;
};

/** So many times at once. */
export const atOnce = <T>(times: number, act: (index: number) => Promise<T>): Promise<readonly T[]> =>
  Promise.all(Array.from({ length: times }, (_, index) => act(index)));
