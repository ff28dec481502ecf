import type { WorkerRow, WorkerStore } from '../../../application/ports/index.ts';
import type { Table } from '../client.ts';
import { LISTS } from '../definition-indexes.ts';
import { WORKER_COUNT, workerKey, workerNameKey } from './keys.ts';
import type { Naming } from './named-params.ts';
import { createNamedStore } from './named-store.ts';

export const WORKERS: Naming<WorkerRow> = {
  keyOf: workerKey,
  nameKey: workerNameKey,
  nameOf: ({ name }) => name,
  placeOf: ({ id }) => id,
  lists: { living: LISTS.workers, deleted: LISTS.deletedWorkers },
  count: WORKER_COUNT,
};

const asTaken = <T extends string>(answer: T | 'taken'): T | 'name_taken' =>
  answer === 'taken' ? 'name_taken' : answer;

export const createWorkerStore = (definitions: Table, makeOp: () => string): WorkerStore => {
  const { create, write, ...reading } = createNamedStore(definitions, WORKERS, makeOp);
  return {
    ...reading,
    create: async (worker) => asTaken(await create(worker)),
    write: async (before, after) => asTaken(await write(before, after)),
  };
};
