/** What API C's operations take in common. The messages are its document's words, with what to change after a colon. */
import * as z from 'zod';
import { isPlainId } from '../../domain/ids.ts';

/** A 400 that says what to change. */
export const badRequest = (change: string): string => `请求参数错误: ${change}`;

export const MALFORMED_BODY = badRequest('请求体必须是 JSON 对象');
export const FAULT = '服务器内部错误';

export const wrongType = (field: string, type: string): string => badRequest(`${field} 必须是${type}`);

/** Of a field that must be there: `null` is as good as absent. */
export const required = (field: string, type: string) => ({
  error: ({ input }: { readonly input?: unknown }) =>
    input === undefined || input === null ? badRequest(`缺少 ${field}`) : wrongType(field, type),
});

/** A body: any JSON object, of which unknown fields are ignored. */
export const bodyOf = <const S extends z.ZodRawShape>(fields: S) => z.object(fields, MALFORMED_BODY);

const ID_RANGE = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } as const;

/** Users and keys are numbered as runs are: whole numbers of 53 bits. */
export const idParams = z.object({ id: z.string().refine(isPlainId, 'ID无效').meta(ID_RANGE) });

/** An empty parameter counts as absent. */
export const filter = z
  .string()
  .transform((text) => (text === '' ? undefined : text))
  .optional();

/** Whose keys are meant. */
export const ownerQuery = z.object({
  user_id: filter
    .refine((text) => text === undefined || isPlainId(text), badRequest('user_id 必须是用户 ID'))
    .meta({ ...ID_RANGE, description: "The caller's own keys when absent; another's take users:admin" }),
});

const DEFAULT_PAGE_SIZE = 10;
const MAX_PAGE_SIZE = 100;
/** A page by its number reads all that it skips. */
const MAX_REACH = 10_000;

const digits = (message: string, most: number, otherwise: number) =>
  z
    .string()
    .transform((text) => (text === '' ? otherwise : Number(/^\d+$/.test(text) ? text : Number.NaN)))
    .refine((count) => count >= 1 && count <= most, badRequest(message))
    .default(otherwise);

/** Query parameters of a list by page. Out of range is refused, not cut. */
export const pageParameters = {
  page: digits('page 必须是不小于 1 的整数', Number.POSITIVE_INFINITY, 1).meta({
    type: 'integer',
    minimum: 1,
    default: 1,
  }),
  page_size: digits(`page_size 必须是 1 到 ${MAX_PAGE_SIZE} 之间的整数`, MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE).meta({
    type: 'integer',
    minimum: 1,
    maximum: MAX_PAGE_SIZE,
    default: DEFAULT_PAGE_SIZE,
  }),
};

type Page = { readonly page: number; readonly page_size: number };

export const isWithinReach = ({ page, page_size }: Page): boolean => page * page_size <= MAX_REACH;
export const OUT_OF_REACH = badRequest(`page × page_size 不能超过 ${MAX_REACH}`);

/** @param repeated what repeating the request does */
export const idempotencyHeaders = (repeated: string) =>
  z.object({
    'idempotency-key': z
      .string()
      .regex(/^[\x20-\x7e]{1,255}$/, badRequest('Idempotency-Key 必须是 1 到 255 个可打印的 ASCII 字符'))
      .optional()
      .meta({ description: repeated }),
  });
