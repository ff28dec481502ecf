import { ROLE_SCOPES } from '../../domain/identity/access.ts';
import { mayMakeUsers } from '../../domain/identity/grants.ts';
import { normalizeEmail, normalizeUsername } from '../../domain/identity/names.ts';
import { normalizePassword } from '../../domain/identity/password.ts';
import {
  changeUser,
  createUser,
  deleteUser,
  isActive,
  type User,
  type UserChange,
} from '../../domain/identity/user.ts';
import { makeRunId } from '../../domain/ids.ts';
import type { IdentityPorts } from '../ports/identity.ts';
import type { Caller, Identity } from './api.ts';
import { draftOf } from './audit-draft.ts';
import { racing } from './racing.ts';
import type { Reserve } from './reservations.ts';
import type { Slots } from './slots.ts';

/** A deleted user is none to anybody but the audit log. */
export const createGetUser =
  ({ users }: Pick<IdentityPorts, 'users'>): Identity['getUser'] =>
  async (id) => {
    const user = await users.get(id);
    return user?.status === 'deleted' ? undefined : user;
  };

export const createCreateUser = (
  ports: IdentityPorts,
  { slots, reserve }: { readonly slots: Slots; readonly reserve: Reserve },
): Identity['createUser'] => {
  const { users, passwords, now, chance } = ports;
  return async (input, caller, idempotency) => {
    const { role } = input;
    if (!mayMakeUsers(caller.principal, role)) {
      return { kind: 'not_held' };
    }
    const username = normalizeUsername(input.username);
    const email = normalizeEmail(input.email);
    const request = ['createUser', username, email, role];
    const reserved = await reserve({ idempotency, caller, request }, makeRunId(now(), chance()));
    if (reserved.kind === 'key_reused') {
      return reserved;
    }
    const { id } = reserved;
    const made = reserved.kind === 'held' ? await users.get(id) : undefined;
    if (made !== undefined) {
      return made.status === 'deleted' ? { kind: 'key_reused' } : { kind: 'created', user: made };
    }
    const passwordHash = await slots(() => passwords.hash(normalizePassword(input.password)));
    if (passwordHash === 'busy') {
      return { kind: 'busy' };
    }
    const at = now();
    const user = createUser({ id, username, email, passwordHash, role }, at);
    const what = { at, action: 'user.created', entity: `user:${id}`, detail: `role ${role}` } as const;
    const created = await users.create(user, draftOf(caller, what));
    if (created.kind === 'created') {
      return { kind: 'created', user };
    }
    // The same request, in parallel: who of the two was faster took the name for this very user.
    const twin = idempotency === undefined ? undefined : await users.get(id);
    if (twin !== undefined) {
      return { kind: 'created', user: twin };
    }
    return { kind: created.kind === 'taken' && created.what === 'email' ? 'email_taken' : 'username_taken' };
  };
};

/** Which fields change; values only of those that say what a user may do. Names and addresses do not go into a log for ever. */
const changesOf = (before: User, after: User): string =>
  [
    before.username === after.username ? [] : 'username',
    before.email === after.email ? [] : 'email',
    before.role === after.role ? [] : `role ${before.role} → ${after.role}`,
    before.status === after.status ? [] : `status ${before.status} → ${after.status}`,
  ]
    .flat()
    .join(', ');

const normalized = ({ username, email, ...rest }: UserChange): UserChange => ({
  ...rest,
  ...(username === undefined ? {} : { username: normalizeUsername(username) }),
  ...(email === undefined ? {} : { email: normalizeEmail(email) }),
});

/** Whoever tries to leave a stage without an admin is either mistaken or up to something. */
const recordLastAdmin = (audit: IdentityPorts['audit'], id: string, caller: Caller, at: number): Promise<void> => {
  const what = { at, action: 'access.refused', entity: `user:${id}`, detail: 'the last active admin stays' } as const;
  return audit.append(draftOf(caller, what));
};

/** Whether a user may do more after a change than before it. */
const gains = (before: User, after: User): boolean => {
  const held = isActive(before) ? ROLE_SCOPES[before.role] : [];
  return isActive(after) && ROLE_SCOPES[after.role].some((scope) => !held.includes(scope));
};

export const createUpdateUser =
  ({ users, audit, now }: Pick<IdentityPorts, 'users' | 'audit' | 'now'>): Identity['updateUser'] =>
  (id, change, caller) =>
    racing(`User ${id}`, async () => {
      const before = await users.get(id);
      if (before === undefined || before.status === 'deleted') {
        return 'not_found';
      }
      const at = now();
      const after = changeUser(before, normalized(change), at);
      if (after === 'unchanged') {
        return 'done';
      }
      if (gains(before, after) && !mayMakeUsers(caller.principal, after.role)) {
        return 'not_held';
      }
      const what = { at, action: 'user.updated', entity: `user:${id}`, detail: changesOf(before, after) } as const;
      const replaced = await users.replace(before, after, draftOf(caller, what));
      if (replaced === 'last_admin') {
        await recordLastAdmin(audit, id, caller, at);
      }
      return replaced;
    });

export const createDeleteUser =
  ({ users, audit, now }: Pick<IdentityPorts, 'users' | 'audit' | 'now'>): Identity['deleteUser'] =>
  (id, caller) =>
    racing(`User ${id}`, async () => {
      const before = await users.get(id);
      if (before === undefined || before.status === 'deleted') {
        return 'not_found';
      }
      const at = now();
      const draft = draftOf(caller, { at, action: 'user.deleted', entity: `user:${id}` });
      const replaced = await users.replace(before, deleteUser(before, at), draft);
      if (replaced === 'last_admin') {
        await recordLastAdmin(audit, id, caller, at);
      }
      if (replaced === 'username_taken' || replaced === 'email_taken') {
        throw new Error(`Deleting user ${id} takes no name, but one was refused to it`);
      }
      return replaced;
    });
