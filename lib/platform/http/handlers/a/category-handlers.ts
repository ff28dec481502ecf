/** API A's categories. */
import type { Engine } from '../../../../application/api.ts';
import type { CategoryFields } from '../../../../application/fleet/categories.ts';
import type { Category } from '../../../../application/ports/index.ts';
import type { CategoryView, ListCategoriesQuery } from '../../../../contracts/http/a/categories.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import type { Handlers } from '../../serve.ts';
import { ok, TAKEN, UNKNOWN } from './a-answers.ts';

export type CategoryDependencies = { readonly engine: Pick<Engine, 'categories'> };

type Ids = 'createCategory' | 'listCategories' | 'getCategory' | 'putCategory' | 'deleteCategory';

const categoryView = (category: Category): CategoryView => ({
  id: Number(category.id),
  code: category.code,
  name: category.name,
  setup: category.setup,
  teardown: category.teardown,
  check: category.check,
  description: category.description,
  created_at: formatInstant(category.createdAt),
  updated_at: formatInstant(category.updatedAt),
  deleted: category.deletedAt !== undefined,
});

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

type Field = ListCategoriesQuery['ordering'][number]['field'];

const COMPARE: Readonly<Record<Field, (a: Category, b: Category) => number>> = {
  code: (a, b) => byText(a.code, b.code),
  name: (a, b) => byText(a.name, b.name),
  created_at: (a, b) => a.createdAt - b.createdAt,
  updated_at: (a, b) => a.updatedAt - b.updatedAt,
};

const compareBy =
  (ordering: ListCategoriesQuery['ordering']) =>
  (a: Category, b: Category): number => {
    for (const { field, descending } of ordering) {
      const order = COMPARE[field](a, b);
      if (order !== 0) {
        return descending ? -order : order;
      }
    }
    return Number(a.id) - Number(b.id);
  };

const isByCode = ([first, ...rest]: ListCategoriesQuery['ordering']): boolean =>
  rest.length === 0 && first?.field === 'code' && !first.descending;

const matcherOf = (query: ListCategoriesQuery): ((category: Category) => boolean) | undefined => {
  const { id, code, code__contains, name, name__contains } = query;
  const search = query.search?.toLowerCase();
  return [id, code, code__contains, name, name__contains, search].every((value) => value === undefined)
    ? undefined
    : (category) =>
        (id === undefined || category.id === id) &&
        (code === undefined || category.code === code) &&
        (code__contains === undefined || category.code.includes(code__contains)) &&
        (name === undefined || category.name === name) &&
        (name__contains === undefined || category.name.includes(name__contains)) &&
        (search === undefined ||
          [category.code, category.name, category.description].some((text) => text.toLowerCase().includes(search)));
};

/** What is given; the keys of what is not are not there. */
const givenOf = (
  body: { readonly [K in keyof CategoryFields]: CategoryFields[K] | undefined },
): Partial<CategoryFields> => Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));

export const categoryHandlers = ({ engine }: CategoryDependencies): Pick<Handlers, Ids> => ({
  createCategory: async ({ body }) => {
    const { code, name = '', setup = '', teardown = '', check = '', description = '' } = body;
    const result = await engine.categories.create({ code, name, setup, teardown, check, description });
    return result.kind === 'done' ? ok(201, categoryView(result.category)) : TAKEN;
  },

  listCategories: async ({ query }) => {
    const { page, page_size, ordering } = query;
    const matches = matcherOf(query);
    const { categories, total } = await engine.categories.list({
      deleted: query.deleted === true,
      offset: (page - 1) * page_size,
      limit: page_size,
      ...(matches === undefined ? {} : { matches }),
      ...(isByCode(ordering) ? {} : { compare: compareBy(ordering) }),
    });
    return ok(200, { page, page_size, count: total, items: categories.map(categoryView) });
  },

  getCategory: async ({ params }) => {
    const category = await engine.categories.get(params.id);
    return category === undefined ? UNKNOWN : ok(200, categoryView(category));
  },

  putCategory: async ({ params, body }) => {
    const { code, name, setup, teardown, check, description } = body;
    const patch = givenOf({ code, name, setup, teardown, check, description });
    const result = await engine.categories.change(params.id, patch);
    switch (result.kind) {
      case 'done':
        return ok(200, categoryView(result.category));
      case 'not_found':
        return UNKNOWN;
      case 'code_taken':
        return TAKEN;
    }
  },

  deleteCategory: async ({ params }) =>
    (await engine.categories.remove(params.id)) === 'removed' ? ok(200, { message: '分类删除成功' as const }) : UNKNOWN,
});
