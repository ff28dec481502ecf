/** Rows of identity, with everything that a test does not care about filled in. */
import type { ApiKey } from '../../lib/domain/identity/api-key.ts';
import type { AuditDraft } from '../../lib/domain/identity/audit.ts';
import type { Login } from '../../lib/domain/identity/login.ts';
import type { User } from '../../lib/domain/identity/user.ts';
import { NOW } from './rows.ts';

const BASE = 1_000_000;
let count = 0;
/** A number that no row of this process has, larger than all before it. */
export const freshNumber = (): number => {
  count += 1;
  return BASE + count;
};

export const aUser = (fields: Partial<User> = {}): User => {
  const number = freshNumber();
  return {
    id: String(number),
    username: `name-${number}`,
    email: `mail-${number}@example.com`,
    passwordHash: '$2b$12$hash',
    role: 'user',
    status: 'active',
    loginEpoch: 1,
    keys: 0,
    version: 1,
    createdAt: NOW,
    updatedAt: NOW,
    ...fields,
  };
};

/** The next version of a user, as a use case makes it. */
export const changedUser = (user: User, fields: Partial<User>): User => ({
  ...user,
  ...fields,
  version: user.version + 1,
  updatedAt: NOW + 1,
});

export const aLogin = (user: string, fields: Partial<Login> = {}): Login => ({
  id: `login-${freshNumber()}`,
  user,
  epoch: 1,
  generation: 1,
  expiresAt: NOW + 7 * 86_400_000,
  createdAt: NOW,
  ...fields,
});

export const aKey = (owner: string, fields: Partial<ApiKey> = {}): ApiKey => ({
  id: String(freshNumber()),
  owner,
  name: 'ci',
  role: 'user',
  scopes: ['jobs:read', 'jobs:write'],
  pools: [],
  hash: 'hash',
  version: 1,
  createdAt: NOW,
  ...fields,
});

/** An entry about something that no other entry is about, unless `fields` say what. */
export const aDraft = (fields: Partial<AuditDraft> = {}): AuditDraft => ({
  at: NOW,
  actor: 'user:1',
  action: 'user.updated',
  entity: `user:${freshNumber()}`,
  address: '192.0.2.1',
  requestId: 'request-1',
  ...fields,
});
