import { isRunId, runFamily } from '../../domain/ids.ts';
import { RUN_STATUSES, type Run, type RunStatus } from '../../domain/run.ts';
import type { Engine, ListInput } from '../api.ts';
import { JOB_RUNS, type Ports, type StatusCounts } from '../ports/index.ts';
import { createListSources, MOST_EXAMINED } from './list-sources.ts';
import type { ViewRun } from './view-run.ts';

const encodeCursor = (id: string): string => Buffer.from(id).toString('base64url');
const decodeCursor = (cursor: string, { families }: ListInput): string | undefined => {
  const id = Buffer.from(cursor, 'base64url').toString();
  return isRunId(id) && families.some((family) => family === runFamily(id)) && encodeCursor(id) === cursor
    ? id
    : undefined;
};

const total = (counts: StatusCounts, statuses: readonly RunStatus[]): number =>
  statuses.reduce((sum, status) => sum + Math.max(0, counts[status] ?? 0), 0);

/** A hidden run is as good as deleted. */
const isMatch = (run: Run, { handler, statuses, matches }: ListInput): boolean =>
  !run.hidden &&
  (handler === undefined || run.handler === handler) &&
  (statuses === undefined || statuses.includes(run.status)) &&
  (matches === undefined || matches(run));

/** The counters whose sum is the total of such a list; none, when only reading can tell. */
const countersOf = ({ families, job, handler, matches }: ListInput): readonly (string | undefined)[] | undefined =>
  job !== undefined || matches !== undefined || (handler !== undefined && families.includes('job'))
    ? undefined
    : families.map((family) => (family === 'job' ? JOB_RUNS : handler));

/** Without a further filter, a job's runs are counted by their ids, which is 20 times cheaper than by their rows. */
const isWholeJob = ({ job, handler, matches, statuses }: ListInput): boolean =>
  job !== undefined && handler === undefined && matches === undefined && statuses === undefined;

/** What reading came to: the matches of the page, and how many there were before it ended. */
type Reading = {
  readonly found: readonly Run[];
  readonly matched: number;
  /** Where the page ended, when there is more. */
  readonly last?: string;
  /** Nothing was left unread that may match. */
  readonly whole: boolean;
  /** Reading ended because so little matched. */
  readonly short: boolean;
};

/**
 * Lists runs, newest first or in an order of the caller's. What no index and no counter knows is found and counted while
 * reading, {@link MOST_EXAMINED} rows beyond those shown at most.
 */
export const createListRuns = (ports: Ports, viewRun: ViewRun): Engine['listRuns'] => {
  const { counts } = ports;
  const { jobIds, candidates } = createListSources(ports);

  /** Reads until the page is full; `counting`, on to the end. */
  const readInOrder = async (
    input: ListInput,
    before: string | undefined,
    skip: number,
    counting: boolean,
  ): Promise<Reading> => {
    const end = skip + input.limit;
    const { rows, complete } = await candidates(input, before, counting ? Math.max(end + 1, 500) : end + 1);
    const found: Run[] = [];
    let [matched, examined, last] = [0, 0, undefined as string | undefined];
    for await (const run of rows) {
      examined += 1;
      if (isMatch(run, input)) {
        matched += 1;
        if (matched > end && !counting) {
          return { found, matched, whole: false, short: !complete, ...(last !== undefined && { last }) };
        }
        if (matched > skip && matched <= end) {
          found.push(run);
        }
      }
      if (matched <= end) {
        last = run.id;
      }
      if (examined - Math.min(matched, end) >= MOST_EXAMINED) {
        return { found, matched, whole: false, short: true, ...(last !== undefined && { last }) };
      }
    }
    const more = matched > end;
    return { found, matched, whole: complete, short: !complete, ...(more && last !== undefined && { last }) };
  };

  /** Reads the first matches, sorts them, and gives the page of them. There is no cursor in such an order. */
  const readSorted = async (input: ListInput, compare: (a: Run, b: Run) => number, skip: number): Promise<Reading> => {
    const all = await readInOrder({ ...input, limit: MOST_EXAMINED }, undefined, 0, false);
    const found = [...all.found].sort(compare).slice(skip, skip + input.limit);
    return { found, matched: all.matched, whole: all.whole, short: !all.whole };
  };

  const totalOf = async (input: ListInput, { matched, whole }: Reading): Promise<number> => {
    if (whole && 'offset' in input.from) {
      // Read to its end from the start, the list has counted itself.
      return matched;
    }
    const { job, statuses } = input;
    const counters = countersOf(input);
    if (counters !== undefined) {
      const each = await Promise.all(counters.map((counter) => counts.read(counter)));
      const known = each.reduce((sum, count) => sum + total(count, statuses ?? RUN_STATUSES), 0);
      return Math.max(matched, known);
    }
    const ids = job !== undefined && isWholeJob(input) ? await jobIds(job)(undefined, MOST_EXAMINED) : [];
    return Math.max(matched, ids.length);
  };

  return async (input) => {
    const { from, compare } = input;
    const before = 'cursor' in from ? decodeCursor(from.cursor, input) : undefined;
    if ('cursor' in from && (before === undefined || compare !== undefined)) {
      return { kind: 'bad_cursor' };
    }
    const skip = 'offset' in from ? from.offset : 0;
    const counting = countersOf(input) === undefined && !isWholeJob(input);
    const reading =
      compare === undefined ? await readInOrder(input, before, skip, counting) : await readSorted(input, compare, skip);
    return {
      kind: 'page',
      runs: await Promise.all(reading.found.map(viewRun)),
      total: await totalOf(input, reading),
      partial: reading.short,
      ...(reading.last === undefined ? {} : { cursor: encodeCursor(reading.last) }),
    };
  };
};
