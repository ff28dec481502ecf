/** API keys as admins make them for workers, roll and revoke them: the rows are real. */

import type { MadeKey } from '../../lib/application/identity/api.ts';
import { hashKey } from '../../lib/application/identity/hash-key.ts';
import type { IdentityStores } from '../../lib/application/ports/identity.ts';
import type { KeyRole, Scope } from '../../lib/domain/identity/access.ts';
import { type ApiKey, keyText, rollKey } from '../../lib/domain/identity/api-key.ts';
import type { AuditAction, AuditDraft } from '../../lib/domain/identity/audit.ts';
import { createUser, type User } from '../../lib/domain/identity/user.ts';

type Wanted = {
  readonly pools: readonly string[];
  readonly role?: KeyRole;
  readonly scopes?: readonly Scope[];
  readonly expiresAt?: number;
};

/** A key that acts for a user of its own, who has the same id. @param mark tells its text from that of others */
export const newWorkerKey = (
  id: string,
  name: string,
  { pools, role = 'worker', scopes = ['workers:connect'], expiresAt }: Wanted,
  { now, mark }: { readonly now: number; readonly mark: string },
): MadeKey & { readonly owner: User } => {
  const text = keyText({ owner: id, id }, mark.padStart(43, 'x'));
  const fields = { id, username: `owner-${id}`, email: `owner-${id}@example.com`, passwordHash: '' };
  return {
    text,
    key: {
      ...{ id, owner: id, name, role, scopes, pools, hash: hashKey(text), version: 1, createdAt: now },
      ...(expiresAt === undefined ? {} : { expiresAt }),
    },
    owner: createUser({ ...fields, role: role === 'admin' ? 'admin' : 'user' }, now),
  };
};

export const keyDraft = (action: AuditAction, { id }: Pick<ApiKey, 'id'>, at: number): AuditDraft => ({
  ...{ at, actor: 'user:1', action, entity: `key:${id}`, address: '127.0.0.1', requestId: 'request' },
});

/** In the memory stores of identity, each call of which is one step: the rows are there when it returns. */
export type WorkerKeys = {
  /** A key with an owner of its own. */
  readonly make: (name: string, wanted: Wanted) => MadeKey;
  readonly revoke: (key: ApiKey) => Promise<void>;
  readonly roll: (key: ApiKey, overlapMs: number) => Promise<MadeKey>;
  /** Changes the user whom a key acts for. */
  readonly changeOwner: (key: ApiKey, change: Partial<Pick<User, 'status' | 'role'>>) => Promise<void>;
};

export const createWorkerKeys = (
  { users, keys }: Pick<IdentityStores, 'users' | 'keys'>,
  now: () => number,
): WorkerKeys => {
  let made = 0;
  const nextMark = (): string => {
    made += 1;
    return String(made);
  };

  return {
    make: (name, wanted) => {
      const mark = nextMark();
      const { owner, key, text } = newWorkerKey(String(1_000 + made), name, wanted, { now: now(), mark });
      void users.create(owner, keyDraft('user.created', owner, now()));
      void keys.create(key, keyDraft('key.created', key, now()));
      return { key, text };
    },
    revoke: async (key) => {
      await keys.revoke(key, keyDraft('key.revoked', key, now()));
    },
    roll: async (key, overlapMs) => {
      const text = keyText(key, nextMark().padStart(43, 'x'));
      const rolled = rollKey(key, hashKey(text), overlapMs, now());
      await keys.replace(key, rolled, keyDraft('key.rolled', key, now()));
      return { key: rolled, text };
    },
    changeOwner: async ({ owner }, change) => {
      const user = await users.get(owner);
      if (user !== undefined) {
        const after = { ...user, ...change, version: user.version + 1, updatedAt: now() };
        await users.replace(user, after, keyDraft('user.updated', user, now()));
      }
    },
  };
};
