/**
 * Every key of the executions table but the throttle's, which is with identity's.
 *
 * | item              | pk                       | sk                    |
 * | ----------------- | ------------------------ | --------------------- |
 * | run               | `RUN#<shard>`            | id, 16 digits         |
 * | run of a job      | `JOB_RUN#<shard>`        | `<instant>.<job>[.n]` |
 * | run of a step     | `STEP_RUN#<transaction>` | `<transaction, 16 digits>~<step>~<n>`, `…~c<n>` |
 * | payload, report   | `DATA#<run>`             | `PAYLOAD`, `REPORT#n` |
 * | piece of an output | `DATA#<run>`            | `OUTPUT#<attempt>#<piece>` |
 * | session           | `POOL#<pool>#<shard>`    | session id            |
 * | connection        | `CONN#<connection>`      | `CONN`                |
 * | idempotency key   | `KEY#<sha-256>`          | `KEY`                 |
 * | exception         | `EXCEPTION#<shard>`      | exception id          |
 * | counter           | `COUNT`, `COUNT#<name>`  | `BASE`, `SHARD#<stream shard>` |
 * | counter of an hour | `COUNT_HOURS`, `COUNT_HOURS#<name>` | `<hour>#<stream shard>` |
 *
 * The run rows are the list: a shard holds its runs in order of creation, so no index repeats them (docs/adr/0003).
 */
import { createHash } from 'node:crypto';
import { DEFINITION_PARTITIONS } from '../../contracts/definitions-table.ts';
import { COUNTED_PARTITIONS, EXECUTION_PARTITIONS } from '../../contracts/executions-table.ts';
import { type ListedFamily, RUN_SHARDS, runFamily, runOrder, runShard } from '../../domain/ids.ts';
import type { SessionRef } from '../../domain/session.ts';

export type Key = { readonly pk: string; readonly sk: string };

const RUN_PREFIX: Readonly<Record<ListedFamily, string>> = {
  plain: COUNTED_PARTITIONS.run,
  job: COUNTED_PARTITIONS.jobRun,
};
export const runShardKey = (family: ListedFamily, shard: number): string => `${RUN_PREFIX[family]}${shard}`;
/** @param saga number of a transaction */
export const stepRunPartition = (saga: string): string => `STEP_RUN#${saga}`;
export const runKey = (id: string): Key => {
  const family = runFamily(id);
  const pk = family === 'step' ? stepRunPartition(id.slice(0, id.indexOf('~'))) : runShardKey(family, runShard(id));
  return { pk, sk: runOrder(id) };
};

export const dataPartition = (run: string): string => `DATA#${run}`;
export const payloadKey = (run: string): Key => ({ pk: dataPartition(run), sk: 'PAYLOAD' });
export const reportKey = (run: string, attempt: number): Key => ({ pk: dataPartition(run), sk: `REPORT#${attempt}` });

export const outputKey = (run: string, attempt: number, piece: number): Key => ({
  pk: dataPartition(run),
  sk: `OUTPUT#${attempt}#${piece}`,
});

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

export const countPartition = (counter: string | undefined): string =>
  counter === undefined ? 'COUNT' : `COUNT#${counter}`;
/** What was counted for stream shards that have ended. */
export const COUNT_BASE = 'BASE';
export const countShard = (streamShard: string): string => `SHARD#${streamShard}`;
export const countKey = (counter: string | undefined, part: string): Key => ({
  pk: countPartition(counter),
  sk: part,
});

/** @param of the counter; absent: that of all runs */
export const hoursPartition = (of?: string): string => (of === undefined ? 'COUNT_HOURS' : `COUNT_HOURS#${of}`);
/** @property hour epoch ms of its beginning; hours sort as text, having as many digits until the year 2286 */
export const hourKey = ({ hour, of }: { readonly hour: number; readonly of?: string }, streamShard: string): Key => ({
  pk: hoursPartition(of),
  sk: `${hour}#${streamShard}`,
});

/** Index names, as the infrastructure declares them. */
export const READY_INDEX = 'ready';
export const ORIGIN_INDEX = 'byOrigin';
export const STATUS_INDEX = 'byStatus';
