import { QueryCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { CountStore, StatusCounts } from '../../application/ports/index.ts';
import { RUN_STATUSES } from '../../domain/run.ts';
import type { Table } from './client.ts';
import { attemptTransaction, attemptWrite, type Item } from './conditional.ts';
import { createExpression, type ExpressionBuilder } from './expression.ts';
import { COUNT_BASE, countKey, countPartition, countShard } from './keys.ts';

/** Sequence numbers have at most 40 digits; padded, they compare as text (numbers of DynamoDB end at 38 digits). */
const SEQUENCE_DIGITS = 40;
const toPosition = (sequence: bigint): string => sequence.toString().padStart(SEQUENCE_DIGITS, '0');

/** Ended shards merged in one go: a shard lives for hours, so a handful waits at most. */
const FOLDS = 50;

const additions = (expression: ExpressionBuilder, deltas: StatusCounts): string =>
  Object.entries(deltas)
    .map(([status, by]) => `${expression.name(status)} ${expression.value(status, by)}`)
    .join(', ');

const decode = (item: Item): StatusCounts =>
  Object.fromEntries(
    RUN_STATUSES.filter((status) => item[status] !== undefined).map((status) => [status, Number(item[status])]),
  );

export const createCountStore = ({ client, name }: Table, makeOp: () => string): CountStore => {
  const itemsOf = async (counter: string | undefined, consistent: boolean): Promise<readonly Item[]> => {
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName: name,
        KeyConditionExpression: '#pk = :pk',
        ExpressionAttributeNames: { '#pk': 'pk' },
        ExpressionAttributeValues: { ':pk': countPartition(counter) },
        ConsistentRead: consistent,
      }),
    );
    return Items;
  };

  return {
    read: async (counter) => {
      const sums: Record<string, number> = {};
      for (const item of await itemsOf(counter, false)) {
        for (const [status, count] of Object.entries(decode(item))) {
          sums[status] = (sums[status] ?? 0) + count;
        }
      }
      return sums as StatusCounts;
    },

    add: async (counter, streamShard, { first, last }, deltas, now) => {
      const expression = createExpression();
      const position = expression.name('position');
      const sets = [
        `${position} = ${expression.value('last', toPosition(last))}`,
        `${expression.name('heardAt')} = ${expression.value('heardAt', now)}`,
      ];
      const adds = additions(expression, deltas);
      // A repeat of an applied request finds its own `last` and counts nothing: no token is needed (rule W1).
      const written = await attemptWrite('', () =>
        client.send(
          new UpdateCommand({
            TableName: name,
            Key: countKey(counter, countShard(streamShard)),
            UpdateExpression: `SET ${sets.join(', ')}${adds === '' ? '' : ` ADD ${adds}`}`,
            ConditionExpression: `attribute_not_exists(${position}) OR ${position} < ${expression.value('first', toPosition(first))}`,
            ReturnValues: 'ALL_OLD',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
            ...expression.attributes(),
          }),
        ),
      );
      return written.kind === 'won'
        ? { kind: 'added', firstOfShard: written.item === undefined }
        : { kind: 'counted', position: BigInt(String(written.item?.position)) };
    },

    fold: async (counter, before) => {
      const ended = (await itemsOf(counter, true)).filter((item) => Number(item.heardAt ?? before) < before);
      for (const item of ended.slice(0, FOLDS)) {
        const sums = createExpression();
        const gone = createExpression();
        const adds = additions(sums, decode(item));
        const op = makeOp();
        // Whoever deletes the shard's item adds it: a twin's condition fails, and so its whole transaction.
        await attemptTransaction(op, () =>
          client.send(
            new TransactWriteCommand({
              ClientRequestToken: op,
              TransactItems: [
                {
                  Delete: {
                    TableName: name,
                    Key: { pk: item.pk, sk: item.sk },
                    ConditionExpression: `${gone.name('position')} = ${gone.value('position', item.position)}`,
                    ...gone.attributes(),
                  },
                },
                ...(adds === ''
                  ? []
                  : [
                      {
                        Update: {
                          TableName: name,
                          Key: countKey(counter, COUNT_BASE),
                          UpdateExpression: `ADD ${adds}`,
                          ...sums.attributes(),
                        },
                      },
                    ]),
              ],
            }),
          ),
        );
      }
    },
  };
};
