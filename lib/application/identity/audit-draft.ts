import type { AuditAction, AuditDraft } from '../../domain/identity/audit.ts';
import type { Caller, Origin } from './api.ts';

export type What = {
  /** Epoch ms. */
  readonly at: number;
  readonly action: AuditAction;
  readonly entity: string;
  readonly detail?: string;
};

export const draftBy = (actor: string, { address, requestId }: Origin, what: What): AuditDraft => ({
  actor,
  address,
  requestId,
  ...what,
});

export const draftOf = (caller: Caller, what: What): AuditDraft => draftBy(caller.principal.id, caller, what);

/**
 * Whoever failed to log in, by the name that was typed where it is a user's. Anything else may be a password in the wrong
 * field, and entries are for ever.
 */
export const typedActor = (typed: string, isKnown: boolean): string => `name:${isKnown ? typed : '(unknown)'}`;
