/** The small items beside runs and sessions: long texts, idempotency keys, connections, exceptions. */
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type {
  ConnectionGrant,
  ConnectionStore,
  DataStore,
  ExceptionStore,
  IdempotencyStore,
  Reservation,
  StoredReport,
} from '../../application/ports/index.ts';
import { STRIKE_WINDOW_MS } from '../../domain/timing.ts';
import type { Table } from './client.ts';
import { attemptWrite, type Item } from './conditional.ts';
import { createExpression } from './expression.ts';
import { connectionKey, exceptionKey, idempotencyKey, type Key, outputKey, payloadKey, reportKey } from './keys.ts';
import { toTtl } from './ttl.ts';

const getItem = async ({ client, name }: Table, key: Key): Promise<Item | undefined> =>
  (await client.send(new GetCommand({ TableName: name, Key: key, ConsistentRead: true }))).Item;

/** Written under a key that only one value can ever have, so the first write stands and a repeat is the same. */
const putOnce = ({ client, name }: Table, item: Key & Item): Promise<unknown> =>
  attemptWrite('', () =>
    client.send(
      new PutCommand({
        TableName: name,
        Item: item,
        ConditionExpression: 'attribute_not_exists(#pk)',
        ExpressionAttributeNames: { '#pk': 'pk' },
      }),
    ),
  );

export const createDataStore = (table: Table): DataStore => ({
  putPayload: async (run, payload, expiresAt) => {
    const written = await attemptWrite('', () =>
      table.client.send(
        new PutCommand({
          TableName: table.name,
          Item: { ...payloadKey(run), payload, ttl: toTtl(expiresAt) },
          ConditionExpression: 'attribute_not_exists(#pk) OR #payload = :payload',
          ExpressionAttributeNames: { '#pk': 'pk', '#payload': 'payload' },
          ExpressionAttributeValues: { ':payload': payload },
        }),
      ),
    );
    return written.kind === 'won' ? 'kept' : 'taken';
  },
  getPayload: async (run) => (await getItem(table, payloadKey(run)))?.payload as string | undefined,
  putReport: async (run, attempt, report, expiresAt) => {
    await putOnce(table, { ...reportKey(run, attempt), report, ttl: toTtl(expiresAt) });
  },
  getReport: async (run, attempt) =>
    (await getItem(table, reportKey(run, attempt)))?.report as StoredReport | undefined,
  putOutput: async (run, attempt, piece, text, expiresAt) => {
    await putOnce(table, { ...outputKey(run, attempt, piece), text, ttl: toTtl(expiresAt) });
  },
  getOutput: async (run, attempt, pieces) => {
    const keys = Array.from({ length: pieces }, (_, piece) => outputKey(run, attempt, piece));
    const found = await Promise.all(keys.map(async (key) => (await getItem(table, key))?.text as string | undefined));
    return found.includes(undefined) ? undefined : found.join('');
  },
});

export const createExceptionStore = (table: Table): ExceptionStore => ({
  record: async (exception) => {
    await putOnce(table, { ...exceptionKey(exception.id), ...exception });
  },
});

const decodeReservation = (item: Item | undefined): Reservation => ({
  run: String(item?.run),
  fingerprint: String(item?.fingerprint),
});

export const createIdempotencyStore = ({ client, name }: Table, makeOp: () => string): IdempotencyStore => ({
  find: async (key, now) => {
    const item = await getItem({ client, name }, idempotencyKey(key));
    return item === undefined || Number(item.ttl) * 1_000 < now ? undefined : decodeReservation(item);
  },

  reserve: async (key, { run, fingerprint }, { now, expiresAt }, replacing) => {
    const op = makeOp();
    const expression = createExpression();
    // TTL deletes late (up to 48 h): what has expired counts as gone.
    const free = `attribute_not_exists(${expression.name('pk')}) OR ${expression.name('ttl')} < ${expression.value('now', Math.floor(now / 1_000))}`;
    const replaced =
      replacing === undefined ? '' : ` OR ${expression.name('run')} = ${expression.value('replacing', replacing)}`;
    const written = await attemptWrite(op, () =>
      client.send(
        new PutCommand({
          TableName: name,
          Item: { ...idempotencyKey(key), run, fingerprint, op, ttl: toTtl(expiresAt) },
          ConditionExpression: `${free}${replaced}`,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          ...expression.attributes(),
        }),
      ),
    );
    return written.kind === 'won' ? { kind: 'reserved' } : { kind: 'taken', by: decodeReservation(written.item) };
  },
});

