/**
 * Every key of jobs in the definitions table.
 *
 * | item        | pk                                                       | sk                           |
 * | ----------- | -------------------------------------------------------- | ---------------------------- |
 * | job         | `JOB#<id>`                                               | `JOB`                        |
 * | version     | `JOB#<id>`                                               | `SPEC#<version, 8 digits>`   |
 * | gap         | `JOB#<id>`                                               | `GAP#<to>#<from>#<reason>`, 15 digits each |
 * | backfill    | `JOB#<id>`                                               | `BACKFILL#<id, 16 digits>`   |
 * | unique name | `NAME#JOB#<project>`                                     | name                         |
 * | word        | `WORD#JOB#<first character>`                             | `<word>#<id, 16 digits>`     |
 * | counts      | `TALLY#JOB`, `TALLY#PROJECT#<project>`, `TALLY#CATEGORY#<category>` | shard             |
 *
 * One character and not two begins a word's partition, so that a search for one character has an answer too.
 */
import { DEFINITION_PARTITIONS } from '../../../contracts/definitions-table.ts';
import type { Gap, Job } from '../../../domain/job/job.ts';
import type { Key } from '../keys.ts';

/** Digits of 2^53 − 1. */
const ID_DIGITS = 16;
const INSTANT_DIGITS = 15;
const VERSION_DIGITS = 8;

/** Text whose order is that of creation. */
export const placeOf = (id: string): string => id.padStart(ID_DIGITS, '0');
export const idOfPlace = (place: string): string => place.replace(/^0+/, '');

const instant = (at: number): string => String(at).padStart(INSTANT_DIGITS, '0');

export const jobPartition = (id: string): string => `${DEFINITION_PARTITIONS.job}${id}`;
export const jobKey = (id: string): Key => ({ pk: jobPartition(id), sk: 'JOB' });
export const jobIdOf = (pk: string): string => pk.slice(DEFINITION_PARTITIONS.job.length);

export const specKey = (id: string, version: number): Key => ({
  pk: jobPartition(id),
  sk: `SPEC#${String(version).padStart(VERSION_DIGITS, '0')}`,
});

const GAP = 'GAP#';
/** Ordered by their ends: those that end after an instant are one stretch. */
export const gapKey = (id: string, { to, from, reason }: Gap): Key => ({
  pk: jobPartition(id),
  sk: `${GAP}${instant(to)}#${instant(from)}#${reason}`,
});
export const gapsAfter = (at: number): string => `${GAP}${instant(Math.max(0, at + 1))}`;
/** Above every gap: `:` follows the digits. */
export const GAPS_END = `${GAP}:`;

export const BACKFILLS = 'BACKFILL#';
export const backfillKey = (job: string, id: string): Key => ({
  pk: jobPartition(job),
  sk: `${BACKFILLS}${placeOf(id)}`,
});

export const jobNameKey = ({ project, name }: Pick<Job, 'project' | 'name'>): Key => ({
  pk: `${DEFINITION_PARTITIONS.name}JOB#${project}`,
  sk: name,
});

export const wordPartition = (word: string): string =>
  `${DEFINITION_PARTITIONS.word}JOB#${String.fromCodePoint(word.codePointAt(0) ?? 0)}`;
/** No word has a `#`. */
export const wordSortKey = (word: string, id: string): string => `${word}#${placeOf(id)}`;
export const wordKey = (word: string, id: string): Key => ({ pk: wordPartition(word), sk: wordSortKey(word, id) });
export const wordOf = (sk: string): { readonly word: string; readonly id: string } => {
  const mark = sk.lastIndexOf('#');
  return { word: sk.slice(0, mark), id: idOfPlace(sk.slice(mark + 1)) };
};

/** Jobs that are created or changed in one moment seldom count in the same item: a transaction refuses its neighbour there. */
const TALLY_SHARDS = 16;
const tallyShard = (id: string): string => String(Number(id) % TALLY_SHARDS);
export const JOB_TALLY = `${DEFINITION_PARTITIONS.definitionCounts}JOB`;
export const projectTally = (project: string): string => `${DEFINITION_PARTITIONS.definitionCounts}PROJECT#${project}`;
export const categoryTally = (category: string): string =>
  `${DEFINITION_PARTITIONS.definitionCounts}CATEGORY#${category}`;
export const tallyKey = (partition: string, id: string): Key => ({ pk: partition, sk: tallyShard(id) });
