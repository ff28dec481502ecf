/** Fields of bodies, with their refusals in the words of APIs A, B and C: what is wrong, after 请求参数错误. */
import * as z from 'zod';
import { formatInstant, parseInstant } from '../../domain/instant.ts';
import { badRequest, required, wrongType } from './c-inputs.ts';

/** `null` is as good as absent. */
export const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

const lengthOf = (text: string): number => [...text].length;

/**
 * Text of at most so many characters (code points). Half a surrogate pair has no UTF-8 form, and a command or name with a NUL
 * would end at it: what is stored would be another text than the one that was sent.
 */
export const text = (field: string, most: number) =>
  z
    .string(required(field, '字符串'))
    .refine((value) => lengthOf(value) <= most, badRequest(`${field} 不能超过 ${most} 个字符`))
    .refine(
      (value) => value.isWellFormed() && !value.includes('\0'),
      badRequest(`${field} 不能包含 NUL 字符或无效的 Unicode 文本`),
    )
    .meta({ maxLength: most });

/** Text that must be there and not be empty. */
export const someText = (field: string, most: number) =>
  text(field, most)
    .refine((value) => value !== '', badRequest(`缺少 ${field}`))
    .meta({ minLength: 1, maxLength: most });

/** @param unit after the number, in words */
export const wholeNumber = (field: string, least: number, most: number) => {
  const range = badRequest(`${field} 必须是 ${least} 到 ${most} 之间的整数`);
  return z.int(range).min(least, range).max(most, range);
};

export const flag = (field: string) => z.boolean(wrongType(field, '布尔值'));

export const oneOf = <const W extends readonly [string, ...string[]]>(field: string, words: W) =>
  z.enum(words, badRequest(`${field} 必须是 ${words.join('、')} 之一`));

/** RFC 3339 on the wire, epoch ms inside. */
export const instant = (field: string) =>
  z
    .string(required(field, '字符串'))
    .transform((value, context) => {
      const epochMs = parseInstant(value);
      if (epochMs === undefined) {
        context.addIssue({
          code: 'custom',
          message: badRequest(`${field} 必须是带时区的 RFC 3339 时间, 例如 ${formatInstant(Date.UTC(2030, 0, 1))}`),
        });
        return z.NEVER;
      }
      return epochMs;
    })
    .meta({ format: 'date-time' });

/** An object of texts. */
export const texts = (field: string) =>
  z.record(z.string(), z.string(wrongType(`${field} 的值`, '字符串')), wrongType(field, '对象'));
