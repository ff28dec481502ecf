/**
 * A job as an item. What indexes sort by has attributes of its own: they are on jobs alone, so nothing else of the table is
 * in an index of jobs, and of nothing else is a type asked there. A fire changes none of them.
 */
import type { Job } from '../../../domain/job/job.ts';
import type { Item } from '../conditional.ts';
import { LISTS } from '../definition-indexes.ts';
import type { Key } from '../keys.ts';
import { toTtl } from '../ttl.ts';
import { jobIdOf, jobKey, placeOf } from './keys.ts';

/** An attribute of an index cannot be empty text. */
const filled = (value: string): string | undefined => (value === '' ? undefined : value);

/** All attributes but the keys; `undefined` where there is none. */
export const encodeJobFields = (job: Job): Item => {
  const { id, name, project, category, state, updatedAt, expiresAt, fired, ...plain } = job;
  return {
    ...plain,
    list: state === 'deleted' ? undefined : LISTS.jobs,
    place: placeOf(id),
    jobName: name,
    jobProject: filled(project),
    jobCategory: filled(category),
    jobState: state,
    jobUpdatedAt: updatedAt,
    fired: fired === 0 ? undefined : fired,
    expiresAt,
    ttl: expiresAt === undefined ? undefined : toTtl(expiresAt),
  };
};

export const encodeJob = (job: Job): Key & Item => ({ ...encodeJobFields(job), ...jobKey(job.id) });

type Plain = Omit<Job, 'id' | 'name' | 'project' | 'category' | 'state' | 'updatedAt' | 'fired'>;

export const decodeJob = (item: Item | undefined): Job | undefined => {
  if (item === undefined) {
    return undefined;
  }
  const { pk, sk: _sk, op: _op, list: _list, place: _place, ttl: _ttl, ...fields } = item;
  const { jobName, jobProject, jobCategory, jobState, jobUpdatedAt, fired, ...plain } = fields;
  return {
    ...(plain as Plain),
    id: jobIdOf(String(pk)),
    name: String(jobName),
    project: String(jobProject ?? ''),
    category: String(jobCategory ?? ''),
    state: jobState as Job['state'],
    updatedAt: Number(jobUpdatedAt),
    fired: Number(fired ?? 0),
  };
};
