/** What is sent to DynamoDB for a run: pure, so that the conditions can be read, reviewed and tested without a client. */
import type {
  PutCommandInput,
  QueryCommandInput,
  TransactWriteCommandInput,
  UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type { RunException } from '../../application/ports/index.ts';
import { type ListedFamily, runOrder } from '../../domain/ids.ts';
import { type Expectation, type Run, type RunChange, type RunNote, TRANSITIONS } from '../../domain/run.ts';
import { createExpression, type ExpressionBuilder } from './expression.ts';
import { exceptionKey, ORIGIN_INDEX, READY_INDEX, runKey, runShardKey, STATUS_INDEX } from './keys.ts';
import { attributesOf, encodeFields, encodeRun } from './run-codec.ts';
import { mayCreate, voidParams } from './void-mark.ts';

export type Params<T> = Omit<T, 'TableName'>;

/** Rule A5. `born` stays when `op` has moved on: a creation whose answer was lost must still know its row after others have claimed it. */
export const createParams = (run: Run, nonce: string, op: string): Params<PutCommandInput> => {
  const expression = createExpression();
  return {
    Item: { ...encodeRun(run), op, born: op },
    ConditionExpression: mayCreate(expression, nonce),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ...expression.attributes(),
  };
};

/** An absent fence is 0: it exists only after a crash. */
const fenceIs = (expression: ExpressionBuilder, fence: number): string =>
  fence === 0
    ? `attribute_not_exists(${expression.name('fence')})`
    : `${expression.name('fence')} = ${expression.value('fence_', fence)}`;

/** Rule R8, as `missesStart` says it: an absent `tries` is 0. */
const mayStartAt = (expression: ExpressionBuilder, at: number): string => {
  const startBy = expression.name('startBy');
  const tried = `attribute_exists(${expression.name('tries')})`;
  return `(attribute_not_exists(${startBy}) OR ${startBy} > ${expression.value('startingAt', at)} OR ${tried})`;
};

/** As the domain's `keepsOutput` says it. */
const outputIsKept = (expression: ExpressionBuilder): string => {
  const task = expression.name('task');
  const said = `${task}.${expression.name('saveLog')} = ${expression.value('kept', true)}`;
  return `(${said} OR (attribute_not_exists(${task}) AND attribute_not_exists(${expression.name('unsaved')})))`;
};

const conditions = (
  expression: ExpressionBuilder,
  transition: RunChange['transition'],
  expect: Expectation,
): readonly string[] => {
  const { from } = TRANSITIONS[transition];
  const statuses = from.map((status, index) => expression.value(`from${index}`, status));
  const equal = (field: string, value: unknown): string =>
    `${expression.name(field)} = ${expression.value(`${field}_`, value)}`;
  return [
    `${expression.name('status')} IN (${statuses.join(', ')})`,
    ...(expect.attempt === undefined ? [] : [equal('attempt', expect.attempt)]),
    ...(expect.pool === undefined ? [] : [equal('pool', expect.pool)]),
    ...(expect.g === undefined ? [] : [equal('g', expect.g)]),
    ...(expect.fence === undefined ? [] : [fenceIs(expression, expect.fence)]),
    ...(expect.session === undefined ? [] : [equal('session', expect.session)]),
    ...(expect.evidencePending
      ? [`${expression.name('evidence')}.${expression.name('state')} = ${expression.value('pending', 'pending')}`]
      : []),
    ...(expect.startingAt === undefined ? [] : [mayStartAt(expression, expect.startingAt)]),
    ...(expect.keepsOutput ? [outputIsKept(expression)] : []),
  ];
};

type Update = Required<Pick<UpdateCommandInput, 'UpdateExpression' | 'ConditionExpression'>> &
  Params<UpdateCommandInput>;

export const commitParams = ({ id, transition, expect, set, clear }: RunChange, op: string): Update => {
  const expression = createExpression();
  const fields = Object.entries({ ...encodeFields(id, set), op });
  const sets = fields
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => `${expression.name(field)} = ${expression.value(field, value)}`);
  const emptied = fields.filter(([, value]) => value === undefined).map(([field]) => field);
  const removed = [...clear.flatMap(attributesOf), ...emptied]
    .filter((attribute) => !fields.some(([field, value]) => field === attribute && value !== undefined))
    .map((attribute) => expression.name(attribute));
  return {
    Key: runKey(id),
    UpdateExpression: `SET ${sets.join(', ')}${removed.length === 0 ? '' : ` REMOVE ${[...new Set(removed)].join(', ')}`}`,
    ConditionExpression: conditions(expression, transition, expect).join(' AND '),
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ...expression.attributes(),
  };
};

/**
 * Stamps no `op` (rule W1): repeated, it succeeds again, and the mark of the transition before it stays for whoever made
 * that. A void mark is no run.
 */
