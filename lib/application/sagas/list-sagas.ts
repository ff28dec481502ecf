import { SAGA_STATUSES, type Saga } from '../../domain/saga/saga.ts';
import { type Ports, SAGAS, type Sums, sagasOf } from '../ports/index.ts';
import type { SagaFilter, Sagas } from './api.ts';
import { readPage } from './read-page.ts';

/** A counter goes on counting rows that have expired. */
const rowsThere = (sums: Sums, statuses: readonly string[]): number =>
  statuses.reduce((sum, status) => sum + Math.max(0, (sums[status] ?? 0) - (sums[`expired_${status}`] ?? 0)), 0);

/** Transactions, newest first. One condition is answered by an index, the others while reading. */
export const createListSagas = ({ sagas, counts }: Pick<Ports, 'sagas' | 'counts'>): Sagas['list'] => {
  const countOf = async ({ flow, statuses, since }: SagaFilter): Promise<number | undefined> =>
    since === undefined
      ? rowsThere(await counts.read(flow === undefined ? SAGAS : sagasOf(flow)), statuses ?? SAGA_STATUSES)
      : undefined;

  return async (filter, { offset, limit }) => {
    const { flow, statuses, since } = filter;
    const isFailed = statuses?.every((status) => status === 'failed');
    // Those that failed are few: their index goes before the flow's.
    const index = isFailed ? { failed: true as const } : flow === undefined ? {} : { flow };
    const counted = await countOf(filter);
    return readPage<Saga>({
      newest: (query) => sagas.newest({ ...query, ...index }),
      idOf: ({ no }) => no,
      createdAt: ({ createdAt }) => createdAt,
      matches: (saga) =>
        (flow === undefined || saga.flow === flow) && (statuses === undefined || statuses.includes(saga.status)),
      ...{ offset, limit },
      ...(since === undefined ? {} : { since }),
      ...(counted === undefined ? {} : { counted }),
    });
  };
};
