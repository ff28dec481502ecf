/** What is sent to DynamoDB for a lease: pure. Each is one conditional write. */
import type { UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Item } from '../conditional.ts';
import { createExpression, type ExpressionBuilder } from '../expression.ts';
import type { Params } from '../run-params.ts';
import { toTtl } from '../ttl.ts';
import { leaseKey } from './keys.ts';

/** The row outlives the lease, so that its fence goes on from where it was. */
const KEPT_MS = 86_400_000;

const updateParams = (
  key: string,
  op: string,
  build: (expression: ExpressionBuilder) => { readonly fields: Item; readonly set?: string; readonly where: string },
): Params<UpdateCommandInput> => {
  const expression = createExpression();
  const { fields, set, where } = build(expression);
  const sets = Object.entries({ ...fields, op }).map(
    ([field, value]) => `${expression.name(field)} = ${expression.value(field, value)}`,
  );
  return {
    Key: leaseKey(key),
    UpdateExpression: `SET ${[...sets, ...(set === undefined ? [] : [set])].join(', ')}`,
    ConditionExpression: where,
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ...expression.attributes(),
  };
};

const held = (e: ExpressionBuilder, value: string, now: number): string =>
  `${e.name('value')} = ${e.value('holder', value)} AND ${e.name('expiresAt')} > ${e.value('now', now)}`;

/**
 * Where the row has gone with time, the fence begins at the clock: far above all that it was, since a lease is taken less
 * than once a millisecond. A repeat of an applied request finds the lease held, by its own `op`.
 */
export const acquireParams = (
  key: string,
  { value, expiresAt, now }: { readonly value: string; readonly expiresAt: number; readonly now: number },
  op: string,
): Params<UpdateCommandInput> =>
  updateParams(key, op, (e) => {
    const fence = e.name('fence');
    return {
      fields: { value, expiresAt, ttl: toTtl(expiresAt + KEPT_MS) },
      set: `${fence} = if_not_exists(${fence}, ${e.value('before', now - 1)}) + ${e.value('one', 1)}`,
      where: `attribute_not_exists(${e.name('pk')}) OR ${e.name('expiresAt')} <= ${e.value('now', now)}`,
    };
  });

export const releaseParams = (key: string, value: string, now: number, op: string): Params<UpdateCommandInput> =>
  updateParams(key, op, (e) => ({ fields: { expiresAt: now }, where: held(e, value, now) }));

export const refreshParams = (
  key: string,
  { value, expiresAt, now }: { readonly value: string; readonly expiresAt: number; readonly now: number },
  op: string,
): Params<UpdateCommandInput> =>
  updateParams(key, op, (e) => ({
    fields: { expiresAt, ttl: toTtl(expiresAt + KEPT_MS) },
    where: held(e, value, now),
  }));
