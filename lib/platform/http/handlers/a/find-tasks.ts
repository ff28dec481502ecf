/**
 * Which runs API A's filters mean. What a run's row does not tell (the project, category and name of a job's run) is looked up
 * among the jobs first: those that match are found by their own indexes, and runs of others are passed over while reading.
 */
import type { Engine, ListInput, ListResult, RunView } from '../../../../application/api.ts';
import type { Workers } from '../../../../application/fleet/workers-api.ts';
import type { JobBrief, Jobs } from '../../../../application/jobs/api.ts';
import type { JobIndex } from '../../../../application/ports/index.ts';
import { TASK_STATUSES, type TaskStatus } from '../../../../contracts/http/a/task.ts';
import type { ListTasksQuery } from '../../../../contracts/http/a/task-inputs.ts';
import { compareRunIds, isPlainId } from '../../../../domain/ids.ts';
import { wordsOf } from '../../../../domain/job/words.ts';
import type { Run } from '../../../../domain/run.ts';
import { formOf, type JobOfTask } from './task-view.ts';
import { RUN_STATUSES_OF, statusOf } from './task-words.ts';
import { timeoutMsOf, workOf } from './work.ts';

export type FindTasksEngine = Pick<Engine, 'listRuns'> & {
  readonly jobs: Pick<Jobs, 'find' | 'describe'>;
  readonly workers: Pick<Workers, 'get'>;
};

export type TaskFilters = Partial<Omit<ListTasksQuery, 'page' | 'page_size' | 'cursor' | 'ordering' | 'id'>>;
type Ordering = ListTasksQuery['ordering'];

type Known = ReadonlyMap<string, JobBrief>;

/** Jobs whose runs a list looks for, at most. */
const MOST_JOBS = 2_000;
const BOTH = ['plain', 'job'] as const;

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const longest = (words: readonly string[]): string | undefined => [...words].sort((a, b) => b.length - a.length)[0];

/** What a task of a cron job is called after: the name of the job. */
const jobNameOf = (name: string): string => name.replace(/-\d{8}-\d{6}$/, '');

/** Every filter whose answer lies with the job. */
const asksJobs = ({ project, category, name, name__contains, search }: TaskFilters): boolean =>
  [project, category, name, name__contains, search].some((value) => value !== undefined);

const jobIndexOf = ({ project, category, name, search }: TaskFilters): JobIndex => {
  const word = longest(wordsOf(search ?? (name === undefined ? '' : jobNameOf(name))));
  if (word !== undefined) {
    return { by: 'word', prefix: word };
  }
  if (project !== undefined) {
    return { by: 'project', project };
  }
  return category === undefined ? { by: 'creation' } : { by: 'category', category };
};

/** The jobs that the filters may mean. `all`: there are no others. */
const readJobs = async (
  jobs: Pick<Jobs, 'find'>,
  filters: TaskFilters,
): Promise<{ readonly known: Known; readonly all: boolean }> => {
  const { project, category, name, name__contains } = filters;
  const page = await jobs.find({
    index: jobIndexOf(filters),
    descending: true,
    matches: (job) =>
      (project === undefined || job.project === project) &&
      (category === undefined || job.category === category) &&
      (name === undefined || job.name === jobNameOf(name)) &&
      // The instant of a run is part of its name, too.
      (name__contains === undefined || /\d/.test(name__contains) || job.name.includes(name__contains)),
    limit: MOST_JOBS,
    from: { offset: 0 },
  });
  return page.kind === 'bad_cursor'
    ? { known: new Map(), all: false }
    : { known: new Map(page.jobs.map((job) => [job.id, job])), all: page.cursor === undefined && !page.partial };
};

