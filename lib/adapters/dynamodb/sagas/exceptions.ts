import type { SagaExceptionStore } from '../../../application/ports/index.ts';
import type { Table } from '../client.ts';
import { readRow } from '../read.ts';
import { writeAll } from '../transact.ts';
import { sagaExceptionKey, sagaExceptionPartition } from './keys.ts';
import { readNewest } from './newest-rows.ts';
import { decodeException } from './saga-codec.ts';
import { changeException, ofFlow, ofStatus } from './saga-params.ts';

/** @param makeOp a fresh token for each call (rule W1) */
export const createSagaExceptionStore = (table: Table, makeOp: () => string): SagaExceptionStore => ({
  get: async (id) => decodeException(await readRow(table, sagaExceptionKey(id))),

  write: async (before, after) => {
    const op = makeOp();
    const written = await writeAll(table, { row: changeException(before, after, op, table.name) }, op);
    return written.kind === 'done' ? 'done' : 'changed';
  },

  newest: ({ shard, before, limit, flow, open }) =>
    readNewest(table, {
      pk: sagaExceptionPartition(shard),
      before,
      limit,
      index: flow !== undefined ? ofFlow(flow) : open ? ofStatus('open') : undefined,
      decode: decodeException,
      belongs: ({ handled }) => flow !== undefined || !open || handled === undefined,
    }),
});
