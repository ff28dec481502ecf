import type { SagaException } from '../../domain/saga/saga.ts';
import { type Ports, SAGA_EXCEPTIONS } from '../ports/index.ts';
import type { Desk, ExceptionFilter } from './api.ts';
import { readPage } from './read-page.ts';

const isMatch = ({ handled, flow, until, errorHas, retried }: ExceptionFilter, exception: SagaException): boolean =>
  (handled === undefined || handled === (exception.handled !== undefined)) &&
  (flow === undefined || exception.flow === flow) &&
  (until === undefined || exception.at < until) &&
  (errorHas === undefined || exception.error.includes(errorHas)) &&
  (retried === undefined || retried === (exception.retryAt !== undefined));

/** Exceptions, newest first. Those that nobody has handled have an index: it goes before the flow's. */
export const createListExceptions = ({
  sagaExceptions,
  counts,
}: Pick<Ports, 'sagaExceptions' | 'counts'>): Desk['list'] => {
  const countOf = async ({ handled, ...others }: ExceptionFilter): Promise<number | undefined> => {
    if (Object.values(others).some((condition) => condition !== undefined)) {
      return undefined;
    }
    const {
      open = 0,
      handled: done = 0,
      expired_open: gone = 0,
      expired_handled: old = 0,
    } = await counts.read(SAGA_EXCEPTIONS);
    return Math.max(0, (handled === true ? 0 : open - gone) + (handled === false ? 0 : done - old));
  };

  return async (filter, { offset, limit }) => {
    const { handled, flow, since } = filter;
    const index = handled === false ? { open: true as const } : flow === undefined ? {} : { flow };
    const counted = await countOf(filter);
    return readPage<SagaException>({
      newest: (query) => sagaExceptions.newest({ ...query, ...index }),
      idOf: ({ id }) => id,
      createdAt: ({ at }) => at,
      matches: (exception) => isMatch(filter, exception),
      ...{ offset, limit },
      ...(since === undefined ? {} : { since }),
      ...(counted === undefined ? {} : { counted }),
    });
  };
};
