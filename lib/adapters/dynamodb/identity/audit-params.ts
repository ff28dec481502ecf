import type { QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import type { AuditEntry } from '../../../domain/identity/audit.ts';
import { type Action, addItem } from '../actions.ts';
import type { Item } from '../conditional.ts';
import { createExpression } from '../expression.ts';
import type { Params } from '../run-params.ts';
import { AUDIT_LOG, auditKey, auditSortKey } from './keys.ts';

/** Takes the next place of the chain, if nobody has it. */
export const entryAction = (entry: AuditEntry, op: string, tableName: string): Action =>
  addItem(tableName, { ...entry, ...auditKey(entry.seq), op });

export const decodeEntry = (item: Item | undefined): AuditEntry | undefined => {
  if (item === undefined) {
    return undefined;
  }
  const { pk: _pk, sk: _sk, op: _op, ...entry } = item;
  return entry as AuditEntry;
};

/** @param before absent: from the newest */
export const newestEntriesParams = (before: number | undefined): Params<QueryCommandInput> => {
  const expression = createExpression();
  const parts = [
    `${expression.name('pk')} = ${expression.value('pk', AUDIT_LOG)}`,
    ...(before === undefined ? [] : [`${expression.name('sk')} < ${expression.value('before', auditSortKey(before))}`]),
  ];
  return { KeyConditionExpression: parts.join(' AND '), ScanIndexForward: false, ...expression.attributes() };
};
