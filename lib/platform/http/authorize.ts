/** Whether a principal may do what an operation does: one row of the access table, applied. */
import type { Access } from '../../contracts/authorization.ts';
import type { Standing } from '../../contracts/http/errors.ts';
import { ANY_POOL, type Principal, type Scope } from '../../domain/identity/access.ts';

/** What is missing: a scope, or being somebody. */
export type Missing =
  | { readonly kind: 'scope'; readonly scope: Scope }
  | { readonly kind: 'standing'; readonly standing: Standing };

/** A worker's key stands for a machine: it has an owner, and is not that person. */
const isUser = ({ user, role }: Principal): boolean => user !== undefined && role !== 'worker';

const isSubject = (principal: Principal, subject: string | undefined): boolean =>
  isUser(principal) && principal.user === subject;

const hasStanding = (standing: Standing, principal: Principal, subject: string | undefined): boolean => {
  switch (standing) {
    case 'self':
      return principal.kind === 'login' && isSubject(principal, subject);
    case 'user':
      return isUser(principal);
    case 'login':
      return principal.kind === 'login';
  }
};

/** @param subject the user that the path names, as it was sent */
export const missingFor = (
  access: Exclude<Access, { kind: 'public' }>,
  principal: Principal,
  subject: string | undefined,
): Missing | undefined => {
  if (access.kind === 'scope' || access.kind === 'scope_or_self') {
    const isSelf = access.kind === 'scope_or_self' && isSubject(principal, subject);
    return isSelf || principal.scopes.includes(access.scope) ? undefined : { kind: 'scope', scope: access.scope };
  }
  return hasStanding(access.kind, principal, subject) ? undefined : { kind: 'standing', standing: access.kind };
};

/** Pools of whose workers a caller may say that they live: its own; those who manage workers may say it of any. */
export const spokenPools = ({ pools, scopes }: Principal): readonly string[] =>
  scopes.includes('workers:write') ? [ANY_POOL] : pools;
