import type { QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { createExpression } from '../expression.ts';
import type { Params } from '../run-params.ts';
import { GAPS_END, gapsAfter, jobPartition } from './keys.ts';

/** Gaps that end after `from`, by their ends, of which those that begin before `to`. */
export const gapsParams = (job: string, from: number, to: number): Params<QueryCommandInput> => {
  const expression = createExpression();
  const between = `${expression.name('sk')} BETWEEN ${expression.value('first', gapsAfter(from))} AND ${expression.value('last', GAPS_END)}`;
  return {
    KeyConditionExpression: `${expression.name('pk')} = ${expression.value('pk', jobPartition(job))} AND ${between}`,
    FilterExpression: `${expression.name('from')} < ${expression.value('to', to)}`,
    ...expression.attributes(),
  };
};
