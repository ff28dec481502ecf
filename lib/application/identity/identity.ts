/** The whole wiring of identity's use cases: ports in, identity out. */
import type { IdentityPorts } from '../ports/identity.ts';
import type { Identity } from './api.ts';
import { createCreateKey, createListKeys, createRevokeKey, createRollKey } from './api-keys.ts';
import { createListAudit } from './audit-log.ts';
import { createEnsureFirstAdmin } from './first-admin.ts';
import { createIssueTokens } from './issue-tokens.ts';
import { createLogIn } from './log-in.ts';
import { createOnceAMinute } from './once-a-minute.ts';
import { createChangePassword } from './password.ts';
import { createLogout, createRefresh } from './refresh.ts';
import { createReserve } from './reservations.ts';
import { createSlots } from './slots.ts';
import { createCountTry } from './tries.ts';
import { createCreateUser, createDeleteUser, createGetUser, createUpdateUser } from './users.ts';

export const createIdentity = (ports: IdentityPorts): Identity => {
  const slots = createSlots();
  const countTry = createCountTry(ports);
  const reserve = createReserve(ports);
  const issueTokens = createIssueTokens(ports);
  const ensureFirstAdmin = createEnsureFirstAdmin(ports);
  const onceAMinute = createOnceAMinute(ports.now);

  return {
    login: createLogIn(ports, { slots, countTry, onceAMinute, ensureFirstAdmin, issueTokens }),
    refresh: createRefresh(ports, { issueTokens, onceAMinute }),
    logout: createLogout(ports),
    getUser: createGetUser(ports),
    listUsers: ports.users.list,
    createUser: createCreateUser(ports, { slots, reserve }),
    updateUser: createUpdateUser(ports),
    deleteUser: createDeleteUser(ports),
    changePassword: createChangePassword(ports, { slots, countTry, onceAMinute }),
    createKey: createCreateKey(ports, reserve),
    listKeys: createListKeys(ports),
    revokeKey: createRevokeKey(ports),
    rollKey: createRollKey(ports),
    listAudit: createListAudit(ports),
    publicKeys: ports.signing.publicKeys,
  };
};
