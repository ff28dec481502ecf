/** What is sent to DynamoDB for a transaction: pure, so that the conditions can be read, reviewed and tested without a client. */
import type { QueryCommandInput, UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import type { ExceptionWrite } from '../../../application/ports/index.ts';
import { runOrder } from '../../../domain/ids.ts';
import type { Saga, SagaException } from '../../../domain/saga/saga.ts';
import { type Action, type Actions, addItem } from '../actions.ts';
import { createExpression } from '../expression.ts';
import { ORIGIN_INDEX, STATUS_INDEX } from '../keys.ts';
import type { Params } from '../run-params.ts';
import { replaceRow } from '../versioned.ts';
import { mayCreate } from '../void-mark.ts';
import { instanceKey, sagaExceptionKey, sagaKey } from './keys.ts';
import { encodeException, encodeExceptionFields, encodeSaga, encodeSagaFields } from './saga-codec.ts';

/** `born` stays when `op` has moved on, as a run's does. The instance's name is in the way of whoever starts it again. */
export const createSagaActions = (saga: Saga, nonce: string, op: string, TableName: string): Actions => {
  const { no, instance, fingerprint } = saga;
  const expression = createExpression();
  return {
    row: {
      Put: {
        TableName,
        Item: { ...encodeSaga(saga), op, born: op },
        ConditionExpression: mayCreate(expression, nonce),
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        ...expression.attributes(),
      },
    },
    instance: addItem(TableName, { ...instanceKey(instance), no, fingerprint, op }),
  };
};

export const changeException = (before: SagaException, after: SagaException, op: string, TableName: string): Action => {
  const [old, current] = [encodeExceptionFields(before), encodeExceptionFields(after)];
  return replaceRow(TableName, sagaExceptionKey(after.id), { before: old, after: current, seen: before.version, op });
};

const exceptionAction = (write: ExceptionWrite, op: string, TableName: string): Action =>
  write.kind === 'open'
    ? addItem(TableName, { ...encodeException(write.exception), op })
    : changeException(write.before, write.after, op, TableName);

/** A step that ends changes the row alone: one write unit (of a row below 1 KB). */
export const commitSagaActions = (
  before: Saga,
  after: Saga,
  exceptions: readonly ExceptionWrite[],
  op: string,
  TableName: string,
): Actions => {
  const change = { before: encodeSagaFields(before), after: encodeSagaFields(after), seen: before.version, op };
  return {
    row: replaceRow(TableName, sagaKey(after.no), change),
    ...Object.fromEntries(
      exceptions.map((write, index) => [`exception ${index}`, exceptionAction(write, op, TableName)] as const),
    ),
  };
};

/** Stamps no `op`: repeated, it fails, and whoever fenced finds a row that needs no fence. */
export const fenceSagaParams = (no: string, g: number): Params<UpdateCommandInput> => {
  const expression = createExpression();
  const version = expression.name('version');
  return {
    Key: sagaKey(no),
    UpdateExpression: `SET ${version} = ${version} + ${expression.value('one', 1)}`,
    ConditionExpression: `${expression.name('g')} = ${expression.value('g', g)}`,
    ...expression.attributes(),
  };
};

export const bumpSagaParams = (no: string, g: number, seen: number, nonce: string): Params<UpdateCommandInput> => {
  const expression = createExpression();
  const [generation, version] = [expression.name('g'), expression.name('version')];
  const sets = [
    `${generation} = ${expression.value('next', g + 1)}`,
    `${expression.name('bumped')} = ${expression.value('bumped', { g: g + 1, nonce })}`,
    `${version} = ${expression.value('after', seen + 1)}`,
  ];
  return {
    Key: sagaKey(no),
    UpdateExpression: `SET ${sets.join(', ')}`,
    ConditionExpression: `${generation} = ${expression.value('g', g)} AND ${version} = ${expression.value('seen', seen)}`,
    ...expression.attributes(),
  };
};

/** A sparse index, and the value under which rows are wanted. */
export type RowIndex =
  | { readonly name: typeof ORIGIN_INDEX; readonly attribute: 'origin'; readonly value: string }
  | { readonly name: typeof STATUS_INDEX; readonly attribute: 'listedStatus'; readonly value: 'failed' | 'open' };

export const ofFlow = (flow: string): RowIndex => ({ name: ORIGIN_INDEX, attribute: 'origin', value: flow });
export const ofStatus = (value: 'failed' | 'open'): RowIndex => ({
  name: STATUS_INDEX,
  attribute: 'listedStatus',
  value,
});

/** A shard, newest first. */
export const newestRowsParams = (
  pk: string,
  before: string | undefined,
  index: RowIndex | undefined,
): Params<QueryCommandInput> => {
  const expression = createExpression();
  const equal = (attribute: string, value: string): string =>
    `${expression.name(attribute)} = ${expression.value(attribute, value)}`;
  const parts = [
    equal('pk', pk),
    ...(index === undefined ? [] : [equal(index.attribute, index.value)]),
    ...(before === undefined ? [] : [`${expression.name('sk')} < ${expression.value('before', runOrder(before))}`]),
  ];
  return {
    ...(index && { IndexName: index.name }),
    KeyConditionExpression: parts.join(' AND '),
    ScanIndexForward: false,
    ...expression.attributes(),
  };
};

/** Puts off when a row expires, and never brings it forward; what has no end gets none. */
export const keepParams = (Key: NonNullable<UpdateCommandInput['Key']>, ttl: number): Params<UpdateCommandInput> => {
  const expression = createExpression();
  const [attribute, value] = [expression.name('ttl'), expression.value('ttl', ttl)];
  return {
    Key,
    UpdateExpression: `SET ${attribute} = ${value}`,
    ConditionExpression: `${attribute} < ${value}`,
    ...expression.attributes(),
  };
};
