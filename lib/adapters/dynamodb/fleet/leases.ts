import { UpdateCommand, type UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Lease, LeaseStore } from '../../../application/ports/index.ts';
import type { Table } from '../client.ts';
import { attemptWrite, type Item, type Written } from '../conditional.ts';
import { readRow } from '../read.ts';
import type { Params } from '../run-params.ts';
import { leaseKey } from './keys.ts';
import { acquireParams, refreshParams, releaseParams } from './lease-params.ts';

const decode = (item: Item | undefined): Lease | undefined =>
  item === undefined
    ? undefined
    : { value: String(item.value), fence: Number(item.fence), expiresAt: Number(item.expiresAt) };

/** @param makeOp a fresh token for each call (rule W1) */
export const createLeaseStore = (table: Table, makeOp: () => string): LeaseStore => {
  const update = (op: string, params: Params<UpdateCommandInput>): Promise<Written> =>
    attemptWrite(op, () => table.client.send(new UpdateCommand({ TableName: table.name, ...params })));
  const won = ({ kind, item }: Written): Lease | undefined => (kind === 'won' ? decode(item) : undefined);

  return {
    acquire: async (key, value, expiresAt, now) => {
      const op = makeOp();
      return won(await update(op, acquireParams(key, { value, expiresAt, now }, op)));
    },
    release: async (key, value, now) => {
      const op = makeOp();
      const { kind } = await update(op, releaseParams(key, value, now, op));
      return kind === 'won' ? 'released' : 'not_held';
    },
    refresh: async (key, value, expiresAt, now) => {
      const op = makeOp();
      return won(await update(op, refreshParams(key, { value, expiresAt, now }, op)));
    },
    find: async (key, now) => {
      const lease = decode(await readRow(table, leaseKey(key)));
      return lease !== undefined && lease.expiresAt > now ? lease : undefined;
    },
  };
};
