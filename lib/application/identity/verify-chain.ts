import { createHash } from 'node:crypto';
import { type AuditEntry, auditText, CHAIN_BEGIN } from '../../domain/identity/audit.ts';

/** An entry that was noted earlier, somewhere the log's keeper cannot write. */
export type NotedHead = Pick<AuditEntry, 'seq' | 'hash'>;

export type ChainVerdict =
  | { readonly kind: 'whole'; readonly entries: number; readonly head: NotedHead | undefined }
  /** `seq`: where the chain first differs, seen from its newest entry. */
  | { readonly kind: 'broken'; readonly seq: number; readonly what: string };

const hashOf = (entry: AuditEntry): string => createHash('sha256').update(auditText(entry)).digest('hex');

/**
 * Checks the whole audit log.
 *
 * The chain alone shows what was changed or cut out in its middle. That its newest entries were cut off, or all of them
 * computed anew, only a hash shows that was noted before: hence `noted`.
 * @param entries newest first, to the very first
 */
export const verifyChain = async (
  entries: AsyncIterable<AuditEntry>,
  noted: readonly NotedHead[] = [],
): Promise<ChainVerdict> => {
  const notedHash = new Map(noted.map(({ seq, hash }) => [seq, hash]));
  let head: NotedHead | undefined;
  let above: AuditEntry | undefined;
  for await (const entry of entries) {
    const { seq } = entry;
    const broken = (what: string): ChainVerdict => ({ kind: 'broken', seq, what });
    if (above !== undefined && seq !== above.seq - 1) {
      return { kind: 'broken', seq: above.seq - 1, what: `entry ${above.seq - 1} is missing` };
    }
    if (hashOf(entry) !== entry.hash) {
      return broken(`entry ${seq} is not what its hash says`);
    }
    if (above !== undefined && above.previous !== entry.hash) {
      return broken(`entry ${seq} is not the one that entry ${above.seq} followed`);
    }
    if ((notedHash.get(seq) ?? entry.hash) !== entry.hash) {
      return broken(`entry ${seq} had another hash when it was noted`);
    }
    head ??= { seq, hash: entry.hash };
    above = entry;
  }
  if (above !== undefined && (above.seq !== 1 || above.previous !== CHAIN_BEGIN)) {
    return { kind: 'broken', seq: above.seq - 1, what: `the log begins with entry ${above.seq}` };
  }
  const cutOff = noted.find(({ seq }) => seq > (head?.seq ?? 0));
  if (cutOff !== undefined) {
    return { kind: 'broken', seq: cutOff.seq, what: `entry ${cutOff.seq} was noted and is there no more` };
  }
  return { kind: 'whole', entries: head?.seq ?? 0, head };
};
