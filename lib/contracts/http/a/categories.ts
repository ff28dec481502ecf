/** API A: categories, which say what a worker needs to have before it may run a task of theirs. */
import * as z from 'zod';
import { categoryCodeSchema } from '../../frames.ts';
import { badRequest, bodyOf, FAULT, MALFORMED_BODY } from '../c-inputs.ts';
import { optional, someText, text } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { MAX_NAME, nameOr } from './cronjob-inputs.ts';
import { exampleOf, itemsOf, messageOf, okOf } from './envelope.ts';
import { filter, flagFilter, isWithinReach, OUT_OF_REACH, ordering, pageParameters } from './inputs.ts';

const MAX_SCRIPT = 512;
const MAX_DESCRIPTION = 1_000;

const BAD_CODE = badRequest('code 不能以数字开头, 也不能包含控制字符');
const isCode = (code: string | undefined): boolean => code === undefined || categoryCodeSchema.safeParse(code).success;

const categorySchema = z
  .object({
    id: z.int().min(1),
    code: z.string(),
    name: z.string(),
    setup: z.string().meta({ description: 'Shell script: makes a worker fit for it' }),
    teardown: z.string().meta({ description: 'Shell script: undoes that' }),
    check: z.string().meta({ description: 'Shell script: exit code 0 says that the worker is fit' }),
    description: z.string(),
    created_at: z.string().meta({ format: 'date-time' }),
    updated_at: z.string().meta({ format: 'date-time' }),
    deleted: z.boolean(),
  })
  .meta({ id: 'Category' });
export type CategoryView = z.input<typeof categorySchema>;

const EXAMPLE: CategoryView = {
  id: 774763315200000,
  code: 'video',
  name: 'Video',
  setup: 'apt-get install -y ffmpeg',
  teardown: '',
  check: 'command -v ffmpeg',
  description: 'Workers that can transcode',
  created_at: '2030-01-01T00:00:00Z',
  updated_at: '2030-01-01T00:00:00Z',
  deleted: false,
};

const fields = {
  name: optional(text('name', MAX_NAME)),
  setup: optional(text('setup', MAX_SCRIPT)),
  teardown: optional(text('teardown', MAX_SCRIPT)),
  check: optional(text('check', MAX_SCRIPT)),
  description: optional(text('description', MAX_DESCRIPTION)),
};

const createCategoryBody = bodyOf({ code: someText('code', MAX_NAME).refine(isCode, BAD_CODE), ...fields }).meta({
  id: 'CreateCategory',
});
const putCategoryBody = bodyOf({ code: nameOr('code', MAX_NAME).refine(isCode, BAD_CODE), ...fields }).meta({
  id: 'PutCategory',
});

const ORDERINGS = ['code', 'name', 'created_at', 'updated_at'] as const;

const listCategoriesQuery = z
  .object({
    page: pageParameters.page,
    page_size: pageParameters.page_size,
    id: filter,
    code: filter,
    code__contains: filter,
    name: filter,
    name__contains: filter,
    deleted: flagFilter.meta({ description: 'true: those that were deleted, and no others' }),
    search: filter.meta({ description: 'Text in code, name or description' }),
    ordering: ordering(ORDERINGS, 'code'),
  })
  .refine(isWithinReach, OUT_OF_REACH);
export type ListCategoriesQuery = z.output<typeof listCategoriesQuery>;

/** A number, or a code: no code begins with a digit. */
const params = z.object({ id: z.string().meta({ description: 'Its id or its code' }) });

const one = (description: string) =>
  ({ description, schema: okOf(categorySchema), examples: { video: exampleOf(EXAMPLE) } }) as const;
const UNKNOWN = 'There is no such category';
const TAKEN = 'There is another of that code';

export const createCategory = defineOperation({
  id: 'createCategory',
  group: 'A',
  method: 'POST',
  path: '/api/v1/category',
  summary: 'Create a category',
  description: 'Safe to repeat without a key: the code is unique, so a repeat is refused (409).',
  body: {
    schema: createCategoryBody,
    malformed: MALFORMED_BODY,
    examples: { video: { code: 'video', name: 'Video', check: 'command -v ffmpeg' } },
  },
  answers: { 201: one('The category') },
  refusals: { 400: 'A field is missing or wrong', 409: TAKEN },
  fault: FAULT,
});

export const listCategories = defineOperation({
  id: 'listCategories',
  group: 'A',
  method: 'GET',
  path: '/api/v1/category',
  summary: 'List categories',
  query: listCategoriesQuery,
  answers: {
    200: {
      description: 'One page',
      schema: okOf(itemsOf(categorySchema)),
      examples: { page: exampleOf({ page: 1, page_size: 10, count: 1, items: [EXAMPLE] }) },
    },
  },
  refusals: { 400: 'ordering names an unknown field, or the page lies too far' },
  fault: FAULT,
});

export const getCategory = defineOperation({
  id: 'getCategory',
  group: 'A',
  method: 'GET',
  path: '/api/v1/category/:id',
  summary: 'Read a category',
  params,
  answers: { 200: one('The category') },
  refusals: { 404: UNKNOWN },
  fault: FAULT,
});

export const putCategory = defineOperation({
  id: 'putCategory',
  group: 'A',
  method: 'PUT',
  path: '/api/v1/category/:id',
  summary: 'Change a category',
  description: 'What is absent stays.',
  params,
  body: {
    schema: putCategoryBody,
    malformed: MALFORMED_BODY,
    examples: { setup: { setup: 'apt-get install -y ffmpeg' } },
  },
  answers: { 200: one('The category as it is now') },
  refusals: { 400: 'A field is wrong', 404: UNKNOWN, 409: TAKEN },
  fault: FAULT,
});

export const deleteCategory = defineOperation({
  id: 'deleteCategory',
  group: 'A',
  method: 'DELETE',
  path: '/api/v1/category/:id',
  summary: 'Delete a category',
  description: 'Its code may be used again: it is kept as <code>_del_<yyyymmddhhmmss>.',
  params,
  answers: {
    200: {
      description: 'It is deleted',
      schema: okOf(messageOf('分类删除成功')),
      examples: { done: exampleOf({ message: '分类删除成功' }) },
    },
  },
  refusals: { 404: UNKNOWN },
  fault: FAULT,
});
