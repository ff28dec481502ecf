/**
 * Every key of the executions table but the throttle's, which is with identity's.
 *
 * | item              | pk                       | sk                    |
 * | ----------------- | ------------------------ | --------------------- |
 * | run               | `RUN#<shard>`            | id, 16 digits         |
 * | payload, report   | `DATA#<run>`             | `PAYLOAD`, `REPORT#n` |
 * | session           | `POOL#<pool>#<shard>`    | session id            |
 * | connection        | `CONN#<connection>`      | `CONN`                |
 * | idempotency key   | `KEY#<sha-256>`          | `KEY`                 |
 * | exception         | `EXCEPTION#<shard>`      | exception id          |
 * | counter           | `COUNT`, `COUNT#<handler>` | `BASE`, `SHARD#<stream shard>` |
 *
 * The run rows are the list: a shard holds its runs in order of creation, so no index repeats them (docs/adr/0003).
 */
import { createHash } from 'node:crypto';
import { DEFINITION_PARTITIONS } from '../../contracts/definitions-table.ts';
import { EXECUTION_PARTITIONS } from '../../contracts/executions-table.ts';
import { RUN_SHARDS, runShard } from '../../domain/ids.ts';
import type { SessionRef } from '../../domain/session.ts';

export type Key = { readonly pk: string; readonly sk: string };

/** Digits of 2^53 − 1: padded ids sort as numbers do. */
const ID_DIGITS = 16;

export const RUN_PREFIX = 'RUN#';
export const runShardKey = (shard: number): string => `${RUN_PREFIX}${shard}`;
export const runSortKey = (id: string): string => id.padStart(ID_DIGITS, '0');
export const runIdOf = (sk: string): string => sk.replace(/^0+/, '');
export const runKey = (id: string): Key => ({ pk: runShardKey(runShard(id)), sk: runSortKey(id) });

export const payloadKey = (run: string): Key => ({ pk: `DATA#${run}`, sk: 'PAYLOAD' });
export const reportKey = (run: string, attempt: number): Key => ({ pk: `DATA#${run}`, sk: `REPORT#${attempt}` });

export const poolKey = (pool: string, shard: number): string => `POOL#${pool}#${shard}`;
export const sessionKey = ({ pool, shard, id }: SessionRef): Key => ({ pk: poolKey(pool, shard), sk: id });

export const connectionKey = (conn: string): Key => ({
  pk: `${EXECUTION_PARTITIONS.connection}${conn}`,
  sk: 'CONN',
});

export const idempotencyKey = (hash: string): Key => ({ pk: `${DEFINITION_PARTITIONS.idempotency}${hash}`, sk: 'KEY' });

export const exceptionKey = (id: string): Key => {
  const shard = createHash('sha256').update(id).digest().readUInt32BE(0) % RUN_SHARDS;
  return { pk: `EXCEPTION#${shard}`, sk: id };
};

export const countPartition = (handler: string | undefined): string =>
  handler === undefined ? 'COUNT' : `COUNT#${handler}`;
/** What was counted for stream shards that have ended. */
export const COUNT_BASE = 'BASE';
export const countShard = (streamShard: string): string => `SHARD#${streamShard}`;
export const countKey = (handler: string | undefined, part: string): Key => ({ pk: countPartition(handler), sk: part });

/** Index names, as the infrastructure declares them. */
export const READY_INDEX = 'ready';
export const HANDLER_INDEX = 'byHandler';
export const STATUS_INDEX = 'byStatus';
