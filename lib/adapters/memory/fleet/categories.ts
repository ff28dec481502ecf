import type { Category, CategoryStore } from '../../../application/ports/index.ts';
import { createNamedRows } from './named-rows.ts';

const asTaken = <T extends string>(answer: T | 'taken'): T | 'code_taken' =>
  answer === 'taken' ? 'code_taken' : answer;

export const createMemoryCategoryStore = (): CategoryStore => {
  const rows = createNamedRows<Category>(
    ({ code }) => code,
    ({ code }) => code,
  );
  return {
    create: async (category) => asTaken(rows.create(category)),
    get: async (id) => rows.get(id),
    findId: async (code) => rows.findId(code),
    write: async (before, after) => asTaken(rows.write(before, after)),
    list: async (query) => rows.list(query),
    count: async () => rows.count(),
  };
};
