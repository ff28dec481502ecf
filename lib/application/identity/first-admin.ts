import { checkUsername, isEmail, normalizeEmail, normalizeUsername } from '../../domain/identity/names.ts';
import { checkPassword, normalizePassword } from '../../domain/identity/password.ts';
import { createUser } from '../../domain/identity/user.ts';
import { makeRunId } from '../../domain/ids.ts';
import type { IdentityPorts } from '../ports/identity.ts';
import type { Origin } from './api.ts';
import { draftBy } from './audit-draft.ts';

export type EnsureFirstAdmin = (from: Origin) => Promise<void>;

const faultOf = (given: { readonly username: string; readonly password: string; readonly email: string }) => {
  const username = checkUsername(given.username);
  const password = checkPassword(given.password);
  if (username !== undefined) {
    return `its username is not allowed (${username})`;
  }
  if (password !== undefined) {
    return `its password is not allowed (${password})`;
  }
  return isEmail(given.email) ? undefined : 'its e-mail address is none';
};

/**
 * Makes the stage's first admin, once ever, when somebody first logs in. Where that cannot be, the log says why and logins go
 * on: a stage may have its admins from another issuer.
 */
export const createEnsureFirstAdmin = (
  ports: Pick<IdentityPorts, 'users' | 'passwords' | 'firstAdmin' | 'log' | 'now' | 'chance'>,
): EnsureFirstAdmin => {
  const { users, passwords, firstAdmin, log, now, chance } = ports;
  let settled: Promise<void> | undefined;

  const settle = async (from: Origin): Promise<void> => {
    if (await users.hasFirstAdmin()) {
      return;
    }
    const given = await firstAdmin();
    if (given === undefined) {
      return;
    }
    const fault = faultOf(given);
    if (fault !== undefined) {
      log.error(`The first admin was not made: ${fault}. Change the credentials that the stage is given`);
      return;
    }
    const passwordHash = await passwords.hash(normalizePassword(given.password));
    const at = now();
    const id = makeRunId(at, chance());
    const username = normalizeUsername(given.username);
    const email = normalizeEmail(given.email);
    const admin = createUser({ id, username, email, passwordHash, role: 'admin' }, at);
    const detail = 'the first admin, as the stage is configured';
    const draft = draftBy('anonymous', from, { at, action: 'user.created', entity: `user:${id}`, detail });
    const created = await users.create(admin, draft, 'first_admin');
    if (created.kind === 'taken') {
      log.error(`The first admin was not made: its ${created.what} is another user's. Configure another one`);
    }
  };

  return async (from) => {
    settled ??= settle(from);
    try {
      await settled;
    } catch (error) {
      settled = undefined;
      throw error;
    }
  };
};
