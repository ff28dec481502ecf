/** Rows with a version that every change asks for, and names that only one of them may have. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { type Action, type Actions, addItem, isEqual } from './actions.ts';
import type { Item } from './conditional.ts';
import { createExpression } from './expression.ts';
import type { Key } from './keys.ts';

type Change = { readonly before: Item; readonly after: Item; readonly seen: number; readonly op: string };

/** Writes the attributes that differ, where the row is still the one that was read. */
export const replaceRow = (TableName: string, key: Key, { before, after, seen, op }: Change): Action => {
  const expression = createExpression();
  const sets = Object.entries({ ...after, op })
    .filter(([field, value]) => value !== undefined && !isDeepStrictEqual(before[field], value))
    .map(([field, value]) => `${expression.name(field)} = ${expression.value(field, value)}`);
  const removes = Object.entries(before)
    .filter(([field, value]) => value !== undefined && after[field] === undefined)
    .map(([field]) => expression.name(field));
  return {
    Update: {
      TableName,
      Key: key,
      UpdateExpression: `SET ${sets.join(', ')}${removes.length === 0 ? '' : ` REMOVE ${removes.join(', ')}`}`,
      ConditionExpression: `${expression.name('version')} = ${expression.value('seen', seen)}`,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      ...expression.attributes(),
    },
  };
};

/** @param held the name that the row has, @param wanted the one that it is to have */
export const nameActions = (
  TableName: string,
  holder: string,
  held: Key | undefined,
  wanted: Key | undefined,
): Actions =>
  isDeepStrictEqual(held, wanted)
    ? {}
    : {
        ...(wanted && { name: addItem(TableName, { ...wanted, holder }) }),
        ...(held && { 'free name': { Delete: { TableName, Key: held, ...isEqual('holder', holder) } } }),
      };

export const addTo = (TableName: string, Key: Key, counts: Readonly<Record<string, number>>): Action => {
  const expression = createExpression();
  const adds = Object.entries(counts).map(
    ([attribute, by]) => `${expression.name(attribute)} ${expression.value(attribute, by)}`,
  );
  return { Update: { TableName, Key, UpdateExpression: `ADD ${adds.join(', ')}`, ...expression.attributes() } };
};