/** Of a command that lies beside its row that cannot be told. */
const holdsText = (run: Run, known: Known, search: string): boolean => {
  const job = run.job === undefined ? undefined : known.get(run.job);
  if (job !== undefined) {
    return true;
  }
  const { handler, payload = '{}', priority } = run;
  const { name, description } = formOf(run, undefined);
  const { command } = workOf({ handler, payload, priority, kept: undefined });
  return [name, description, command].some((text) => text.toLowerCase().includes(search));
};

const isTaskStatus = (word: string): word is TaskStatus => TASK_STATUSES.some((status) => status === word);

/** @param workers names of the worker that is asked for */
const matcherOf = (filters: TaskFilters, known: Known, workers: readonly string[]): ((run: Run) => boolean) => {
  const { project, category, name, name__contains, status, worker_id, is_group, task_order } = filters;
  const { timeout, is_standalone, start_time, end_time } = filters;
  const search = filters.search?.toLowerCase();
  const byJob = asksJobs(filters);
  return (run) => {
    const job = run.job === undefined ? undefined : known.get(run.job);
    if (byJob && run.job !== undefined && job === undefined && run.task === undefined) {
      return false;
    }
    const form = formOf(run, job);
    return (
      (project === undefined || form.project === project) &&
      (category === undefined || form.category === category) &&
      (name === undefined || form.name === name) &&
      (name__contains === undefined || form.name.includes(name__contains)) &&
      (status === undefined || statusOf(run) === status) &&
      (worker_id === undefined || (run.worker !== undefined && workers.includes(run.worker))) &&
      (is_group === undefined || (form.isGroup === true) === is_group) &&
      (task_order === undefined || (form.taskOrder ?? 0) === task_order) &&
      (timeout === undefined || run.timeoutMs === timeoutMsOf(timeout)) &&
      (is_standalone === undefined || (form.isStandalone === true) === is_standalone) &&
      (start_time === undefined || run.createdAt >= start_time) &&
      (end_time === undefined || run.createdAt <= end_time) &&
      (search === undefined || holdsText(run, known, search))
    );
  };
};

const nameOf = (run: Run, known: Known): string =>
  formOf(run, run.job === undefined ? undefined : known.get(run.job)).name;

type Compare = (a: Run, b: Run, known: Known) => number;
const COMPARE: Readonly<Record<Ordering[number]['field'], Compare>> = {
  created_at: (a, b) => a.createdAt - b.createdAt,
  time_plan: (a, b) => a.executeAt - b.executeAt,
  time_start: (a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0),
  time_end: (a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0),
  name: (a, b, known) => byText(nameOf(a, known), nameOf(b, known)),
  status: (a, b) => byText(statusOf(a), statusOf(b)),
  task_order: (a, b) => (a.task?.taskOrder ?? 0) - (b.task?.taskOrder ?? 0),
};

const compareBy =
  (ordering: Ordering, known: Known) =>
  (a: Run, b: Run): number => {
    for (const { field, descending } of ordering) {
      const order = COMPARE[field](a, b, known);
      if (order !== 0) {
        return descending ? -order : order;
      }
    }
    return compareRunIds(b.id, a.id);
  };

/** The order that runs lie in. */
const isNewestFirst = ([first, ...rest]: Ordering): boolean =>
  rest.length === 0 && (first === undefined || (first.field === 'created_at' && first.descending));

const isEmpty = (filters: TaskFilters): boolean =>
  Object.entries(filters).every(([name, value]) => value === undefined || name === 'cronjob' || name === 'status');

/** A status that stands for whole statuses of runs needs no further look; the others are told apart run by run. */
const isWholeStatus = (status: TaskStatus): boolean =>
  RUN_STATUSES_OF[status].every((runStatus) => statusOf({ status: runStatus }) === status) &&
  status !== 'pending' &&
  status !== 'failed';

const NOTHING: ListResult = { kind: 'page', runs: [], total: 0, partial: false };

