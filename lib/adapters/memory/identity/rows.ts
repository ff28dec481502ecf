import type { ApiKey } from '../../../domain/identity/api-key.ts';
import type { AuditDraft, AuditEntry } from '../../../domain/identity/audit.ts';
import type { Login } from '../../../domain/identity/login.ts';
import type { User } from '../../../domain/identity/user.ts';
import { entryAfter } from '../../audit-chain.ts';

/** What the stores of identity share: a change and its entry are made in one go, as a transaction makes them. */
export type IdentityRows = {
  readonly users: Map<string, User>;
  /** Who holds a unique key. */
  readonly holders: Map<string, string>;
  readonly logins: Map<string, Login>;
  readonly keys: Map<string, ApiKey>;
  /** Oldest first. */
  readonly audit: AuditEntry[];
  readonly record: (draft: AuditDraft) => void;
};

export const loginRow = ({ user, id }: Pick<Login, 'user' | 'id'>): string => JSON.stringify([user, id]);
export const keyRow = ({ owner, id }: Pick<ApiKey, 'owner' | 'id'>): string => JSON.stringify([owner, id]);

export const createIdentityRows = (): IdentityRows => {
  const audit: AuditEntry[] = [];
  return {
    users: new Map(),
    holders: new Map(),
    logins: new Map(),
    keys: new Map(),
    audit,
    record: (draft) => {
      audit.push(entryAfter(audit.at(-1), draft));
    },
  };
};
