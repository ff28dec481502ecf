import { describe, expect, it } from 'vitest';
import type { Access } from '../../../lib/contracts/authorization.ts';
import { ANONYMOUS, SCOPES } from '../../../lib/domain/identity/access.ts';
import { missingFor } from '../../../lib/platform/http/authorize.ts';
import { type Credential, PRINCIPALS } from '../../support/test-admission.ts';

type Asked = Exclude<Access, { kind: 'public' }>;
const CREDENTIALS = Object.keys(PRINCIPALS) as Credential[];
/** Whom an operation on the user `2` lets in: the user, and the keys that act for it. */
const allowed = (access: Asked): Credential[] =>
  CREDENTIALS.filter((credential) => missingFor(access, PRINCIPALS[credential], '2') === undefined);

describe('missingFor', () => {
  it.each(SCOPES)('%s is for those who hold it, and is named to the others', (scope) => {
    for (const credential of CREDENTIALS) {
      const principal = PRINCIPALS[credential];
      const holds = (principal.scopes as readonly string[]).includes(scope);
      expect(missingFor({ kind: 'scope', scope }, principal, undefined), credential).toEqual(
        holds ? undefined : { kind: 'scope', scope },
      );
    }
  });

  it('lets in by scope or by being that user; a machine is not its owner', () => {
    expect(allowed({ kind: 'scope_or_self', scope: 'users:admin' })).toEqual([
      'admin-token',
      'user-token',
      'admin-key',
      'reader-key',
    ]);
  });

  it('takes the login of that very user where nothing stands in for it', () => {
    expect(allowed({ kind: 'self' })).toEqual(['user-token']);
  });

  it('takes whoever acts for a user', () => {
    expect(allowed({ kind: 'user' })).toEqual(['admin-token', 'user-token', 'admin-key', 'reader-key']);
  });

  it('takes logins where only a login can be meant', () => {
    expect(allowed({ kind: 'login' })).toEqual(['admin-token', 'user-token']);
  });

  it('does not take one way of writing an id for another, nor no id for no user', () => {
    for (const subject of ['02', ' 2', '2 ', '2.0', '', undefined]) {
      expect(missingFor({ kind: 'self' }, PRINCIPALS['user-token'], subject)).toEqual({
        kind: 'standing',
        standing: 'self',
      });
    }
    for (const kind of ['self', 'user'] as const) {
      expect(missingFor({ kind }, { ...ANONYMOUS, kind: 'login' }, undefined)).toEqual({
        kind: 'standing',
        standing: kind,
      });
    }
  });
});
