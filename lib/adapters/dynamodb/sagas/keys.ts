/**
 * Every key of flows and transactions. In the definitions table:
 *
 * | item        | pk           | sk                            |
 * | ----------- | ------------ | ----------------------------- |
 * | flow        | `FLOW#<id>`  | `FLOW`                        |
 * | version     | `FLOW#<id>`  | `VERSION#<version, 6 digits>` |
 * | unique name | `NAME#FLOW`  | name                          |
 * | count       | `TALLY#FLOW` | `COUNT`                       |
 *
 * In the executions table:
 *
 * | item        | pk                       | sk                    |
 * | ----------- | ------------------------ | --------------------- |
 * | transaction | `SAGA#<shard>`           | number, 16 digits     |
 * | instance    | `INSTANCE#<instance id>` | `INSTANCE`            |
 * | exception   | `SAGA_EXCEPTION#<shard>` | id, 16 digits         |
 *
 * The runs of its steps are under {@link ../keys.ts}. The name of an instance has no end: an instance id that was used is
 * never executed again, though its row has expired.
 */
import { DEFINITION_PARTITIONS } from '../../../contracts/definitions-table.ts';
import { COUNTED_PARTITIONS } from '../../../contracts/executions-table.ts';
import { runIdOfOrder, runOrder, runShard } from '../../../domain/ids.ts';
import type { Key } from '../keys.ts';

const VERSION_DIGITS = 6;

export const flowKey = (id: string): Key => ({ pk: `${DEFINITION_PARTITIONS.flow}${id}`, sk: 'FLOW' });
export const flowVersionKey = (id: string, version: number): Key => ({
  pk: `${DEFINITION_PARTITIONS.flow}${id}`,
  sk: `VERSION#${String(version).padStart(VERSION_DIGITS, '0')}`,
});
export const flowNameKey = (name: string): Key => ({ pk: `${DEFINITION_PARTITIONS.name}FLOW`, sk: name });
export const FLOW_COUNT: Key = { pk: `${DEFINITION_PARTITIONS.definitionCounts}FLOW`, sk: 'COUNT' };

export const instanceKey = (instance: string): Key => ({ pk: `INSTANCE#${instance}`, sk: 'INSTANCE' });

/** Numbers and ids are plain ids: their text in a sort key has the order of creation. */
export const sagaPartition = (shard: number): string => `${COUNTED_PARTITIONS.saga}${shard}`;
export const sagaKey = (no: string): Key => ({ pk: sagaPartition(runShard(no)), sk: runOrder(no) });
export const sagaExceptionPartition = (shard: number): string => `${COUNTED_PARTITIONS.sagaException}${shard}`;
export const sagaExceptionKey = (id: string): Key => ({ pk: sagaExceptionPartition(runShard(id)), sk: runOrder(id) });
export const idOfSortKey = (sk: unknown): string => runIdOfOrder(String(sk));
