/**
 * The audit log: one chain, in which each entry holds the hash of the one before it. Whoever changes or removes an entry
 * breaks every hash after it; whoever recomputes them all is found out by a hash that was noted elsewhere.
 */

/** What happened. New words are added, none changes its meaning: entries live for ever. */
export const AUDIT_ACTIONS = [
  'login.succeeded',
  'login.failed',
  'login.limited',
  'login.refreshed',
  'login.refresh_reused',
  'login.ended',
  'user.created',
  'user.updated',
  'user.deleted',
  'user.password_changed',
  'key.created',
  'key.rolled',
  'key.revoked',
  'run.cancel',
  'transaction.cancel',
  'transaction.retry',
  'exception.handle',
  'exception.retry',
  'exception.skip',
  'exception.done',
  'exception.compensate',
  'exception.forward',
  'exception.assign',
  'exception.comment',
  'exception.approve',
  'exception.reject',
  'access.refused',
  'worker.refused',
  'worker.expelled',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** What is to be recorded; its place in the chain is found when it is written. */
export type AuditDraft = {
  /** Epoch ms. */
  readonly at: number;
  /** A principal's id, or `anonymous`; for a failed login the name that was typed, as `name:<text>`. */
  readonly actor: string;
  readonly action: AuditAction;
  /** `user:<id>`, `key:<id>`, `run:<id>`, `session:<id>`, `operation:<id>`, … */
  readonly entity: string;
  /** The caller's address. */
  readonly address: string;
  /** `X-Request-Id` of the answer, or the connection's id. */
  readonly requestId: string;
  /** What a person needs to know beyond that, in words; never a secret. */
  readonly detail?: string;
};

export type AuditEntry = AuditDraft & {
  /** From 1, without gaps. */
  readonly seq: number;
  /** Hash of the entry before; {@link CHAIN_BEGIN} for the first. */
  readonly previous: string;
  /** SHA-256 (hex) of {@link auditText}. */
  readonly hash: string;
};

export const CHAIN_BEGIN = '0'.repeat(64);

/**
 * The text that an entry's hash is made of: a JSON array, so that no two entries that differ have the same. (No detail and an
 * empty one are one.)
 */
export const auditText = (entry: Omit<AuditEntry, 'hash'>): string =>
  JSON.stringify([
    entry.seq,
    entry.previous,
    entry.at,
    entry.actor,
    entry.action,
    entry.entity,
    entry.address,
    entry.requestId,
    entry.detail ?? '',
  ]);
