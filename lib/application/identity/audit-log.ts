import type { AuditEntry } from '../../domain/identity/audit.ts';
import type { AuditFilter, AuditStore } from '../ports/identity.ts';
import type { AuditPage, Identity } from './api.ts';

/** Entries that one filtered page looks at; the page says when it stopped short. */
const MAX_EXAMINED = 2_000;
/** Entries of one read: about 60 KB. */
const BATCH = 200;

const matches = (entry: AuditEntry, { actor, action, entity }: AuditFilter): boolean =>
  (actor === undefined || entry.actor === actor) &&
  (action === undefined || entry.action === action) &&
  (entity === undefined || entry.entity === entity);

/** Entries are numbered from 1 without gaps: below the first there is nothing. */
const nextBelow = (seq: number | undefined): { readonly next?: number } =>
  seq !== undefined && seq > 1 ? { next: seq } : {};

type Asked = Parameters<Identity['listAudit']>[0];
type Found = Omit<AuditPage, 'total'>;

/** Numbers have no gaps, so a page by number begins where arithmetic says. */
const readPage = async (audit: AuditStore, before: number, { limit, skip }: Asked): Promise<Found> => {
  const begin = before - skip;
  const entries = begin > 1 ? await audit.newest({ before: begin, limit }) : [];
  return { entries, ...nextBelow(entries.at(-1)?.seq), partial: false };
};

const search = async (
  audit: AuditStore,
  before: number,
  { limit, skip }: Asked,
  filter: AuditFilter,
): Promise<Found> => {
  const entries: AuditEntry[] = [];
  let position = before;
  let skipped = 0;
  for (let examined = 0; examined < MAX_EXAMINED && position > 1; ) {
    const batch = await audit.newest({ before: position, limit: Math.min(BATCH, MAX_EXAMINED - examined) });
    if (batch.length === 0) {
      return { entries, partial: false };
    }
    for (const entry of batch) {
      position = entry.seq;
      examined += 1;
      if (!matches(entry, filter)) {
        continue;
      }
      if (skipped < skip) {
        skipped += 1;
        continue;
      }
      entries.push(entry);
      if (entries.length === limit) {
        return { entries, ...nextBelow(position), partial: false };
      }
    }
  }
  return { entries, ...nextBelow(position), partial: position > 1 };
};

export const createListAudit =
  ({ audit }: { readonly audit: AuditStore }): Identity['listAudit'] =>
  async (page, filter) => {
    const [head] = await audit.newest({ limit: 1 });
    const total = head?.seq ?? 0;
    const before = Math.min(page.before ?? total + 1, total + 1);
    const filtered = Object.values(filter).some((value) => value !== undefined);
    const found = filtered ? await search(audit, before, page, filter) : await readPage(audit, before, page);
    return { ...found, total };
  };
