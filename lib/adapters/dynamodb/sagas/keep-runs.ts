import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { runIdOfOrder } from '../../../domain/ids.ts';
import { partitionParams } from '../actions.ts';
import type { Table } from '../client.ts';
import { attemptWrite, type Item } from '../conditional.ts';
import { outsideTransactions } from '../conflict.ts';
import { dataPartition, stepRunPartition } from '../keys.ts';
import { queryRows } from '../read.ts';
import { toTtl } from '../ttl.ts';
import { keepParams } from './saga-params.ts';

/**
 * Puts off when the runs of a transaction's steps expire, with what lies beside them and beside the transaction itself. One
 * after the other: it happens once in three months, to what has waited that long.
 */
export const keepRuns = async (table: Table, no: string, until: number): Promise<void> => {
  const ttl = toTtl(until);
  const keep = async (items: readonly Item[]): Promise<void> => {
    for (const { pk, sk, ttl: end } of items) {
      if (end !== undefined && Number(end) < ttl) {
        const params = { TableName: table.name, ...keepParams({ pk, sk }, ttl) };
        await attemptWrite('', () => outsideTransactions(() => table.client.send(new UpdateCommand(params))));
      }
    }
  };
  const runs = await queryRows(table, partitionParams(stepRunPartition(no)));
  await keep(runs);
  for (const id of [no, ...runs.map(({ sk }) => runIdOfOrder(String(sk)))]) {
    await keep(await queryRows(table, partitionParams(dataPartition(id))));
  }
};
