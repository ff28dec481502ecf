import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { SagaStore } from '../../../application/ports/index.ts';
import { partitionParams } from '../actions.ts';
import type { Table } from '../client.ts';
import { attemptWrite, type Item } from '../conditional.ts';
import { outsideTransactions } from '../conflict.ts';
import { isKey } from '../key-limits.ts';
import { stepRunPartition } from '../keys.ts';
import { queryRows, readRow } from '../read.ts';
import { decodeRun } from '../run-codec.ts';
import { transact, writeAll } from '../transact.ts';
import { isVoid, voidParams } from '../void-mark.ts';
import { keepRuns } from './keep-runs.ts';
import { instanceKey, sagaKey, sagaPartition } from './keys.ts';
import { readNewest } from './newest-rows.ts';
import { decodeSaga } from './saga-codec.ts';
import {
  bumpSagaParams,
  commitSagaActions,
  createSagaActions,
  fenceSagaParams,
  ofFlow,
  ofStatus,
} from './saga-params.ts';

const decodeHolder = (item: Item): { readonly no: string; readonly fingerprint: string } => ({
  no: String(item.no),
  fingerprint: String(item.fingerprint),
});

/** @param makeOp a fresh token for each call (rule W1) */
export const createSagaStore = (table: Table, makeOp: () => string): SagaStore => {
  const succeeded = async (params: ReturnType<typeof fenceSagaParams>): Promise<boolean> => {
    const update = () => table.client.send(new UpdateCommand({ TableName: table.name, ...params }));
    return (await attemptWrite('', () => outsideTransactions(update))).kind === 'won';
  };

  return {
    create: async (saga, nonce) => {
      const op = makeOp();
      const written = await transact(table, createSagaActions(saga, nonce, op, table.name), op);
      if (written.kind === 'done') {
        return { kind: 'created' };
      }
      const [row, instance] = [written.by.get('row'), written.by.get('instance')];
      // Nothing ever changes the instance's item: it knows our write when the row has moved on.
      if (instance?.op === op) {
        return { kind: 'created' };
      }
      if (instance !== undefined) {
        return { kind: 'taken', ...decodeHolder(instance) };
      }
      return { kind: isVoid(row?.status) ? 'voided' : 'exists' };
    },

    find: async (instance, reading) => {
      const key = instanceKey(instance);
      const item = isKey(key) ? await readRow(table, key, reading) : undefined;
      return item && decodeHolder(item);
    },

    get: async (no, reading) => decodeSaga(await readRow(table, sagaKey(no), reading)),

    commit: async (before, after, exceptions) => {
      const op = makeOp();
      const written = await writeAll(table, commitSagaActions(before, after, exceptions, op, table.name), op);
      return written.kind === 'done' ? 'done' : 'changed';
    },

    runsOf: async (no, reading) => {
      const rows = await queryRows(table, partitionParams(stepRunPartition(no)), undefined, reading);
      return rows.flatMap((row) => decodeRun(row) ?? []);
    },

    keepRuns: (no, until) => keepRuns(table, no, until),

    newest: ({ shard, before, limit, flow, failed }) =>
      readNewest(table, {
        pk: sagaPartition(shard),
        before,
        limit,
        index: flow !== undefined ? ofFlow(flow) : failed ? ofStatus('failed') : undefined,
        decode: decodeSaga,
        belongs: ({ status }) => flow !== undefined || !failed || status === 'failed',
      }),

    fence: (no, g) => succeeded(fenceSagaParams(no, g)),
    voidMissing: (no, nonce, expiresAt) => succeeded(voidParams(sagaKey(no), nonce, expiresAt)),
    bump: (no, g, version, nonce) => succeeded(bumpSagaParams(no, g, version, nonce)),
  };
};
