/** What the parameters of several rows have in common. */
import type { QueryCommandInput, TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Item } from './conditional.ts';
import { createExpression, type Expression } from './expression.ts';
import type { Key } from './keys.ts';
import type { Params } from './run-params.ts';

/** One action of a transaction. */
export type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];
/** Actions by what they are for: whoever loses learns which of them stood in the way. */
export type Actions = Readonly<Record<string, Action>>;

/** With the condition: the old item comes back to whoever fails it. */
type Conditional = Expression & {
  readonly ConditionExpression: string;
  readonly ReturnValuesOnConditionCheckFailure: 'ALL_OLD';
};

const where = (write: (expression: ReturnType<typeof createExpression>) => string): Conditional => {
  const expression = createExpression();
  return {
    ConditionExpression: write(expression),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ...expression.attributes(),
  };
};

export const isNew = (): Conditional => where((e) => `attribute_not_exists(${e.name('pk')})`);
export const isThere = (): Conditional => where((e) => `attribute_exists(${e.name('pk')})`);
export const isEqual = (field: string, value: unknown): Conditional =>
  where((e) => `${e.name(field)} = ${e.value(field, value)}`);

/** An item where there was none. */
export const addItem = (TableName: string, Item: Key & Item): Action => ({ Put: { TableName, Item, ...isNew() } });

/** A partition in the order of its sort keys. */
export const partitionParams = (pk: string): Params<QueryCommandInput> => {
  const expression = createExpression();
  return {
    KeyConditionExpression: `${expression.name('pk')} = ${expression.value('pk', pk)}`,
    ...expression.attributes(),
  };
};
