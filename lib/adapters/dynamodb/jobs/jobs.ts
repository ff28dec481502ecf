import type { JobCounts, JobIndex, JobPage, JobStore } from '../../../application/ports/index.ts';
import { type Gap, JOB_STATES, type Job, type JobSpec } from '../../../domain/job/job.ts';
import { jobWords, wordsOf } from '../../../domain/job/words.ts';
import { decodeCursor, encodeCursor, type Place } from '../../job-cursor.ts';
import { partitionParams } from '../actions.ts';
import type { Table } from '../client.ts';
import type { Item } from '../conditional.ts';
import { isKey } from '../key-limits.ts';
import { queryRows, readRow, readRows } from '../read.ts';
import { transact, writeAll } from '../transact.ts';
import { createBackfillStore } from './backfills.ts';
import { gapsParams } from './gap-params.ts';
import { decodeJob } from './job-codec.ts';
import { createJobActions, type Worded, writeJobActions } from './job-params.ts';
import { categoryTally, JOB_TALLY, jobKey, jobNameKey, projectTally, specKey, wordOf } from './keys.ts';
import { isEmptyIndex, listJobsParams, listWordsParams, placeInIndex, type RowIndex } from './list-params.ts';
import { isFirstFound } from './word-rows.ts';

const withoutKeys = (item: Item | undefined): Item | undefined => {
  if (item === undefined) {
    return undefined;
  }
  const { pk: _pk, sk: _sk, ...fields } = item;
  return fields;
};

const toPage = (places: readonly Place[], limit: number): JobPage => {
  const page = places.slice(0, limit);
  const last = page.at(-1);
  return {
    ids: page.map(({ id }) => id),
    ...(places.length > limit && last !== undefined ? { cursor: encodeCursor(last) } : {}),
  };
};

/** @param makeOp a fresh token for each call (rule W1) */
export const createJobStore = (table: Table, makeOp: () => string): JobStore => {
  const tableName = table.name;

  const getSpec = async (id: string, version: number): Promise<JobSpec | undefined> =>
    withoutKeys(await readRow(table, specKey(id, version))) as JobSpec | undefined;

  /** Texts that may change: the payload of a version is read only where its words are at stake. */
  const withWords = async (before: Job, after: Job, spec: JobSpec | undefined): Promise<readonly [Worded, Worded]> => {
    const textOf = ({ name, description, state }: Job) => JSON.stringify([name, description, state === 'deleted']);
    if (spec === undefined && textOf(before) === textOf(after)) {
      return [
        { job: before, words: [] },
        { job: after, words: [] },
      ];
    }
    const old = before.payload ?? (await getSpec(before.id, before.spec))?.payload ?? '';
    const words = (job: Job, payload: string) => (job.state === 'deleted' ? [] : jobWords(job, payload));
    return [
      { job: before, words: words(before, old) },
      { job: after, words: words(after, spec?.payload ?? old) },
    ];
  };

  /** Rows of an index or of words, one more than the page has: whether there is another page. */
  const placesInIndex = async (index: RowIndex, descending: boolean, from: Place | undefined, limit: number) => {
    const params = listJobsParams(index, { descending, from });
    const rows = await queryRows(table, params, limit + 1, 'eventual');
    return rows.map((row) => placeInIndex(index, row));
  };
  const placesOfWord = async (word: string, descending: boolean, from: Place | undefined, limit: number) => {
    const places: Place[] = [];
    for (let at = from; ; ) {
      const wanted = limit + 1 - places.length;
      const rows = await queryRows(table, listWordsParams(word, { descending, from: at }), wanted, 'eventual');
      const found = rows.map(({ sk, shared }) => ({ ...wordOf(String(sk)), shared: Number(shared) }));
      places.push(
        ...found.filter(({ shared }) => isFirstFound(word, shared)).map((row) => ({ id: row.id, value: row.word })),
      );
      const last = found.at(-1);
      if (last === undefined || found.length < wanted || places.length > limit) {
        return places;
      }
      at = { id: last.id, value: last.word };
    }
  };

  const places = async (index: JobIndex, descending: boolean, from: Place | undefined, limit: number) => {
    if (index.by === 'word') {
      const [word] = wordsOf(index.prefix);
      return word === undefined ? [] : placesOfWord(word, descending, from, limit);
    }
    return isEmptyIndex(index) ? [] : placesInIndex(index, descending, from, limit);
  };

  const sumOf = async (partition: string, attributes: readonly string[]): Promise<Record<string, number>> => {
    const rows = isKey({ pk: partition, sk: '0' }) ? await queryRows(table, partitionParams(partition)) : [];
    const sum = (attribute: string) => rows.reduce((total, row) => total + Number(row[attribute] ?? 0), 0);
    return Object.fromEntries(attributes.map((attribute) => [attribute, sum(attribute)]));
  };

  return {
    create: async (job, spec) => {
      const op = makeOp();
      const worded = { job, words: job.state === 'deleted' ? [] : jobWords(job, spec.payload) };
      const written = await transact(table, createJobActions(worded, spec, op, tableName), op);
      if (written.kind === 'done') {
        return { kind: 'created' };
      }
      return { kind: written.by.has('row') ? 'exists' : 'name_taken' };
    },

    get: async (id, reading) => decodeJob(await readRow(table, jobKey(id), reading)),

    getMany: async (ids) => {
      const rows = await readRows(
        table,
        [...new Set(ids)].map((id) => jobKey(id)),
        'eventual',
      );
      return rows.flatMap((row) => decodeJob(row) ?? []);
    },

    write: async (before, after, also = {}) => {
      const [old, current] = await withWords(before, after, also.spec);
      const op = makeOp();
      const written = await writeAll(table, writeJobActions(old, current, also, op, tableName), op);
      if (written.kind === 'done') {
        return { kind: 'done' };
      }
      // First of all the row: what was decided on an old version says nothing of the names of now.
      return { kind: written.by.has('row') || !written.by.has('name') ? 'changed' : 'name_taken' };
    },

    getSpec,

    findId: async (project, name) => {
      const key = jobNameKey({ project, name });
      return isKey(key) ? ((await readRow(table, key))?.holder as string | undefined) : undefined;
    },

    list: async ({ index, descending, cursor, limit }) => {
      const from = cursor === undefined ? undefined : decodeCursor(index, cursor);
      return cursor !== undefined && from === undefined
        ? { bad: 'cursor' }
        : toPage(await places(index, descending, from, limit), limit);
    },

    count: async (of) => {
      const partition = of && ('project' in of ? projectTally(of.project) : categoryTally(of.category));
      const [states, matching] = await Promise.all([
        sumOf(JOB_TALLY, JOB_STATES) as Promise<JobCounts['states']>,
        partition === undefined ? undefined : sumOf(partition, ['jobs']),
      ]);
      return { states, ...(matching && { matching: matching.jobs ?? 0 }) };
    },

    gaps: async (id, from, to) => {
      const rows = await queryRows(table, gapsParams(id, from, to));
      return rows.map((row) => withoutKeys(row) as Gap).sort((a, b) => a.from - b.from);
    },

    backfills: createBackfillStore(table, makeOp),
  };
};
