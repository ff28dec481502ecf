import type { JobIndex, JobPage } from '../../../application/ports/index.ts';
import type { Job } from '../../../domain/job/job.ts';
import { encodeCursor, type Place } from '../../job-cursor.ts';
import { createSortedList, type SortedList } from '../sorted-list.ts';

/** As DynamoDB orders text: by its UTF-8 bytes. */
const compareText = (a: string, b: string): number => (a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b)));

const compareValues = (a: Place['value'], b: Place['value']): number =>
  typeof a === 'string' && typeof b === 'string' ? compareText(a, b) : Number(a ?? 0) - Number(b ?? 0);

export const comparePlaces = (a: Place, b: Place): number =>
  compareValues(a.value, b.value) || Number(a.id) - Number(b.id);

/** The lists that a job is in, each with its place there. Those of `word` are kept by whoever knows the payload. */
const placesOf = (job: Job): ReadonlyMap<string, Place> => {
  const { id, state, project, category, name, updatedAt } = job;
  const byState: [string, Place] = [nameOf({ by: 'state', state }), { id }];
  return new Map(
    state === 'deleted'
      ? [byState]
      : [
          byState,
          [nameOf({ by: 'creation' }), { id }],
          [nameOf({ by: 'name' }), { id, value: name }],
          [nameOf({ by: 'update' }), { id, value: updatedAt }],
          [nameOf({ by: 'project', project }), { id }],
          [nameOf({ by: 'category', category }), { id }],
        ],
  );
};

type Listed = Exclude<JobIndex, { by: 'word' }>;

const nameOf = (index: Listed): string => JSON.stringify(Object.values(index));

/** A page of a list, and where the next begins. */
export const toPage = (places: readonly Place[], limit: number): JobPage => {
  const page = places.slice(0, limit);
  const last = page.at(-1);
  return {
    ids: page.map(({ id }) => id),
    ...(places.length > limit && last !== undefined ? { cursor: encodeCursor(last) } : {}),
  };
};

/** The rows of jobs and what the table's indexes show of them. */
export const createJobTable = () => {
  const rows = new Map<string, Job>();
  const lists = new Map<string, SortedList<Place>>();

  const list = (name: string): SortedList<Place> => {
    const found = lists.get(name) ?? createSortedList(comparePlaces);
    lists.set(name, found);
    return found;
  };

  return {
    find: (id: string): Job | undefined => rows.get(id),
    all: (): Iterable<Job> => rows.values(),
    put: (job: Job): void => {
      const before = rows.get(job.id);
      rows.set(job.id, job);
      const [old, current] = [before === undefined ? new Map<string, Place>() : placesOf(before), placesOf(job)];
      for (const [name, place] of old) {
        const now = current.get(name);
        if (now === undefined || comparePlaces(now, place) !== 0) {
          list(name).remove(place);
        }
      }
      for (const [name, place] of current) {
        const was = old.get(name);
        if (was === undefined || comparePlaces(was, place) !== 0) {
          list(name).add(place);
        }
      }
    },
    page: (index: Listed, descending: boolean, from: Place | undefined, limit: number): JobPage => {
      const places = list(nameOf(index));
      return toPage(descending ? places.below(from, limit + 1) : places.above(from, limit + 1), limit);
    },
  };
};
