import { GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { CountDelta, CountStore, StatusCounts } from '../../application/ports/index.ts';
import { RUN_STATUSES } from '../../domain/run.ts';
import type { Table } from './client.ts';
import { attemptTransaction } from './conditional.ts';
import { createExpression } from './expression.ts';
import { countKey, type Key, streamKey } from './keys.ts';

const addition = (tableName: string, key: Key, deltas: readonly CountDelta[]) => {
  const expression = createExpression();
  const sums = new Map<string, number>();
  for (const { status, by } of deltas) {
    sums.set(status, (sums.get(status) ?? 0) + by);
  }
  const adds = [...sums].map(([status, by]) => `${expression.name(status)} ${expression.value(status, by)}`);
  return {
    Update: {
      TableName: tableName,
      Key: key,
      UpdateExpression: `ADD ${adds.join(', ')}`,
      ...expression.attributes(),
    },
  };
};

export const createCountStore = ({ client, name }: Table, makeOp: () => string): CountStore => ({
  read: async (handler) => {
    const { Item = {} } = await client.send(new GetCommand({ TableName: name, Key: countKey(handler) }));
    const counts = RUN_STATUSES.filter((status) => Item[status] !== undefined).map((status) => [
      status,
      Number(Item[status]),
    ]);
    return Object.fromEntries(counts) as StatusCounts;
  },

  position: async (streamShard) => {
    const { Item } = await client.send(
      new GetCommand({ TableName: name, Key: streamKey(streamShard), ConsistentRead: true }),
    );
    return Item === undefined ? undefined : BigInt(String(Item.position));
  },

  advance: async (streamShard, from, to, deltas, expiresAt) => {
    const op = makeOp();
    const expression = createExpression();
    const position = expression.name('position');
    const sets = [
      `${position} = ${expression.value('to', to.toString())}`,
      `${expression.name('ttl')} = ${expression.value('ttl', Math.ceil(expiresAt / 1_000))}`,
      `${expression.name('op')} = ${expression.value('op', op)}`,
    ];
    const unmoved =
      from === undefined
        ? `attribute_not_exists(${position})`
        : `${position} = ${expression.value('from', from.toString())}`;
    const byHandler = Map.groupBy(deltas, ({ handler }) => handler);
    const written = await attemptTransaction(op, () =>
      client.send(
        new TransactWriteCommand({
          ClientRequestToken: op,
          TransactItems: [
            {
              Update: {
                TableName: name,
                Key: streamKey(streamShard),
                UpdateExpression: `SET ${sets.join(', ')}`,
                ConditionExpression: unmoved,
                ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
                ...expression.attributes(),
              },
            },
            ...(deltas.length === 0 ? [] : [addition(name, countKey(), deltas)]),
            ...[...byHandler].map(([handler, own]) => addition(name, countKey(handler), own)),
          ],
        }),
      ),
    );
    return written.kind === 'won';
  },
});
