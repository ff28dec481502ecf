import type { SagaException } from '../../domain/saga/saga.ts';
import { inBatches } from '../jobs/in-batches.ts';
import type { Ports } from '../ports/index.ts';
import type { Desk } from './api.ts';

/** Exceptions that one request retries: each takes some 50 ms, and a request must end within 28 s. */
const MOST_RETRIED = 100;

type Tools = {
  readonly list: Desk['list'];
  /** @returns why it was not */
  readonly retry: (exception: SagaException, at: number, by: string) => Promise<string | undefined>;
};

type Outcome = { readonly id: string; readonly why: string | undefined };

/**
 * Retries whatever matches. Those of one transaction one after the other: they change the same row, and would be in each
 * other's way. A fault at one is told of that one; what was retried before it is retried.
 */
export const createRetryMany = ({ log }: Pick<Ports, 'log'>, { list, retry }: Tools): Desk['retryMany'] => {
  const retryOne = async (exception: SagaException, at: number, by: string): Promise<Outcome> => {
    const { id } = exception;
    try {
      return { id, why: await retry(exception, at, by) };
    } catch (error) {
      log.warn('An exception among many could not be retried', { exception: id, error });
      return { id, why: 'fault' };
    }
  };

  const inTurn = async (ofSaga: readonly SagaException[], at: number, by: string): Promise<readonly Outcome[]> => {
    const outcomes: Outcome[] = [];
    for (const exception of ofSaga) {
      outcomes.push(await retryOne(exception, at, by));
    }
    return outcomes;
  };

  return async (filter, at, by, dryRun) => {
    const waiting = { ...filter, handled: false, retried: false };
    const { rows, total, partial } = await list(waiting, { offset: 0, limit: MOST_RETRIED });
    const ofSagas = [...Map.groupBy(rows, ({ saga }) => saga).values()];
    const outcomes = dryRun ? [] : (await inBatches(ofSagas, (ofSaga) => inTurn(ofSaga, at, by))).flat();
    return {
      matched: rows.map(({ id }) => id),
      retried: outcomes.filter(({ why }) => why === undefined).map(({ id }) => id),
      refused: outcomes.flatMap(({ id, why }) => (why === undefined ? [] : [{ id, why }])),
      more: partial || total > rows.length,
    };
  };
};
