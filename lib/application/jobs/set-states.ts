import type { Ports } from '../ports/index.ts';
import type { BulkResult, Jobs } from './api.ts';
import { inBatches } from './in-batches.ts';

/** Jobs that one request changes: each takes some 30 ms, a few at a time, and a request must end within 28 s. */
const MOST = 200;

type Page = { readonly ids: readonly string[]; readonly cursor?: string };
const BAD_CURSOR = { kind: 'bad_cursor' } as const;

/** Pauses or resumes many jobs. Each is a change of its own; what cannot be changed is named, and the others go on. */
export const createSetStates = ({ jobs }: Pick<Ports, 'jobs'>, change: Jobs['change']): Jobs['setStates'] => {
  const pageOf = async (
    filter: Parameters<Jobs['setStates']>[0],
    cursor: string | undefined,
  ): Promise<Page | typeof BAD_CURSOR> => {
    if ('ids' in filter) {
      if (cursor !== undefined && !/^\d{1,9}$/.test(cursor)) {
        return BAD_CURSOR;
      }
      const start = Number(cursor ?? 0);
      const end = start + MOST;
      return { ids: filter.ids.slice(start, end), ...(end < filter.ids.length ? { cursor: String(end) } : {}) };
    }
    const page = await jobs.list({
      ...{ index: filter.index, descending: false, limit: MOST },
      ...(cursor === undefined ? {} : { cursor }),
    });
    return 'bad' in page ? BAD_CURSOR : page;
  };

  return async (filter, state, by, cursor): Promise<BulkResult> => {
    const page = await pageOf(filter, cursor);
    if ('kind' in page) {
      return page;
    }
    const outcomes = await inBatches(page.ids, async (id) => {
      const job = await jobs.get(id, 'eventual');
      if (job?.state === 'disabled') {
        return { id, reason: 'disabled' };
      }
      const changed = await change(id, { state }, by);
      return { id, reason: changed.kind === 'changed' ? undefined : changed.kind };
    });
    const failed = outcomes.flatMap(({ id, reason }) => (reason === undefined ? [] : [{ id, reason }]));
    return {
      kind: 'done',
      changed: outcomes.length - failed.length,
      failed,
      ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
    };
  };
};