/** The cursor of the engine's lists of runs: the id of the last one seen. */
const cursorAt = (id: string): string => Buffer.from(id).toString('base64url');
const placeAt = (cursor: string): Pick<Run, 'id'> => ({ id: Buffer.from(cursor, 'base64url').toString() });
const newestFirst = (a: Pick<Run, 'id'>, b: Pick<Run, 'id'>): number => compareRunIds(b.id, a.id);

export const createFindTasks = ({ jobs, workers, listRuns }: FindTasksEngine) => {
  /** A run knows its worker by name; a worker without an id of its own has its name for one. */
  const namesOf = async (worker: string | undefined): Promise<readonly string[]> => {
    const row = worker === undefined ? undefined : await workers.get(worker);
    return [worker, row?.name].flatMap((name) => name ?? []);
  };

  /** A cron job's tasks are its own runs, and those that a client has said to be of it: two lists, made one. */
  const listOfCronjob = async (input: ListInput, cronjob: string): Promise<ListResult> => {
    const { limit, from, matches = () => true } = input;
    const skip = 'offset' in from ? from.offset : 0;
    const whole = { ...input, limit: skip + limit, from: 'offset' in from ? { offset: 0 } : from };
    const [own, said] = await Promise.all([
      listRuns({ ...whole, job: cronjob }),
      listRuns({ ...whole, matches: (run) => run.job === undefined && run.task?.cronjob === cronjob && matches(run) }),
    ]);
    if (own.kind === 'bad_cursor' || said.kind === 'bad_cursor') {
      return { kind: 'bad_cursor' };
    }
    const order = input.compare ?? newestFirst;
    // What lies behind the place where either list stopped is not known of both: it is for the next page.
    const [stopped] = [own, said]
      .flatMap(({ cursor }) => (cursor === undefined ? [] : [placeAt(cursor)]))
      .sort(newestFirst);
    const runs = [...own.runs, ...said.runs]
      .filter((run) => stopped === undefined || newestFirst(run, stopped) <= 0)
      .sort(order);
    const page = runs.slice(skip, skip + limit);
    const next = runs.length > skip + limit ? page.at(-1) : stopped;
    return {
      kind: 'page',
      runs: page,
      total: own.total + said.total,
      partial: page.length < limit && (own.partial || said.partial),
      ...(next === undefined || input.compare !== undefined ? {} : { cursor: cursorAt(next.id) }),
    };
  };

  const find = async (
    filters: TaskFilters,
    ordering: Ordering,
    place: Pick<ListInput, 'limit' | 'from'>,
    statuses: ListInput['statuses'],
  ): Promise<ListResult> => {
    const { cronjob, status } = filters;
    if ((status !== undefined && !isTaskStatus(status)) || (cronjob !== undefined && !isPlainId(cronjob))) {
      return NOTHING;
    }
    const newestFirst = isNewestFirst(ordering);
    const sortsByName = ordering.some(({ field }) => field === 'name');
    const { known, all } =
      asksJobs(filters) || sortsByName
        ? await readJobs(jobs, filters)
        : { known: new Map<string, JobBrief>(), all: true };
    const among = status === undefined ? statuses : RUN_STATUSES_OF[status];
    const simple = isEmpty(filters) && (status === undefined || isWholeStatus(status));
    const input: ListInput = {
      families: BOTH,
      ...place,
      ...(among === undefined ? {} : { statuses: among }),
      ...(simple ? {} : { matches: matcherOf(filters, known, await namesOf(filters.worker_id)) }),
      ...(newestFirst ? {} : { compare: compareBy(ordering, known) }),
    };
    const found = cronjob === undefined ? await listRuns(input) : await listOfCronjob(input, cronjob);
    return found.kind === 'page' ? { ...found, partial: found.partial || !all } : found;
  };

  const jobsOf = async (runs: readonly RunView[]): Promise<ReadonlyMap<string, JobOfTask>> => {
    const found = await jobs.describe([...new Set(runs.flatMap(({ job }) => job ?? []))]);
    return new Map(found.map((job) => [job.id, job]));
  };

  return { find, jobsOf };
};
