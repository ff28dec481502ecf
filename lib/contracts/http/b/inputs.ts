/** What API B's operations take in common. Its refusals are in the words that it shares with API C. */
import * as z from 'zod';
import { isPlainId, isRunId } from '../../../domain/ids.ts';
import { badRequest, filter } from '../c-inputs.ts';

const DEFAULT_SIZE = 20;
const MAX_SIZE = 100;
/** A page by its number reads all that it skips. */
const MAX_REACH = 10_000;

const digits = (message: string, otherwise: number) =>
  z
    .string()
    .transform((text) => (text === '' ? otherwise : Number(/^\d+$/.test(text) ? text : Number.NaN)))
    .refine((count) => count >= 1, badRequest(message))
    .default(otherwise);

/** Query parameters of a list by page, or by cursor where pages by number end. */
export const pageParameters = {
  page: digits('page 必须是不小于 1 的整数', 1).meta({ type: 'integer', minimum: 1, default: 1 }),
  size: digits('size 必须是不小于 1 的整数', DEFAULT_SIZE)
    .transform((count) => Math.min(count, MAX_SIZE))
    .meta({
      type: 'integer',
      minimum: 1,
      maximum: MAX_SIZE,
      default: DEFAULT_SIZE,
      description: 'Page size; more is cut to the maximum',
    }),
  cursor: filter.meta({ description: 'next_cursor of the page before; goes before page' }),
};

type Page = { readonly page: number; readonly size: number; readonly cursor?: string | undefined };

export const isWithinReach = ({ page, size, cursor }: Page): boolean =>
  cursor !== undefined || page * size <= MAX_REACH;
export const OUT_OF_REACH = badRequest(`page × size 不能超过 ${MAX_REACH}: 请用 cursor, 取上一页的 next_cursor`);

const integerId = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } as const;

/** Jobs are numbered as users are: whole numbers of 53 bits. */
export const taskIdParams = z.object({ id: z.string().refine(isPlainId, 'ID无效').meta(integerId) });

export const runIdParams = z.object({
  id: z.string().refine(isRunId, 'ID无效').meta({ description: "A number, or of a task's run `<task>.<instant>`" }),
});

/** One of some words, or nothing; a word that there is not is refused, because it would match nothing for ever. */
export const wordFilter = <const W extends string>(name: string, words: readonly [W, ...W[]]) =>
  filter
    .pipe(z.enum(words, badRequest(`${name} 必须是 ${words.join('、')} 之一`)).optional())
    .meta({ enum: [...words] });
