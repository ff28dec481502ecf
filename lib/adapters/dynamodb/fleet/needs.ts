import { PutCommand, type PutCommandInput } from '@aws-sdk/lib-dynamodb';
import type { NeedsStore } from '../../../application/ports/index.ts';
import type { WorkerNeeds } from '../../../domain/fleet/needs.ts';
import { partitionParams } from '../actions.ts';
import type { Table } from '../client.ts';
import { attemptWrite } from '../conditional.ts';
import { createExpression } from '../expression.ts';
import { queryRows } from '../read.ts';
import type { Params } from '../run-params.ts';
import { toTtl } from '../ttl.ts';
import { needsPartition } from './keys.ts';

/** Whoever is later may only lengthen the stay: a queue's name has the hash of its needs, so these are the same. */
export const noteParams = (
  pool: string,
  queue: string,
  needs: WorkerNeeds,
  expiresAt: number,
): Params<PutCommandInput> => {
  const expression = createExpression();
  return {
    Item: { pk: needsPartition(pool), sk: queue, needs, expiresAt, ttl: toTtl(expiresAt) },
    ConditionExpression: `attribute_not_exists(${expression.name('pk')}) OR ${expression.name('expiresAt')} < ${expression.value('expiresAt', expiresAt)}`,
    ...expression.attributes(),
  };
};

export const createNeedsStore = (table: Table): NeedsStore => ({
  note: async (pool, queue, needs, expiresAt) => {
    const params = noteParams(pool, queue, needs, expiresAt);
    // What a repeat of it finds is the same row: no token is needed (rule W1).
    await attemptWrite('', () => table.client.send(new PutCommand({ TableName: table.name, ...params })));
  },
  list: async (pool, now) => {
    const rows = await queryRows(table, partitionParams(needsPartition(pool)));
    return new Map(
      rows
        .filter(({ expiresAt }) => Number(expiresAt) > now)
        .map(({ sk, needs }) => [String(sk), needs as WorkerNeeds]),
    );
  },
});
