/**
 * A token bucket as one number (GCRA): `tat`, the instant at which it will be full again. Taking moves it on; it may be at
 * most `burst` intervals ahead of now. The bucket that is full and the one that is not are two writes: a condition of
 * DynamoDB cannot take the larger of `tat` and now.
 */
import type { UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import type { ThrottleStore } from '../../../application/ports/identity.ts';
import { createExpression } from '../expression.ts';
import type { Params } from '../run-params.ts';
import { toTtl } from '../ttl.ts';
import { throttleKey } from './keys.ts';

export type Asked = Parameters<ThrottleStore['take']>[1];

/** Kept so long after the bucket is full: clocks of instances differ. */
const KEPT_MS = 60_000;

/** The latest `tat` from which so many tokens can be taken. */
export const latestTat = ({ tokens, intervalMs, burst, now }: Asked): number => now + (burst - tokens) * intervalMs;

const ttlOf = ({ intervalMs, burst, now }: Asked): number => toTtl(now + burst * intervalMs + KEPT_MS);

/** From a full bucket. */
export const takeFirstParams = (key: string, asked: Asked, op: string): Params<UpdateCommandInput> => {
  const expression = createExpression();
  const tat = expression.name('tat');
  const next = expression.value('next', asked.now + asked.tokens * asked.intervalMs);
  return {
    Key: throttleKey(key),
    UpdateExpression: `SET ${tat} = ${next}, ${expression.name('op')} = ${expression.value('op', op)}, ${expression.name('ttl')} = ${expression.value('ttl', ttlOf(asked))}`,
    ConditionExpression: `attribute_not_exists(${tat}) OR ${tat} <= ${expression.value('now', asked.now)}`,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ...expression.attributes(),
  };
};

/** From one that others have taken from. It adds, so a repeat of the request must not meet its own write: `op <> :op` (W1). */
export const takeMoreParams = (key: string, asked: Asked, op: string): Params<UpdateCommandInput> => {
  const expression = createExpression();
  const [tat, opName] = [expression.name('tat'), expression.name('op')];
  const mine = expression.value('op', op);
  const range = `${tat} > ${expression.value('now', asked.now)} AND ${tat} <= ${expression.value('latest', latestTat(asked))}`;
  return {
    Key: throttleKey(key),
    UpdateExpression: `SET ${tat} = ${tat} + ${expression.value('cost', asked.tokens * asked.intervalMs)}, ${opName} = ${mine}, ${expression.name('ttl')} = ${expression.value('ttl', ttlOf(asked))}`,
    ConditionExpression: `${range} AND ${opName} <> ${mine}`,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ...expression.attributes(),
  };
};
