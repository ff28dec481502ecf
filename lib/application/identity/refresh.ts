import { addressKey } from '../../domain/identity/address.ts';
import { loginState, REFRESH_TOKEN_MS } from '../../domain/identity/login.ts';
import type { IdentityPorts } from '../ports/identity.ts';
import type { Identity, Origin } from './api.ts';
import { draftBy, draftOf } from './audit-draft.ts';
import type { IssueTokens } from './issue-tokens.ts';
import type { OnceAMinute } from './once-a-minute.ts';
import { RECORDED_TOKENS } from './throttle.ts';

/** Trades a refresh token for the next one. One that was traded before has been copied: its whole login ends. */
export const createRefresh = (
  ports: IdentityPorts,
  { issueTokens, onceAMinute }: { readonly issueTokens: IssueTokens; readonly onceAMinute: OnceAMinute },
): Identity['refresh'] => {
  const { credentials, logins, audit, verify, throttle, now } = ports;
  const refuse = async (actor: string, reason: string, from: Origin): Promise<{ readonly kind: 'refused' }> => {
    if (onceAMinute.isFirst(`refresh ${addressKey(from.address)} ${reason}`)) {
      const what = { at: now(), action: 'access.refused', entity: 'operation:refreshTokens', detail: reason } as const;
      await audit.append(draftBy(actor, from, what));
    }
    return { kind: 'refused' };
  };

  return async (text, from) => {
    const verified = await verify(text, 'refresh');
    if (verified.kind !== 'own' || verified.claims.generation === undefined) {
      return refuse('anonymous', verified.kind === 'invalid' ? verified.reason : 'not_ours', from);
    }
    const { user: id, login, generation } = verified.claims;
    const turn = await throttle(`user:${id}`, RECORDED_TOKENS);
    if (turn.kind === 'refused') {
      return { kind: 'limited', retryAt: turn.retryAt };
    }
    const at = now();
    const draft = (action: 'login.refreshed' | 'login.refresh_reused') =>
      draftBy(`user:${id}`, from, { at, action, entity: `user:${id}` });
    const endReused = async (): Promise<{ readonly kind: 'refused' }> => {
      await logins.end({ user: id, id: login }, draft('login.refresh_reused'));
      return { kind: 'refused' };
    };

    // Looked at before anything is signed: a token that has ended must not cost KMS's quota each time that it is shown.
    const { user, login: row } = await credentials.login(id, login);
    if (row === undefined || user === undefined || loginState(row, user, at) !== 'valid') {
      return refuse(`user:${id}`, 'the login has ended', from);
    }
    if (generation < row.generation) {
      return endReused();
    }
    const expiresAt = at + REFRESH_TOKEN_MS;
    // Signed first: where signing fails the caller's token is not spent, and may be tried again.
    const tokens = await issueTokens({ user: id, id: login, generation: generation + 1, expiresAt });
    const rotated = await logins.rotate(
      { user: id, id: login, generation },
      { now: at, expiresAt },
      draft('login.refreshed'),
    );
    switch (rotated) {
      case 'rotated':
        return { kind: 'ok', tokens };
      case 'reused':
        return endReused();
      case 'missing':
        return refuse(`user:${id}`, 'the login has ended', from);
    }
  };
};

/** Ends the caller's login, with every token of it. */
export const createLogout =
  ({ logins, now }: Pick<IdentityPorts, 'logins' | 'now'>): Identity['logout'] =>
  async (caller) => {
    const { kind, user, credential } = caller.principal;
    if (kind !== 'login' || user === undefined || credential === undefined) {
      throw new Error(`Only a login can be ended, and ${caller.principal.id} is none`);
    }
    const what = { at: now(), action: 'login.ended', entity: `user:${user}` } as const;
    await logins.end({ user, id: credential }, draftOf(caller, what));
  };
