import { isPlainId, makeRunId } from '../../domain/ids.ts';
import type { Category, Ports } from '../ports/index.ts';

export type CategoryFields = Pick<Category, 'code' | 'name' | 'setup' | 'teardown' | 'check' | 'description'>;

export type ListCategoriesInput = {
  readonly deleted: boolean;
  /** Further conditions, applied while reading (at most 2,000 categories). */
  readonly matches?: (category: Category) => boolean;
  /** Another order than by code: of the first 2,000 that match. */
  readonly compare?: (a: Category, b: Category) => number;
  readonly offset: number;
  readonly limit: number;
};

export type CategoryResult =
  | { readonly kind: 'done'; readonly category: Category }
  | { readonly kind: 'not_found' | 'code_taken' };

/** Categories are named by their id or their code: no code begins with a digit. */
export type Categories = {
  readonly create: (fields: CategoryFields) => Promise<Exclude<CategoryResult, { kind: 'not_found' }>>;
  readonly get: (idOrCode: string) => Promise<Category | undefined>;
  readonly list: (
    input: ListCategoriesInput,
  ) => Promise<{ readonly categories: readonly Category[]; readonly total: number }>;
  readonly change: (idOrCode: string, patch: Partial<CategoryFields>) => Promise<CategoryResult>;
  /** Deletes softly; the code is free again. */
  readonly remove: (idOrCode: string) => Promise<'removed' | 'not_found'>;
};

/** Draws of an id before we give up: each collides with a chance of 1 in 4,096 per category of the same millisecond. */
const ID_DRAWS = 8;
/** A category changes only so often; a caller that lost this many races is told of a fault instead of spinning. */
const RACES = 10;
const MOST_EXAMINED = 2_000;
const BATCH = 200;

/** Under what code a deleted category is kept: `<code>_del_<yyyymmddhhmmss>`, in UTC. */
const deletedCode = (code: string, at: number): string =>
  `${code}_del_${new Date(at).toISOString().slice(0, 19).replace(/\D/g, '')}`;

type Tools = Pick<Ports, 'categories' | 'now' | 'chance'>;

export const createCategories = ({ categories: store, now, chance }: Tools): Categories => {
  const find = async (idOrCode: string): Promise<Category | undefined> => {
    const id = isPlainId(idOrCode) ? idOrCode : await store.findId(idOrCode);
    const found = id === undefined ? undefined : await store.get(id);
    return found?.deletedAt === undefined ? found : undefined;
  };

  /** Loads, changes, writes; again where somebody else was faster. */
  const write = async (
    idOrCode: string,
    change: (before: Category, at: number) => Category,
  ): Promise<CategoryResult> => {
    for (let race = 0; race < RACES; race += 1) {
      const before = await find(idOrCode);
      if (before === undefined) {
        return { kind: 'not_found' };
      }
      const at = now();
      const after = { ...change(before, at), version: before.version + 1, updatedAt: at };
      const written = await store.write(before, after);
      if (written !== 'changed') {
        return written === 'done' ? { kind: 'done', category: after } : { kind: written };
      }
    }
    throw new Error(`Category ${idOrCode} changed ${RACES} times while it was being changed`);
  };

  /** The first that match, by code: as many as are wanted, and whether there were more to read. */
  const read = async (
    { deleted, matches }: ListCategoriesInput,
    wanted: number,
  ): Promise<{ readonly found: readonly Category[]; readonly whole: boolean }> => {
    const found: Category[] = [];
    let after: string | undefined;
    for (let examined = 0; examined < MOST_EXAMINED || found.length === examined; examined += BATCH) {
      const rows = await store.list({ deleted, limit: BATCH, ...(after === undefined ? {} : { after }) });
      found.push(...(matches === undefined ? rows : rows.filter(matches)));
      after = rows.at(-1)?.id;
      if (rows.length < BATCH || after === undefined) {
        return { found, whole: true };
      }
      if (found.length >= wanted) {
        return { found, whole: false };
      }
    }
    return { found, whole: false };
  };

  return {
    create: async (fields) => {
      const at = now();
      for (let draw = 0; draw < ID_DRAWS; draw += 1) {
        const category = { id: makeRunId(at, chance()), ...fields, version: 1, createdAt: at, updatedAt: at };
        const created = await store.create(category);
        if (created !== 'exists') {
          return created === 'created' ? { kind: 'done', category } : { kind: created };
        }
      }
      throw new Error(`No free category id in ${ID_DRAWS} draws`);
    },
    get: find,
    list: async (input) => {
      const { deleted, matches, compare, offset, limit } = input;
      const { found, whole } = await read(input, compare || matches ? MOST_EXAMINED : offset + limit);
      const ordered = compare === undefined ? found : [...found].sort(compare);
      return {
        categories: ordered.slice(offset, offset + limit),
        total: whole || deleted || matches !== undefined ? found.length : Math.max(found.length, await store.count()),
      };
    },
    change: (idOrCode, patch) => write(idOrCode, (before) => ({ ...before, ...patch })),
    remove: async (idOrCode) => {
      const result = await write(idOrCode, (before, at) => ({
        ...before,
        code: deletedCode(before.code, at),
        deletedAt: at,
      }));
      return result.kind === 'done' ? 'removed' : 'not_found';
    },
  };
};
