/** What API A's operations take in common. */
import * as z from 'zod';
import { isPlainId, isRunId } from '../../../domain/ids.ts';
import { parseInstant } from '../../../domain/instant.ts';
import { badRequest } from '../c-inputs.ts';

export const NOT_FOUND = '记录不存在';
export const EXISTS = '记录已存在';
export const FOREIGN_POOL = '权限不足: 该密钥不能用于此工作节点的 pool';
export const KEY_REUSED = 'Idempotency-Key 已用于另一个请求: 请为新的请求使用新的值';

export const ID = '请使用创建或列表接口返回的 id';

export const jobIdParams = z.object({ id: z.string().refine(isPlainId, badRequest(`id 无效, ${ID}`)) });
export const taskIdParams = z.object({ id: z.string().refine(isRunId, badRequest(`id 无效, ${ID}`)) });

/** An empty parameter counts as absent. */
export const filter = z
  .string()
  .transform((value) => (value === '' ? undefined : value))
  .optional();

/** `true`, `1`, `false`, `0`; what is neither filters nothing, as in the system that the API comes from. */
export const flagFilter = filter.transform((value) => {
  const word = value?.toLowerCase();
  return word === 'true' || word === '1' ? true : word === 'false' || word === '0' ? false : undefined;
});

/** A whole number; what is none filters nothing. */
export const numberFilter = filter.transform((value) =>
  value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined,
);

export const instantFilter = (field: string) =>
  filter
    .transform((value, context) => {
      if (value === undefined) {
        return undefined;
      }
      // A plus sign that was not encoded arrives as a space.
      const epochMs = parseInstant(value.replace(/ (?=\d\d:\d\d$)/, '+'));
      if (epochMs === undefined) {
        context.addIssue({ code: 'custom', message: badRequest(`${field} 必须是带时区的 RFC 3339 时间`) });
        return z.NEVER;
      }
      return epochMs;
    })
    .meta({ format: 'date-time' });

export const DEFAULT_PAGE_SIZE = 10;
export const MAX_PAGE_SIZE = 300;
/** A page by its number reads all that it skips; beyond this only a cursor keeps the cost of a page constant. */
const MAX_REACH = 10_000;

/** What is no whole number from 1 up counts as absent. */
const count = (otherwise: number, most: number) =>
  z
    .string()
    .transform((value) => (/^\d{1,15}$/.test(value) && Number(value) > 0 ? Math.min(Number(value), most) : otherwise))
    .default(otherwise)
    .meta({ type: 'integer', minimum: 1, default: otherwise });

export const pageParameters = {
  page: count(1, Number.MAX_SAFE_INTEGER),
  page_size: count(DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE).meta({
    type: 'integer',
    minimum: 1,
    maximum: MAX_PAGE_SIZE,
    default: DEFAULT_PAGE_SIZE,
    description: 'More is cut to the maximum',
  }),
  cursor: filter.meta({ description: 'next_cursor of the page before; goes before page' }),
};

export type Paging = {
  readonly page: number;
  readonly page_size: number;
  readonly cursor?: string | undefined;
};

export const isWithinReach = ({ page, page_size, cursor }: Paging): boolean =>
  cursor !== undefined || page * page_size <= MAX_REACH;
export const OUT_OF_REACH = badRequest(
  `page × page_size 不能超过 ${MAX_REACH}: 请用 cursor 参数继续, 其值为上一页的 next_cursor`,
);
export const BAD_CURSOR = badRequest('cursor 无效: 请使用上一页的 next_cursor');

/** One field to order by. */
export type Order<F extends string> = { readonly field: F; readonly descending: boolean };

/** `ordering=-created_at,name`: fields in order of weight, a minus sign before those that descend. */
export const ordering = <const F extends readonly [string, ...string[]]>(fields: F, otherwise: string) =>
  z
    .string()
    .transform((value, context): readonly Order<F[number]>[] => {
      const words = (value === '' ? otherwise : value).split(',').map((word) => word.trim());
      return words.flatMap((word) => {
        const descending = word.startsWith('-');
        const name = descending ? word.slice(1) : word;
        const field = fields.find((known) => known === name);
        if (field === undefined) {
          context.addIssue({
            code: 'custom',
            message: badRequest(`ordering 不支持 ${name}: 可用 ${fields.join('、')}, 前加 - 为降序`),
          });
          return [];
        }
        return [{ field, descending }];
      });
    })
    .prefault(otherwise)
    .meta({ default: otherwise, description: `Of ${fields.join(', ')}; - before one reverses it` });

const refused = (message: string) =>
  z
    .unknown()
    .refine((value) => value === undefined, message)
    .optional()
    .meta({ description: 'Refused' });

/** Fields that exist and that a change may not name. They come first in its body, so that they are refused before all else. */
export const forbidden = <const F extends readonly string[]>(fields: F, change: (field: string) => string) =>
  Object.fromEntries(fields.map((field) => [field, refused(badRequest(change(field)))])) as {
    readonly [K in F[number]]: ReturnType<typeof refused>;
  };

/** What one call on many changes at most. */
export const MOST_IN_BULK = 200;
