import { createHash } from 'node:crypto';
import { type AuditDraft, type AuditEntry, auditText, CHAIN_BEGIN } from '../domain/identity/audit.ts';

/** What `draft` becomes when it follows `head`, the newest entry there is. */
export const entryAfter = (head: AuditEntry | undefined, draft: AuditDraft): AuditEntry => {
  const placed = { ...draft, seq: (head?.seq ?? 0) + 1, previous: head?.hash ?? CHAIN_BEGIN };
  return { ...placed, hash: createHash('sha256').update(auditText(placed)).digest('hex') };
};
