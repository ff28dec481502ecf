/**
 * Every key of the fleet. In the definitions table:
 *
 * | item        | pk                            | sk         |
 * | ----------- | ----------------------------- | ---------- |
 * | worker      | `WORKER#<id>`                 | `WORKER`   |
 * | category    | `CATEGORY#<id>`               | `CATEGORY` |
 * | unique name | `NAME#WORKER`, `NAME#CATEGORY` | name, code |
 * | count       | `TALLY#WORKER`, `TALLY#CATEGORY` | `COUNT`  |
 *
 * In the executions table:
 *
 * | item          | pk              | sk                                        |
 * | ------------- | --------------- | ----------------------------------------- |
 * | lease         | `LEASE#<key>`   | `LEASE`                                   |
 * | log           | `LOG#<run>`     | `HEAD`                                    |
 * | piece of it   | `LOG#<run>`     | `<text>#<position, 12 digits>`            |
 * | list of logs  | `LOGS#<shard>`  | `<creation, 15 digits>#<run>`             |
 * | needs         | `NEEDS#<pool>`  | queue                                     |
 *
 * A log that is written anew has another `<text>`: what the old one left behind is nobody's, and expires.
 */
import { DEFINITION_PARTITIONS } from '../../../contracts/definitions-table.ts';
import { runShard } from '../../../domain/ids.ts';
import type { Key } from '../keys.ts';

export const workerKey = (id: string): Key => ({ pk: `${DEFINITION_PARTITIONS.worker}${id}`, sk: 'WORKER' });
export const workerNameKey = (name: string): Key => ({ pk: `${DEFINITION_PARTITIONS.name}WORKER`, sk: name });
export const WORKER_COUNT: Key = { pk: `${DEFINITION_PARTITIONS.definitionCounts}WORKER`, sk: 'COUNT' };

export const categoryKey = (id: string): Key => ({ pk: `${DEFINITION_PARTITIONS.category}${id}`, sk: 'CATEGORY' });
export const categoryCodeKey = (code: string): Key => ({ pk: `${DEFINITION_PARTITIONS.name}CATEGORY`, sk: code });
export const CATEGORY_COUNT: Key = { pk: `${DEFINITION_PARTITIONS.definitionCounts}CATEGORY`, sk: 'COUNT' };

export const leaseKey = (key: string): Key => ({ pk: `LEASE#${key}`, sk: 'LEASE' });

const POSITION_DIGITS = 12;
export const logPartition = (run: string): string => `LOG#${run}`;
export const logHeadKey = (run: string): Key => ({ pk: logPartition(run), sk: 'HEAD' });
/** @param text which writing of the log it belongs to */
export const pieceSortKey = (text: string, position: number): string =>
  `${text}#${String(position).padStart(POSITION_DIGITS, '0')}`;
export const pieceKey = (run: string, text: string, position: number): Key => ({
  pk: logPartition(run),
  sk: pieceSortKey(text, position),
});
export const positionOf = (sk: string): number => Number(sk.slice(sk.lastIndexOf('#') + 1));

/** As the rows of runs are: a partition takes 1,000 writes/s, and each log writes here once. */
const INSTANT_DIGITS = 15;
export const logListPartition = (shard: number): string => `LOGS#${shard}`;
export const logListSortKey = ({ run, createdAt }: { readonly run: string; readonly createdAt: number }): string =>
  `${String(createdAt).padStart(INSTANT_DIGITS, '0')}#${run}`;
export const logListKey = (log: { readonly run: string; readonly createdAt: number }): Key => ({
  pk: logListPartition(runShard(log.run)),
  sk: logListSortKey(log),
});
export const runOfLogList = (sk: string): string => sk.slice(INSTANT_DIGITS + 1);

export const needsPartition = (pool: string): string => `NEEDS#${pool}`;
