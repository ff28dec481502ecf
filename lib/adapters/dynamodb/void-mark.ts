/** Rule A5 for rows under a status: the mark that an alarm leaves where the row that it was armed for never came. */
import type { UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import { createExpression, type ExpressionBuilder } from './expression.ts';
import type { Key } from './keys.ts';
import { toTtl } from './ttl.ts';

const VOID = 'void';

export const isVoid = (status: unknown): boolean => status === undefined || status === VOID;

/** A row may be created where none is, or where an alarm other than its own left a mark. */
export const mayCreate = (expression: ExpressionBuilder, nonce: string): string => {
  const status = expression.name('status');
  const voided = expression.name('voided');
  const void_ = expression.value('void', VOID);
  const mine = expression.value('nonce', nonce);
  return `attribute_not_exists(${status}) OR (${status} = ${void_} AND NOT contains(${voided}, ${mine}))`;
};

/** Each alarm that gave up leaves its nonce: a creation that armed any of them fails. */
export const voidParams = (Key: Key, nonce: string, expiresAt: number): Omit<UpdateCommandInput, 'TableName'> => {
  const expression = createExpression();
  const status = expression.name('status');
  const void_ = expression.value('void', VOID);
  return {
    Key,
    UpdateExpression: `SET ${status} = ${void_}, ${expression.name('ttl')} = ${expression.value('ttl', toTtl(expiresAt))} ADD ${expression.name('voided')} ${expression.value('nonces', new Set([nonce]))}`,
    ConditionExpression: `attribute_not_exists(${status}) OR ${status} = ${void_}`,
    ...expression.attributes(),
  };
};
