import type { Backfill, JobCounts, JobStore } from '../../../application/ports/index.ts';
import { type Gap, JOB_STATES, type Job, type JobSpec } from '../../../domain/job/job.ts';
import { jobWords, wordsOf } from '../../../domain/job/words.ts';
import { decodeCursor, type Place } from '../../job-cursor.ts';
import { createMemoryBackfillStore } from './backfills.ts';
import { comparePlaces, createJobTable, toPage } from './job-table.ts';

const nameKey = ({ project, name }: Pick<Job, 'project' | 'name'>): string => JSON.stringify([project, name]);
const specKey = (id: string, version: number): string => JSON.stringify([id, version]);
const holdsName = ({ state }: Job): boolean => state !== 'deleted';

/** Told of every change of a row; `gap` was written with it. */
export type JobFeed = {
  readonly onJob: (before: Job | undefined, after: Job, gap: Gap | undefined) => void;
  readonly onBackfill: (before: Backfill | undefined, after: Backfill) => void;
};
const NOBODY: JobFeed = { onJob: () => undefined, onBackfill: () => undefined };

/** The jobs in this process: the twin of the DynamoDB adapter, condition by condition. Each call is one step, as a transaction is. */
export const createMemoryJobStore = ({ onJob, onBackfill }: JobFeed = NOBODY): JobStore => {
  const table = createJobTable();
  const specs = new Map<string, JobSpec>();
  const names = new Map<string, string>();
  const words = new Map<string, readonly string[]>();
  const gaps = new Map<string, readonly Gap[]>();

  const put = (before: Job | undefined, after: Job, gap?: Gap): void => {
    if (before !== undefined && holdsName(before)) {
      names.delete(nameKey(before));
    }
    if (holdsName(after)) {
      names.set(nameKey(after), after.id);
    }
    words.set(
      after.id,
      holdsName(after) ? jobWords(after, specs.get(specKey(after.id, after.spec))?.payload ?? '') : [],
    );
    table.put(after);
    onJob(before, after, gap);
  };

  const isTaken = (job: Job): boolean => {
    const holder = holdsName(job) ? names.get(nameKey(job)) : undefined;
    return holder !== undefined && holder !== job.id;
  };

  /** Where a job has several such words, it stands at the first of them. */
  const placesOfWord = (prefix: string): readonly Place[] =>
    [...words]
      .flatMap(([id, all]) => {
        const [value] = all.filter((word) => word.startsWith(prefix)).sort();
        return value === undefined ? [] : [{ id, value }];
      })
      .sort(comparePlaces);

  return {
    create: async (job, spec) => {
      if (table.find(job.id) !== undefined) {
        return { kind: 'exists' };
      }
      if (isTaken(job)) {
        return { kind: 'name_taken' };
      }
      specs.set(specKey(job.id, job.spec), spec);
      put(undefined, job);
      return { kind: 'created' };
    },
    get: async (id) => table.find(id),
    getMany: async (ids) => ids.flatMap((id) => table.find(id) ?? []),
    write: async (before, after, { spec, gap } = {}) => {
      const row = table.find(before.id);
      if (row?.version !== before.version) {
        return { kind: 'changed' };
      }
      if (isTaken(after)) {
        return { kind: 'name_taken' };
      }
      if (spec !== undefined) {
        specs.set(specKey(after.id, after.spec), spec);
      }
      if (gap !== undefined) {
        gaps.set(after.id, [...(gaps.get(after.id) ?? []), gap]);
      }
      put(row, after, gap);
      return { kind: 'done' };
    },
    getSpec: async (id, version) => specs.get(specKey(id, version)),
    findId: async (project, name) => names.get(nameKey({ project, name })),
    list: async ({ index, descending, cursor, limit }) => {
      const from = cursor === undefined ? undefined : decodeCursor(index, cursor);
      if (cursor !== undefined && from === undefined) {
        return { bad: 'cursor' };
      }
      if (index.by !== 'word') {
        return table.page(index, descending, from, limit);
      }
      const [word] = wordsOf(index.prefix);
      const places = word === undefined ? [] : placesOfWord(word);
      const directed = descending ? places.toReversed() : places;
      const sign = descending ? -1 : 1;
      return toPage(
        directed.filter((place) => from === undefined || sign * comparePlaces(place, from) > 0),
        limit,
      );
    },
    count: async (of) => {
      const states = Object.fromEntries(JOB_STATES.map((state) => [state, 0])) as Record<Job['state'], number>;
      let matching = 0;
      for (const job of table.all()) {
        states[job.state] += 1;
        const matches =
          of !== undefined && ('project' in of ? job.project === of.project : job.category === of.category);
        matching += matches && job.state !== 'deleted' ? 1 : 0;
      }
      const counts: JobCounts = of === undefined ? { states } : { states, matching };
      return counts;
    },
    gaps: async (id, from, to) =>
      (gaps.get(id) ?? []).filter((gap) => gap.from < to && gap.to > from).sort((a, b) => a.from - b.from),
    backfills: createMemoryBackfillStore(onBackfill),
  };
};
