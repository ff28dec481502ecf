/** API A's list of cron jobs: one filter by an index, the others while reading. */
import type { Jobs, JobView, ListJobsInput } from '../../../../application/jobs/api.ts';
import type { JobIndex } from '../../../../application/ports/index.ts';
import type { ListCronjobsQuery } from '../../../../contracts/http/a/cronjob-inputs.ts';
import { BAD_CURSOR } from '../../../../contracts/http/a/inputs.ts';
import { isPlainId } from '../../../../domain/ids.ts';
import type { Job } from '../../../../domain/job/job.ts';
import { wordsOf } from '../../../../domain/job/words.ts';
import type { Handlers } from '../../serve.ts';
import { fitting } from '../fitting.ts';
import { ok, pageOf, placeOf } from './a-answers.ts';
import { cronjobView } from './cronjob-view.ts';
import { timeoutMsOf, workOf } from './work.ts';

/** Whether each word begins one of the job's; of a command that lies beside its row that cannot be told, and it may. */
const holdsWords = (job: Job & { readonly payload?: string }, words: readonly string[]): boolean => {
  if (job.payload === undefined) {
    return true;
  }
  const { handler, payload, priority } = job;
  const { command } = workOf({ handler, payload, priority, kept: undefined });
  const own = [job.name, job.description, command].flatMap(wordsOf);
  return words.every((word) => own.some((candidate) => candidate.includes(word)));
};

const matcherOf =
  (query: ListCronjobsQuery, words: readonly string[]) =>
  (job: Job): boolean =>
    (query.deleted === true) === (job.state === 'deleted') &&
    (query.id === undefined || job.id === query.id) &&
    (query.project === undefined || job.project === query.project) &&
    (query.category === undefined || job.category === query.category) &&
    (query.name === undefined || job.name === query.name) &&
    (query.name__contains === undefined || job.name.includes(query.name__contains)) &&
    (query.is_active === undefined || (job.state === 'active') === query.is_active) &&
    (query.timeout === undefined || job.timeoutMs === timeoutMsOf(query.timeout)) &&
    holdsWords(job, words);

/** The longest word is the rarest. */
const longest = (words: readonly string[]): string | undefined => [...words].sort((a, b) => b.length - a.length)[0];

type Field = ListCronjobsQuery['ordering'][number]['field'];

const filterIndex = (query: ListCronjobsQuery, words: readonly string[]): JobIndex | undefined => {
  const word = longest(words);
  if (query.deleted === true) {
    return { by: 'state', state: 'deleted' };
  }
  if (word !== undefined) {
    return { by: 'word', prefix: word };
  }
  if (query.project !== undefined) {
    return { by: 'project', project: query.project };
  }
  if (query.category !== undefined) {
    return { by: 'category', category: query.category };
  }
  return query.is_active === true ? { by: 'state', state: 'active' } : undefined;
};

const ORDERED: Readonly<Partial<Record<Field, JobIndex>>> = {
  created_at: { by: 'creation' },
  name: { by: 'name' },
  updated_at: { by: 'update' },
};

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const COMPARE: Readonly<Record<Field, (a: Job, b: Job) => number>> = {
  name: (a, b) => byText(a.name, b.name),
  created_at: (a, b) => Number(a.id) - Number(b.id),
  updated_at: (a, b) => a.updatedAt - b.updatedAt,
  last_dispatch: (a, b) => (a.lastFiredAt ?? 0) - (b.lastFiredAt ?? 0),
  is_active: (a, b) => Number(a.state === 'active') - Number(b.state === 'active'),
};

const compareBy =
  (ordering: ListCronjobsQuery['ordering']) =>
  (a: Job, b: Job): number => {
    for (const { field, descending } of ordering) {
      const order = COMPARE[field](a, b);
      if (order !== 0) {
        return descending ? -order : order;
      }
    }
    return Number(b.id) - Number(a.id);
  };

/** Which index answers, and what is left to be compared: indexes of a filter are in the order of creation, save that of words. */
const sourceOf = (
  query: ListCronjobsQuery,
  words: readonly string[],
): Pick<ListJobsInput, 'index' | 'descending' | 'compare'> => {
  const [first, ...rest] = query.ordering;
  const filtered = filterIndex(query, words);
  const ordered = first === undefined || rest.length > 0 ? undefined : ORDERED[first.field];
  if (first !== undefined && ordered !== undefined) {
    const index = filtered ?? ordered;
    if (filtered === undefined || (ordered.by === 'creation' && index.by !== 'word')) {
      return { index, descending: first.descending };
    }
  }
  return { index: filtered ?? { by: 'creation' }, descending: true, compare: compareBy(query.ordering) };
};

/** Whether the index leaves something to be looked for while reading: a page that it answers alone costs a page. */
const isFiltered = (query: ListCronjobsQuery, words: readonly string[], { by }: JobIndex): boolean =>
  words.length > 0 ||
  (query.project !== undefined && by !== 'project') ||
  (query.category !== undefined && by !== 'category') ||
  (query.is_active !== undefined && (by !== 'state' || query.deleted === true)) ||
  [query.name, query.name__contains, query.timeout].some((value) => value !== undefined);

export const createListCronjobs =
  (jobs: Pick<Jobs, 'list' | 'get'>): Handlers['listCronjobs'] =>
  async ({ query }) => {
    const words = query.search === undefined ? [] : wordsOf(query.search);
    const matches = matcherOf(query, words);
    if (query.id !== undefined || (query.search !== undefined && words.length === 0)) {
      const job: JobView | undefined =
        query.id !== undefined && isPlainId(query.id) ? await jobs.get(query.id) : undefined;
      const found = job !== undefined && (query.search === undefined || words.length > 0) && matches(job) ? [job] : [];
      const shown = query.page === 1 ? found.map(cronjobView) : [];
      return ok(200, pageOf(query, shown, { total: found.length, partial: false }));
    }
    const order = sourceOf(query, words);
    const source = { ...order, ...(isFiltered(query, words, order.index) ? { matches } : {}) };
    const page = await fitting(
      query.page_size,
      (limit) => jobs.list({ ...source, limit, from: placeOf(query) }),
      (found) => found.jobs.filter((job) => holdsWords(job, words)).map(cronjobView),
    );
    return page.kind === 'bad_cursor'
      ? { status: 400, error: BAD_CURSOR }
      : ok(200, pageOf(query, [...page.items], page.of));
  };
