import { ANONYMOUS, ROLE_SCOPES } from '../../domain/identity/access.ts';
import { addressKey } from '../../domain/identity/address.ts';
import { effectiveRole, effectiveScopes, isExpired, parseKeyText, takenHashes } from '../../domain/identity/api-key.ts';
import { loginState } from '../../domain/identity/login.ts';
import { isActive } from '../../domain/identity/user.ts';
import type { AuthenticationPorts, TokenClaims } from '../ports/identity.ts';
import type { Authentication } from './api.ts';
import { draftBy } from './audit-draft.ts';
import { isHashOf } from './hash-key.ts';
import { createOnceAMinute } from './once-a-minute.ts';

type Outcome = Awaited<ReturnType<Authentication['authenticate']>>;

const refused = (reason: 'expired' | 'revoked' | 'invalid'): Outcome => ({ kind: 'refused', reason });

/** Who is it? What a credential may do comes from the rows as they are now, never from the credential. */
export const createAuthentication = (ports: AuthenticationPorts): Authentication => {
  const { credentials, audit, verify, log, now } = ports;
  /** Apart, so that nobody without a credential can keep those who have one from being recorded. */
  const [ofKnown, ofUnknown] = [createOnceAMinute(now), createOnceAMinute(now)];

  const byKey = async (text: string, address: { readonly owner: string; readonly id: string }): Promise<Outcome> => {
    const { owner, key } = await credentials.key(address.owner, address.id);
    const at = now();
    // Only whoever knows the text is told more than that it is wrong.
    if (key === undefined || !takenHashes(key, at).some((hash) => isHashOf(hash, text))) {
      return refused('invalid');
    }
    if (owner === undefined || !isActive(owner)) {
      return refused('revoked');
    }
    if (isExpired(key, at)) {
      return refused('expired');
    }
    return {
      kind: 'principal',
      principal: {
        kind: 'key',
        id: `key:${key.id}`,
        user: owner.id,
        credential: key.id,
        name: key.name,
        role: effectiveRole(key, owner),
        scopes: effectiveScopes(key, owner),
        pools: key.pools,
      },
    };
  };

  const byLogin = async (claims: TokenClaims): Promise<Outcome> => {
    const { user, login } = await credentials.login(claims.user, claims.login);
    const state = loginState(login, user, now());
    if (user === undefined || state !== 'valid') {
      return refused(state === 'expired' ? 'expired' : 'revoked');
    }
    return {
      kind: 'principal',
      principal: {
        kind: 'login',
        id: `user:${user.id}`,
        user: user.id,
        credential: claims.login,
        name: user.username,
        role: user.role,
        scopes: ROLE_SCOPES[user.role],
        pools: [],
      },
    };
  };

  return {
    authenticate: async (credential) => {
      const address = parseKeyText(credential);
      if (address !== undefined) {
        return byKey(credential, address);
      }
      const verified = await verify(credential, 'access');
      switch (verified.kind) {
        case 'own':
          return byLogin(verified.claims);
        case 'external': {
          const { issuer, subject, role } = verified;
          const id = `external:${issuer}#${subject}`;
          const scopes = ROLE_SCOPES[role];
          return { kind: 'principal', principal: { kind: 'external', id, name: subject, role, scopes, pools: [] } };
        }
        case 'invalid':
          return refused(verified.reason === 'expired' ? 'expired' : 'invalid');
      }
    },

    recordRefusal: async ({ action, actor, entity, reason, from }) => {
      const onceAMinute = actor === ANONYMOUS.id ? ofUnknown : ofKnown;
      const what = [action, actor, entity, addressKey(from.address), reason].join(' ');
      if (!onceAMinute.isFirst(what)) {
        return;
      }
      try {
        await audit.append(draftBy(actor, from, { at: now(), action, entity, detail: reason }));
      } catch (error) {
        // They are turned away all the same: a log that cannot be written must not turn a refusal into a fault.
        onceAMinute.forget(what);
        log.error('A refusal was not recorded in the audit log', { action, entity, reason, error });
      }
    },
  };
};
