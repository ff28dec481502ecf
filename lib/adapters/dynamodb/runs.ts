import {
  BatchGetCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { Committed, ReadyEntry, RunStore } from '../../application/ports/index.ts';
import { handlerOfQueue } from '../../domain/fleet/needs.ts';
import { runIdOfOrder } from '../../domain/ids.ts';
import type { Run } from '../../domain/run.ts';
import type { Table } from './client.ts';
import { attemptTransaction, attemptWrite, type Item, type Written } from './conditional.ts';
import { runKey } from './keys.ts';
import { decodeRun } from './run-codec.ts';
import {
  bumpParams,
  commitParams,
  commitWithExceptionParams,
  createParams,
  fenceParams,
  newestOfOriginParams,
  newestOfStatusParams,
  newestParams,
  noteParams,
  readyHeadParams,
  readyIdsParams,
  voidRunParams,
} from './run-params.ts';

/** Rounds of a batch read whose rest DynamoDB did not process (throttled): beyond, it is a fault. */
const BATCH_ROUNDS = 5;

const decodeReady = (item: Item): ReadyEntry => ({
  id: runIdOfOrder(String(item.sk)),
  handler: handlerOfQueue(String(item.queue)),
  queue: String(item.queue),
  priority: Number(item.priority),
  dueAt: Number(item.dueAt),
  attempt: Number(item.attempt),
  g: Number(item.g),
  fence: Number(item.fence ?? 0),
  readyAt: Number(item.readyAt),
});

/** @param makeOp a fresh token for each call (rule W1) */
export const createRunStore = ({ client, name }: Table, makeOp: () => string): RunStore => {
  const query = async (params: ReturnType<typeof newestParams>): Promise<readonly Item[]> =>
    (await client.send(new QueryCommand({ TableName: name, ...params }))).Items ?? [];

  const queryIds = async (params: ReturnType<typeof newestParams>): Promise<readonly string[]> =>
    (await query(params)).map((item) => runIdOfOrder(String(item.sk)));

  const readRun = async (id: string, consistent: boolean): Promise<Run | undefined> => {
    const { Item } = await client.send(
      new GetCommand({ TableName: name, Key: runKey(id), ConsistentRead: consistent }),
    );
    return decodeRun(Item);
  };

  const update = (params: ReturnType<typeof fenceParams>, op: string): Promise<Written> =>
    attemptWrite(op, () => client.send(new UpdateCommand({ TableName: name, ...params })));

  const succeeded = async (params: ReturnType<typeof fenceParams>): Promise<boolean> =>
    (await update(params, makeOp())).kind === 'won';

  const asCommitted = async (id: string, written: Written): Promise<Committed> => {
    if (written.kind === 'lost') {
      return { kind: 'lost', run: decodeRun(written.item) };
    }
    // A transaction returns no item: read our own write.
    const run = decodeRun(written.item) ?? (await readRun(id, true));
    if (run === undefined) {
      throw new Error(`Run ${id} was written and is not there`);
    }
    return { kind: 'won', run };
  };

  return {
    create: async (run, nonce) => {
      const op = makeOp();
      const params = createParams(run, nonce, op);
      const written = await attemptWrite(op, () => client.send(new PutCommand({ TableName: name, ...params })));
      if (written.kind === 'won' || written.item?.born === op) {
        return { kind: 'created' };
      }
      const existing = decodeRun(written.item);
      return existing === undefined ? { kind: 'voided' } : { kind: 'exists', run: existing };
    },

    get: (id, reading) => readRun(id, reading === 'consistent'),

    commit: async (change, exception) => {
      const op = makeOp();
      if (exception === undefined) {
        return asCommitted(change.id, await update(commitParams(change, op), op));
      }
      const params = commitWithExceptionParams(change, exception, op, name);
      return asCommitted(change.id, await attemptTransaction(op, () => client.send(new TransactWriteCommand(params))));
    },

    note: async (id, note, now) => {
      const written = await update(noteParams(id, note, now), '');
      return written.kind === 'won' ? decodeRun(written.item) : undefined;
    },

    readyHead: async (head) => (await query(readyHeadParams(head))).map(decodeReady),

    fence: (id, g) => succeeded(fenceParams(id, g)),
    voidMissing: (id, nonce, expiresAt) => succeeded(voidRunParams(id, nonce, expiresAt)),
    bump: (id, g, fence, nonce) => succeeded(bumpParams(id, g, fence, nonce)),

    newest: async (slice) => {
      // A page may hold nothing but void marks: an empty answer would be taken for the end of the shard.
      for (let { before } = slice; ; ) {
        const items = await query(newestParams(before === undefined ? slice : { ...slice, before }));
        const rows = items.flatMap((item) => decodeRun(item) ?? []);
        const last = items.at(-1);
        if (rows.length > 0 || last === undefined) {
          return rows;
        }
        before = runIdOfOrder(String(last.sk));
      }
    },
    newestIdsOfOrigin: (slice) => queryIds(newestOfOriginParams(slice)),
    newestIdsOfStatus: (slice) => queryIds(newestOfStatusParams(slice)),

    readyIds: async ({ pool, shard, limit }) => {
      const ids: string[] = [];
      let from: Record<string, unknown> | undefined;
      do {
        const { Items = [], LastEvaluatedKey } = await client.send(
          new QueryCommand({
            TableName: name,
            ...readyIdsParams({ pool, shard }),
            Limit: limit - ids.length,
            ExclusiveStartKey: from,
          }),
        );
        ids.push(...Items.map((item) => runIdOfOrder(String(item.sk))));
        from = LastEvaluatedKey;
      } while (from !== undefined && ids.length < limit);
      return ids;
    },

    getMany: async (ids) => {
      const rows: Run[] = [];
      let keys: Record<string, unknown>[] = ids.map((id) => runKey(id));
      for (let round = 0; keys.length > 0; round += 1) {
        if (round === BATCH_ROUNDS) {
          throw new Error(`${keys.length} of ${ids.length} rows were not read in ${BATCH_ROUNDS} rounds`);
        }
        const { Responses, UnprocessedKeys } = await client.send(
          new BatchGetCommand({ RequestItems: { [name]: { Keys: keys } } }),
        );
        rows.push(...(Responses?.[name] ?? []).flatMap((item) => decodeRun(item) ?? []));
        keys = UnprocessedKeys?.[name]?.Keys ?? [];
      }
      return rows;
    },
  };
};
