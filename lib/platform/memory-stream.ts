/** What DynamoDB's stream tells of rows that count, told of those in memory. */
import type { CountedChange, CountedException, CountedSaga } from '../application/api.ts';
import { runFamily } from '../domain/ids.ts';
import type { Run } from '../domain/run.ts';
import type { Saga, SagaException } from '../domain/saga/saga.ts';

/** What the totals see of a row: those of steps are counted with their transactions. */
const countedOf = (run: Run | undefined): CountedChange['before'] =>
  run === undefined || run.hidden || runFamily(run.id) === 'step'
    ? undefined
    : {
        handler: run.handler,
        status: run.status,
        ofJob: run.job !== undefined,
        createdAt: run.createdAt,
        ...(run.endedAt === undefined ? {} : { endedAt: run.endedAt }),
      };

const countedSaga = (saga: Saga | undefined): CountedSaga | undefined =>
  saga && {
    flow: saga.flow,
    status: saga.status,
    createdAt: saga.createdAt,
    ...(saga.endedAt === undefined ? {} : { endedAt: saga.endedAt }),
  };
const countedException = (exception: SagaException | undefined): CountedException | undefined =>
  exception && { handled: exception.handled !== undefined, createdAt: exception.at };

const sidesOf = <T>(before: T | undefined, after: T | undefined): { readonly before?: T; readonly after?: T } => ({
  ...(before && { before }),
  ...(after && { after }),
});

/** A change of each kind of row. */
export const CHANGES = {
  run: (before: Run | undefined, after: Run) => sidesOf(countedOf(before), countedOf(after)),
  saga: (before: Saga | undefined, after: Saga) => ({ saga: sidesOf(countedSaga(before), countedSaga(after)) }),
  exception: (before: SagaException | undefined, after: SagaException) => ({
    exception: sidesOf(countedException(before), countedException(after)),
  }),
};