export const createConnectionStore = (table: Table): ConnectionStore => {
  const { client, name } = table;
  return {
    // Unconditional on purpose: the id is API Gateway's, new with each socket, and nothing but this request knows it yet.
    admit: async (conn, grant, expiresAt) => {
      const item = { ...connectionKey(conn), grant, ttl: toTtl(expiresAt) };
      await client.send(new PutCommand({ TableName: name, Item: item }));
    },

    grantOf: async (conn) => (await getItem(table, connectionKey(conn)))?.grant as ConnectionGrant | undefined,

    // Unconditional on purpose: the socket's own frames write it, in order, and a stale one only makes a later
    // `$disconnect` look at a session that its condition (rule S3) protects.
    bind: async (conn, { pool, shard, id }, expiresAt) => {
      await client.send(
        new UpdateCommand({
          TableName: name,
          Key: connectionKey(conn),
          UpdateExpression: 'SET #pool = :pool, #shard = :shard, #session = :session, #ttl = :ttl',
          ExpressionAttributeNames: {
            '#pool': 'pool',
            '#shard': 'shard',
            '#session': 'session',
            '#ttl': 'ttl',
          },
          ExpressionAttributeValues: { ':pool': pool, ':shard': shard, ':session': id, ':ttl': toTtl(expiresAt) },
        }),
      );
    },

    find: async (conn) => {
      const item = await getItem(table, connectionKey(conn));
      return item?.session === undefined
        ? undefined
        : { pool: String(item.pool), shard: Number(item.shard), id: String(item.session) };
    },

    forget: async (conn, expiresAt) => {
      await client.send(
        new UpdateCommand({
          TableName: name,
          Key: connectionKey(conn),
          UpdateExpression: 'SET #ttl = :ttl REMOVE #pool, #shard, #session',
          ExpressionAttributeNames: { '#ttl': 'ttl', '#pool': 'pool', '#shard': 'shard', '#session': 'session' },
          ExpressionAttributeValues: { ':ttl': toTtl(expiresAt) },
        }),
      );
    },

    // Counted by the table, so that frames that are refused in one moment, by as many instances, all count.
    strike: async (conn, now, expiresAt) => {
      const over = now - STRIKE_WINDOW_MS;
      const write = async (update: string, condition: string, values: Item) => {
        const written = await attemptWrite('', () =>
          client.send(
            new UpdateCommand({
              TableName: name,
              Key: connectionKey(conn),
              UpdateExpression: `SET ${update}, #ttl = :ttl`,
              ConditionExpression: condition,
              ExpressionAttributeNames: { '#strikes': 'strikes', '#since': 'strikesSince', '#ttl': 'ttl' },
              ExpressionAttributeValues: { ':over': over, ':one': 1, ':ttl': toTtl(expiresAt), ...values },
              ReturnValues: 'UPDATED_NEW',
            }),
          ),
        );
        return written.kind === 'won' ? Number(written.item?.strikes) : undefined;
      };
      const another = () => write('#strikes = #strikes + :one', '#since > :over', {});
      const first = () =>
        write('#strikes = :one, #since = :now', 'attribute_not_exists(#since) OR #since <= :over', { ':now': now });
      // The first of a minute may be another frame's, of the same moment.
      return (await another()) ?? (await first()) ?? (await another()) ?? 1;
    },
  };
};
