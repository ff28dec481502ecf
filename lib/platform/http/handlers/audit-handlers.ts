/** The audit log over identity. */
import type { Identity } from '../../../application/identity/api.ts';
import type { AuditEntryView } from '../../../contracts/http/audit.ts';
import type { AuditEntry } from '../../../domain/identity/audit.ts';
import type { Handlers } from '../serve.ts';
import { answerWith } from './c-answers.ts';

export type AuditDependencies = {
  readonly identity: Pick<Identity, 'listAudit'>;
  /** Epoch ms. */
  readonly now: () => number;
};

/** All that the hash is made of, exactly: `at` always with its milliseconds, `detail` always there. */
const entryView = (entry: AuditEntry): AuditEntryView => ({
  seq: entry.seq,
  previous: entry.previous,
  hash: entry.hash,
  at: new Date(entry.at).toISOString(),
  actor: entry.actor,
  action: entry.action,
  entity: entry.entity,
  address: entry.address,
  request_id: entry.requestId,
  detail: entry.detail ?? '',
});

export const auditHandlers = ({ identity, now }: AuditDependencies): Pick<Handlers, 'listAudit'> => ({
  listAudit: async ({ query: { page, page_size, actor, action, entity, before } }) => {
    const found = await identity.listAudit(
      { limit: page_size, skip: (page - 1) * page_size, ...(before === undefined ? {} : { before }) },
      {
        ...(actor === undefined ? {} : { actor }),
        ...(action === undefined ? {} : { action }),
        ...(entity === undefined ? {} : { entity }),
      },
    );
    const data = {
      list: found.entries.map(entryView),
      total: found.total,
      page,
      page_size,
      ...(found.next === undefined ? {} : { next_before: found.next }),
      ...(found.partial ? { partial: true as const } : {}),
    };
    return answerWith(200, '获取成功', data, now());
  },
});
