import type { Job } from '../../domain/job/job.ts';
import { detailsOf } from '../../domain/job/wanted.ts';
import type { JobIndex, Ports } from '../ports/index.ts';
import type { FindJobsResult, JobBrief, Jobs, ListJobsInput, ListJobsResult } from './api.ts';
import { inBatches } from './in-batches.ts';
import type { ReadSpec } from './read-spec.ts';
import type { ViewJobs } from './view-jobs.ts';

/** Jobs that one request reads in search of matches. */
const MOST_EXAMINED = 2_000;
/** Rows fetched by id at a time. */
const BATCH = 100;
/** Ids that are passed over at a time on the way to an offset: keys alone, some 60 bytes each. */
const PASSED_AT_ONCE = 1_000;
/** An offset is as large at the most; a cursor that somebody wrote themselves must not cost more. */
const MOST_PASSED = 10_000;

/** A place in a list: behind so many of what follows the index's own cursor. */
type Place = { readonly cursor?: string; readonly skip: number };

const encode = ({ cursor = '', skip }: Place): string => Buffer.from(`${skip}:${cursor}`).toString('base64url');
const decode = (text: string): Place | undefined => {
  const [, skip, cursor] = /^(\d{1,5}):(.*)$/s.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  if (skip === undefined || cursor === undefined) {
    return undefined;
  }
  const place = { skip: Number(skip), ...(cursor === '' ? {} : { cursor }) };
  return place.skip <= MOST_PASSED && encode(place) === text ? place : undefined;
};

type Found = {
  readonly jobs: readonly Job[];
  /** Those seen that match. */
  readonly matched: number;
  readonly next?: Place;
  /** There may be more that match. */
  readonly partial: boolean;
};
type Matching = {
  readonly found: readonly { readonly job: Job; readonly behind: Place }[];
  /** Where reading stopped short of the end. */
  readonly stoppedAt?: Place;
};
const briefOf = (job: Job): JobBrief => ({ id: job.id, ...detailsOf(job) });
const BAD_CURSOR = { kind: 'bad_cursor' } as const;

const isIn = (job: Job, index: JobIndex): boolean => {
  switch (index.by) {
    case 'state':
      return job.state === index.state;
    case 'project':
      return job.state !== 'deleted' && job.project === index.project;
    case 'category':
      return job.state !== 'deleted' && job.category === index.category;
    default:
      return job.state !== 'deleted';
  }
};