export const noteParams = (id: string, note: RunNote, now: number): Params<UpdateCommandInput> => {
  const expression = createExpression();
  const status = expression.name('status');
  const sets = Object.entries({ ...note, updatedAt: now })
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => `${expression.name(field)} = ${expression.value(field, value)}`);
  return {
    Key: runKey(id),
    UpdateExpression: `SET ${sets.join(', ')}`,
    ConditionExpression: `attribute_exists(${status}) AND ${status} <> ${expression.value('void', 'void')}`,
    ReturnValues: 'ALL_NEW',
    ...expression.attributes(),
  };
};

/** A run that fails for good and the exception that tells a person: both or neither. */
export const commitWithExceptionParams = (
  change: RunChange,
  exception: RunException,
  op: string,
  tableName: string,
): TransactWriteCommandInput => {
  const { ReturnValues: _none, ...update } = commitParams(change, op);
  return {
    ClientRequestToken: op,
    TransactItems: [
      { Update: { ...update, TableName: tableName, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } },
      { Put: { TableName: tableName, Item: { ...exceptionKey(exception.id), ...exception } } },
    ],
  };
};

export const fenceParams = (id: string, g: number): Params<UpdateCommandInput> => {
  const expression = createExpression();
  const fence = expression.name('fence');
  return {
    Key: runKey(id),
    UpdateExpression: `SET ${fence} = if_not_exists(${fence}, ${expression.value('none', 0)}) + ${expression.value('one', 1)}`,
    ConditionExpression: `${expression.name('g')} = ${expression.value('g', g)}`,
    ...expression.attributes(),
  };
};

export const voidRunParams = (id: string, nonce: string, expiresAt: number): Params<UpdateCommandInput> =>
  voidParams(runKey(id), nonce, expiresAt);

export const bumpParams = (id: string, g: number, fence: number, nonce: string): Params<UpdateCommandInput> => {
  const expression = createExpression();
  const generation = expression.name('g');
  return {
    Key: runKey(id),
    UpdateExpression: `SET ${generation} = ${expression.value('next', g + 1)}, ${expression.name('bumped')} = ${expression.value('bumped', { g: g + 1, nonce })}`,
    ConditionExpression: `${generation} = ${expression.value('g', g)} AND ${fenceIs(expression, fence)}`,
    ...expression.attributes(),
  };
};

export const readyHeadParams = (query: {
  readonly pool: string;
  readonly shard: number;
  readonly queue: string;
  readonly limit: number;
  readonly aged?: { readonly priority: number; readonly dueBy: number };
}): Params<QueryCommandInput> => {
  const expression = createExpression();
  const equal = (field: string, value: unknown): string =>
    `${expression.name(field)} = ${expression.value(field, value)}`;
  const { pool, shard, queue, limit, aged } = query;
  return {
    IndexName: READY_INDEX,
    KeyConditionExpression: [
      ...[equal('pool', pool), equal('readyShard', shard), equal('queue', queue)],
      ...(aged === undefined
        ? []
        : [equal('priority', aged.priority), `${expression.name('dueAt')} <= ${expression.value('by', aged.dueBy)}`]),
    ].join(' AND '),
    Limit: limit,
    ...expression.attributes(),
  };
};

export const readyIdsParams = (query: {
  readonly pool: string;
  readonly shard: number;
}): Params<QueryCommandInput> => ({
  IndexName: READY_INDEX,
  KeyConditionExpression: '#pool = :pool AND #shard = :shard',
  ExpressionAttributeNames: { '#pool': 'pool', '#shard': 'readyShard' },
  ExpressionAttributeValues: { ':pool': query.pool, ':shard': query.shard },
});

type Slice = {
  readonly family: ListedFamily;
  readonly shard: number;
  readonly before?: string;
  readonly limit: number;
};

const sliceParams = (
  { family, shard, before, limit }: Slice,
  index: { readonly name: string; readonly attribute: string; readonly value: string } | undefined,
): Params<QueryCommandInput> => {
  const expression = createExpression();
  const parts = [
    `${expression.name('pk')} = ${expression.value('pk', runShardKey(family, shard))}`,
    ...(index === undefined ? [] : [`${expression.name(index.attribute)} = ${expression.value('index', index.value)}`]),
    ...(before === undefined ? [] : [`${expression.name('sk')} < ${expression.value('before', runOrder(before))}`]),
  ];
  return {
    ...(index === undefined ? {} : { IndexName: index.name }),
    KeyConditionExpression: parts.join(' AND '),
    ScanIndexForward: false,
    Limit: limit,
    ...expression.attributes(),
  };
};

export const newestParams = (slice: Slice): Params<QueryCommandInput> => sliceParams(slice, undefined);
export const newestOfOriginParams = (slice: Slice & { readonly origin: string }): Params<QueryCommandInput> =>
  sliceParams(slice, { name: ORIGIN_INDEX, attribute: 'origin', value: slice.origin });
export const newestOfStatusParams = (slice: Slice & { readonly status: string }): Params<QueryCommandInput> =>
  sliceParams(slice, { name: STATUS_INDEX, attribute: 'listedStatus', value: slice.status });
