/** Reading rows, whatever DynamoDB makes of a request's size. */
import { BatchGetCommand, GetCommand, QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Reading } from '../../application/ports/index.ts';
import type { Table } from './client.ts';
import type { Item } from './conditional.ts';
import type { Key } from './keys.ts';
import { pause } from './pause.ts';
import type { Params } from './run-params.ts';

/** Consistent unless somebody says otherwise: identity must not let in what was revoked a moment ago. */
const isConsistent = (reading: Reading): boolean => reading === 'consistent';

export const readRow = async (
  { client, name }: Table,
  key: Key,
  reading: Reading = 'consistent',
): Promise<Item | undefined> =>
  (await client.send(new GetCommand({ TableName: name, Key: key, ConsistentRead: isConsistent(reading) }))).Item;

/** The most keys of one BatchGetItem. */
const BATCH = 100;
/** Times that DynamoDB may leave the same keys unread (throttled): beyond, it is a fault. */
const IDLE_ROUNDS = 5;

/** The rows that there are of some keys, in no order, 100 keys to a request. */
export const readRows = async (
  { client, name }: Table,
  keys: readonly Key[],
  reading: Reading = 'consistent',
): Promise<readonly Item[]> => {
  const rows: Item[] = [];
  let left: readonly Record<string, unknown>[] = keys;
  for (let idle = 0; left.length > 0; ) {
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetCommand({
        RequestItems: { [name]: { Keys: left.slice(0, BATCH), ConsistentRead: isConsistent(reading) } },
      }),
    );
    rows.push(...(Responses?.[name] ?? []));
    const unread = UnprocessedKeys?.[name]?.Keys ?? [];
    left = [...unread, ...left.slice(BATCH)];
    if (unread.length > 0) {
      idle += 1;
      if (idle === IDLE_ROUNDS) {
        throw new Error(`${left.length} of ${keys.length} rows were not read in ${IDLE_ROUNDS} rounds`);
      }
      await pause(idle);
    }
  }
  return rows;
};

/** The first `limit` rows of a query (all, without one), whatever DynamoDB puts on a page (1 MB at most). */
export const queryRows = async (
  { client, name }: Table,
  params: Params<QueryCommandInput>,
  limit?: number,
  reading: Reading = 'consistent',
): Promise<readonly Item[]> => {
  const rows: Item[] = [];
  let from = params.ExclusiveStartKey;
  do {
    const { Items = [], LastEvaluatedKey } = await client.send(
      new QueryCommand({
        TableName: name,
        ...params,
        ConsistentRead: isConsistent(reading),
        ...(limit === undefined ? {} : { Limit: limit - rows.length }),
        ExclusiveStartKey: from,
      }),
    );
    rows.push(...Items);
    from = LastEvaluatedKey;
  } while (from !== undefined && (limit === undefined || rows.length < limit));
  return rows;
};
