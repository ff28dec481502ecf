import type { Category, CategoryStore } from '../../../application/ports/index.ts';
import type { Table } from '../client.ts';
import { LISTS } from '../definition-indexes.ts';
import { CATEGORY_COUNT, categoryCodeKey, categoryKey } from './keys.ts';
import type { Naming } from './named-params.ts';
import { createNamedStore } from './named-store.ts';

export const CATEGORIES: Naming<Category> = {
  keyOf: categoryKey,
  nameKey: categoryCodeKey,
  nameOf: ({ code }) => code,
  // Of the deleted, several may have had a code: by it, then by id. No code has a character below the space.
  placeOf: ({ id, code }) => `${code}\u0001${id}`,
  lists: { living: LISTS.categories, deleted: LISTS.deletedCategories },
  count: CATEGORY_COUNT,
};

const asTaken = <T extends string>(answer: T | 'taken'): T | 'code_taken' =>
  answer === 'taken' ? 'code_taken' : answer;

export const createCategoryStore = (definitions: Table, makeOp: () => string): CategoryStore => {
  const { create, write, ...reading } = createNamedStore(definitions, CATEGORIES, makeOp);
  return {
    ...reading,
    create: async (category) => asTaken(await create(category)),
    write: async (before, after) => asTaken(await write(before, after)),
  };
};
