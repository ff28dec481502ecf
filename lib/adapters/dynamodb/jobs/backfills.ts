import { PutCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Backfill, BackfillStore } from '../../../application/ports/index.ts';
import { isEqual, isNew } from '../actions.ts';
import type { Table } from '../client.ts';
import { attemptWrite, type Item } from '../conditional.ts';
import { createExpression } from '../expression.ts';
import { queryRows, readRow } from '../read.ts';
import type { Params } from '../run-params.ts';
import { toTtl } from '../ttl.ts';
import { BACKFILLS, backfillKey, jobPartition } from './keys.ts';

const MAX_LISTED = 100;

const encode = (backfill: Backfill, op: string): Item => ({
  ...backfill,
  ...backfillKey(backfill.job, backfill.id),
  op,
  ttl: toTtl(backfill.expiresAt),
});

const decode = (item: Item | undefined): Backfill | undefined => {
  if (item === undefined) {
    return undefined;
  }
  const { pk: _pk, sk: _sk, op: _op, ttl: _ttl, ...backfill } = item;
  return backfill as Backfill;
};

/** Their ids are made as a job's, so the newest are the last. */
const newestParams = (job: string): Params<QueryCommandInput> => {
  const expression = createExpression();
  return {
    KeyConditionExpression: `${expression.name('pk')} = ${expression.value('pk', jobPartition(job))} AND begins_with(${expression.name('sk')}, ${expression.value('backfills', BACKFILLS)})`,
    ScanIndexForward: false,
    ...expression.attributes(),
  };
};

export const createBackfillStore = (table: Table, makeOp: () => string): BackfillStore => {
  const put = async (backfill: Backfill, condition: ReturnType<typeof isNew>): Promise<boolean> => {
    const op = makeOp();
    const params = { TableName: table.name, Item: encode(backfill, op), ...condition };
    const written = await attemptWrite(op, () => table.client.send(new PutCommand(params)));
    return written.kind === 'won';
  };
  return {
    create: (backfill) => put(backfill, isNew()),
    get: async (job, id) => decode(await readRow(table, backfillKey(job, id))),
    write: (before, after) => put(after, isEqual('version', before.version)),
    list: async (job) => {
      const rows = await queryRows(table, newestParams(job), MAX_LISTED);
      return rows.flatMap((row) => decode(row) ?? []);
    },
  };
};
