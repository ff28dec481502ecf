import { QueryCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { CountStore, Sums } from '../../application/ports/index.ts';
import type { Table } from './client.ts';
import { attemptTransaction, attemptWrite, type Item } from './conditional.ts';
import { createExpression, type ExpressionBuilder } from './expression.ts';
import { COUNT_BASE, countKey, countPartition, countShard, hourKey, hoursPartition } from './keys.ts';
import { toTtl } from './ttl.ts';

/** Sequence numbers have at most 40 digits; padded, they compare as text (numbers of DynamoDB end at 38 digits). */
const SEQUENCE_DIGITS = 40;
const toPosition = (sequence: bigint): string => sequence.toString().padStart(SEQUENCE_DIGITS, '0');

/** Ended shards merged in one go: a shard lives for hours, so a handful waits at most. */
const FOLDS = 50;

/** Hours are kept for a week, and a day longer: a stream's changes may come as late. */
const HOURS_KEPT_MS = 8 * 24 * 60 * 60_000;

const additions = (expression: ExpressionBuilder, deltas: Sums): string =>
  Object.entries(deltas)
    .map(([status, by]) => `${expression.name(status)} ${expression.value(status, by)}`)
    .join(', ');

/** What a counter's item holds beside its sums. */
const BESIDE = new Set(['pk', 'sk', 'position', 'heardAt', 'ttl']);

const decode = (item: Item): Sums =>
  Object.fromEntries(
    Object.entries(item)
      .filter(([attribute]) => !BESIDE.has(attribute))
      .map(([attribute, sum]) => [attribute, Number(sum)]),
  );

const addTo = (sums: Record<string, number>, counts: Sums): void => {
  for (const [name, count] of Object.entries(counts)) {
    sums[name] = (sums[name] ?? 0) + count;
  }
};

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

  const hourItems = async (of: string | undefined, from: number, to: number): Promise<readonly Item[]> => {
    const items: Item[] = [];
    let after: Record<string, unknown> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: name,
          // The number alone stands before the number with a shard: the last hour is not part of it.
          KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
          ExpressionAttributeNames: { '#pk': 'pk', '#sk': 'sk' },
          ExpressionAttributeValues: { ':pk': hoursPartition(of), ':from': `${from}`, ':to': `${to}` },
          ExclusiveStartKey: after,
        }),
      );
      items.push(...Items);
      after = LastEvaluatedKey;
    } while (after !== undefined);
    return items;
  };

  return {
    read: async (counter) => {
      const sums: Record<string, number> = {};
      for (const item of await itemsOf(counter, false)) {
        addTo(sums, decode(item));
      }
      return sums;
    },

    hours: async (from, to, of) => {
      const hours = new Map<number, Record<string, number>>();
      for (const item of await hourItems(of, from, to)) {
        const hour = Number(String(item.sk).split('#', 1)[0]);
        const sums = hours.get(hour) ?? {};
        hours.set(hour, sums);
        addTo(sums, decode(item));
      }
      return [...hours].map(([hour, sums]) => ({ hour, sums }));
    },

    add: async (counter, streamShard, { first, last }, deltas, now) => {
      const hour = typeof counter === 'object' ? counter.hour : undefined;
      const expression = createExpression();
      const position = expression.name('position');
      const sets = [
        `${position} = ${expression.value('last', toPosition(last))}`,
        `${expression.name('heardAt')} = ${expression.value('heardAt', now)}`,
        ...(hour === undefined
          ? []
          : [`${expression.name('ttl')} = ${expression.value('ttl', toTtl(hour + HOURS_KEPT_MS))}`]),
      ];
      const adds = additions(expression, deltas);
      // A repeat of an applied request finds its own `last` and counts nothing: no token is needed (rule W1).
      const written = await attemptWrite('', () =>
        client.send(
          new UpdateCommand({
            TableName: name,
            Key:
              typeof counter === 'object' ? hourKey(counter, streamShard) : countKey(counter, countShard(streamShard)),
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
