import type { WorkerRow, WorkerStore } from '../../../application/ports/index.ts';
import { createNamedRows } from './named-rows.ts';

const asTaken = <T extends string>(answer: T | 'taken'): T | 'name_taken' =>
  answer === 'taken' ? 'name_taken' : answer;

export const createMemoryWorkerStore = (): WorkerStore => {
  const rows = createNamedRows<WorkerRow>(
    ({ name }) => name,
    ({ id }) => id,
  );
  return {
    create: async (worker) => asTaken(rows.create(worker)),
    get: async (id) => rows.get(id),
    findId: async (name) => rows.findId(name),
    write: async (before, after) => asTaken(rows.write(before, after)),
    list: async (query) => rows.list(query),
    count: async () => rows.count(),
  };
};