/** Lists jobs. One condition is answered by an index; the others, and other orders, while reading. */
export const createListJobs = (
  { jobs }: Pick<Ports, 'jobs'>,
  { viewJobs, readSpec }: { readonly viewJobs: ViewJobs; readonly readSpec: ReadSpec },
): Pick<Jobs, 'list' | 'find' | 'describe'> => {
  const getAll = async (ids: readonly string[]): Promise<readonly Job[]> => {
    const batches = Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, at) =>
      ids.slice(at * BATCH, (at + 1) * BATCH),
    );
    return (await inBatches(batches, jobs.getMany)).flat();
  };

  /** The rows in the order of their ids. An index may lag: what has changed since is left out. */
  const fetchRows = async (ids: readonly string[], index: JobIndex): Promise<readonly Job[]> => {
    const rows = await getAll(ids);
    const byId = new Map(rows.map((job) => [job.id, job]));
    return ids.flatMap((id) => byId.get(id) ?? []).filter((job) => isIn(job, index));
  };

  const pageAt = (input: ListJobsInput, cursor: string | undefined, limit: number) =>
    jobs.list({
      ...{ index: input.index, descending: input.descending, limit },
      ...(cursor === undefined ? {} : { cursor }),
    });

  /** A page of the index as it is: it costs the same, however many jobs there are. */
  const readPage = async (input: ListJobsInput, from: Place): Promise<Found | typeof BAD_CURSOR> => {
    let { cursor, skip } = from;
    while (skip > 0) {
      const page = await pageAt(input, cursor, Math.min(skip, PASSED_AT_ONCE));
      if ('bad' in page) {
        return BAD_CURSOR;
      }
      skip -= page.ids.length;
      cursor = page.cursor;
      if (cursor === undefined) {
        return { jobs: [], matched: from.skip - skip, partial: false };
      }
    }
    const page = await pageAt(input, cursor, input.limit);
    if ('bad' in page) {
      return BAD_CURSOR;
    }
    return {
      jobs: await fetchRows(page.ids, input.index),
      matched: from.skip + page.ids.length,
      partial: false,
      ...(page.cursor === undefined ? {} : { next: { cursor: page.cursor, skip: 0 } }),
    };
  };

  /** All that match among the first 2,000 from a place on, with the place behind each. */
  const readMatching = async (input: ListJobsInput, from: Place): Promise<Matching | typeof BAD_CURSOR> => {
    const { matches = () => true } = input;
    const found: { job: Job; behind: Place }[] = [];
    let { cursor } = from;
    for (let examined = 0; examined < MOST_EXAMINED; examined += BATCH) {
      const start = cursor;
      const page = await pageAt(input, start, BATCH);
      if ('bad' in page) {
        return BAD_CURSOR;
      }
      const { ids } = page;
      const fresh = examined === 0 ? ids.slice(from.skip) : ids;
      for (const job of await fetchRows(fresh, input.index)) {
        if (matches(job)) {
          const skip = ids.indexOf(job.id) + 1;
          found.push({ job, behind: { skip, ...(start === undefined ? {} : { cursor: start }) } });
        }
      }
      cursor = page.cursor;
      if (cursor === undefined) {
        return { found };
      }
    }
    return { found, stoppedAt: { skip: 0, ...(cursor === undefined ? {} : { cursor }) } };
  };

  const readFiltered = async (input: ListJobsInput, from: Place): Promise<Found | typeof BAD_CURSOR> => {
    const { compare, limit } = input;
    const isOffset = 'offset' in input.from || compare !== undefined;
    const read = await readMatching(input, isOffset ? { skip: 0 } : from);
    if ('kind' in read) {
      return BAD_CURSOR;
    }
    const { found, stoppedAt } = read;
    const ordered = compare === undefined ? found : found.toSorted((a, b) => compare(a.job, b.job));
    const start = isOffset ? from.skip : 0;
    const page = ordered.slice(start, start + limit);
    const last = page.at(-1);
    const isMore = start + limit < ordered.length;
    // An order that no index has is cut by counting; else the page ends at a place in the index.
    const behind = compare === undefined ? last?.behind : { skip: start + limit };
    const next = isMore ? behind : compare === undefined ? stoppedAt : undefined;
    return {
      jobs: page.map(({ job }) => job),
      matched: found.length,
      partial: stoppedAt !== undefined,
      ...(next === undefined ? {} : { next }),
    };
  };

  /** How many there are by the index alone, where a counter knows. */
  const countOf = async (index: JobIndex): Promise<number | undefined> => {
    switch (index.by) {
      case 'word':
        return undefined;
      case 'project':
        return (await jobs.count({ project: index.project })).matching;
      case 'category':
        return (await jobs.count({ category: index.category })).matching;
      case 'state':
        return (await jobs.count()).states[index.state];
      default: {
        const { active, paused, disabled } = (await jobs.count()).states;
        return active + paused + disabled;
      }
    }
  };

  /** Nothing counts the jobs of a word, and nothing orders them: they are read like any other condition. */
  const isFiltered = ({ matches, compare, index }: ListJobsInput): boolean =>
    matches !== undefined || compare !== undefined || index.by === 'word';

  const read = async (input: ListJobsInput): Promise<Found | typeof BAD_CURSOR> => {
    const from = 'cursor' in input.from ? decode(input.from.cursor) : { skip: input.from.offset };
    if (from === undefined) {
      return BAD_CURSOR;
    }
    return isFiltered(input) ? readFiltered(input, from) : readPage(input, from);
  };

  return {
    list: async (input): Promise<ListJobsResult> => {
      const found = await read(input);
      if ('kind' in found) {
        return BAD_CURSOR;
      }
      const counted = isFiltered(input) ? undefined : await countOf(input.index);
      return {
        kind: 'page',
        jobs: await viewJobs(found.jobs),
        total: Math.max(found.matched, counted ?? 0),
        partial: found.partial,
        ...(found.next === undefined ? {} : { cursor: encode(found.next) }),
      };
    },
    find: async (input): Promise<FindJobsResult> => {
      const found = await read(input);
      if ('kind' in found) {
        return BAD_CURSOR;
      }
      const { jobs: rows, partial, next } = found;
      return {
        kind: 'page',
        jobs: rows.map(briefOf),
        partial,
        ...(next === undefined ? {} : { cursor: encode(next) }),
      };
    },
    describe: async (ids) => {
      const rows = (await getAll(ids)).filter(({ state }) => state !== 'deleted');
      return inBatches(rows, async (job) => {
        const metadata = job.hasMetadata ? (await readSpec(job.id, job.spec)).metadata : undefined;
        return { ...briefOf(job), ...(metadata === undefined ? {} : { metadata }) };
      });
    },
  };
};
