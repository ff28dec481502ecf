/** What is sent to DynamoDB for a session: pure. The conditions are the rules C1–C5 and S1–S4. */
import type { PutCommandInput, QueryCommandInput, UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import type { SessionSettings, SessionStore } from '../../application/ports/index.ts';
import { SESSIONS_PER_LOOK, type Session, type SessionRef, type SlotReport } from '../../domain/session.ts';
import type { Item } from './conditional.ts';
import { createExpression, type ExpressionBuilder } from './expression.ts';
import { type Key, poolKey, sessionKey } from './keys.ts';
import type { Params } from './run-params.ts';
import { toTtl } from './ttl.ts';

export const encodeSession = (session: Session): Key & Item => {
  const { id: _id, pool: _pool, shard: _shard, fence, ...plain } = session;
  return { ...sessionKey(session), ...plain, ...(fence === 0 ? {} : { fence }) };
};

/** A void row is no session: an alarm gave up waiting for its `hello`. */
export const decodeSession = (ref: SessionRef, item: Item | undefined): Session | undefined => {
  if (item === undefined || item.st === undefined || item.st === 'void') {
    return undefined;
  }
  const { pk: _pk, sk: _sk, fence, ...plain } = item;
  return { ...(plain as Omit<Session, keyof SessionRef | 'fence'>), ...ref, fence: Number(fence ?? 0) };
};

export const createSessionParams = (session: Session, nonce: string, op: string): Params<PutCommandInput> => {
  const expression = createExpression();
  const st = expression.name('st');
  const none = `attribute_not_exists(${st})`;
  const voidByOther = `${st} = ${expression.value('void', 'void')} AND NOT contains(${expression.name('voided')}, ${expression.value('nonce', nonce)})`;
  return {
    Item: { ...encodeSession(session), op },
    ConditionExpression: `${none} OR (${voidByOther})`,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ...expression.attributes(),
  };
};

export const lookParams = (
  pool: string,
  shard: number,
  after: string | undefined,
  limit: number = SESSIONS_PER_LOOK,
): Params<QueryCommandInput> => ({
  KeyConditionExpression: '#pk = :pk',
  ExpressionAttributeNames: { '#pk': 'pk' },
  ExpressionAttributeValues: { ':pk': poolKey(pool, shard) },
  Limit: limit,
  ...(after === undefined ? {} : { ExclusiveStartKey: { pk: poolKey(pool, shard), sk: after } }),
});

type Build = (expression: ExpressionBuilder) => {
  readonly set: readonly string[];
  readonly remove?: readonly string[];
  readonly where: readonly string[];
};

const updateParams = (
  ref: SessionRef,
  op: string,
  returns: 'ALL_NEW' | 'ALL_OLD',
  build: Build,
): Params<UpdateCommandInput> => {
  const expression = createExpression();
  const { set, remove = [], where } = build(expression);
  const stamp = `${expression.name('op')} = ${expression.value('op', op)}`;
  return {
    Key: sessionKey(ref),
    UpdateExpression: `SET ${[...set, stamp].join(', ')}${remove.length === 0 ? '' : ` REMOVE ${remove.join(', ')}`}`,
    ConditionExpression: where.join(' AND '),
    ReturnValues: returns,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ...expression.attributes(),
  };
};

const is = (e: ExpressionBuilder, field: string, value: unknown): string =>
  `${e.name(field)} = ${e.value(`${field}_`, value)}`;
const to = (e: ExpressionBuilder, field: string, value: unknown): string =>
  `${e.name(field)} = ${e.value(field, value)}`;
/** `q = q + n` is relative: a repeat of an applied request must not count twice, so it also asks for another `op`. */
const addPushes = (e: ExpressionBuilder, count: number): string =>
  `${e.name('q')} = ${e.name('q')} + ${e.value('count', count)}`;
/** A person switched the worker off: it keeps what it has and takes no more. */
const isEnabled = (e: ExpressionBuilder): string => `attribute_not_exists(${e.name('disabled')})`;
const notMine = (e: ExpressionBuilder, op: string): string => `${e.name('op')} <> ${e.value('op', op)}`;

/** Rule C1. For several pushes the caller computed the bound from what it read: neither end may have got worse. */
export const takeParams = (session: Session, count: number, now: number, op: string): Params<UpdateCommandInput> =>
  updateParams(session, op, 'ALL_NEW', (e) => ({
    set: [addPushes(e, count), to(e, 'takeAt', now)],
    where: [
      is(e, 'st', 'up'),
      ...(count === 1
        ? [`${e.name('q')} < ${e.name('limit')}`]
        : [`${e.name('q')} <= ${e.value('q', session.q)}`, `${e.name('limit')} >= ${e.value('limit', session.limit)}`]),
      isEnabled(e),
      notMine(e, op),
    ],
  }));

/**
 * Rule C5: nobody wrote since we took, so the number was never sent and can be used again. Asking for `q` alone would let a
 * repeat of an applied request take a number back that another has taken since.
 */
export const giveBackParams = (session: Session, count: number, op: string): Params<UpdateCommandInput> =>
  updateParams(session, op, 'ALL_NEW', (e) => ({
    set: [to(e, 'q', session.q - count)],
    where: [
      `${e.name('q')} = ${e.value('taken', session.q)}`,
      `${e.name('op')} = ${e.value('took', session.op ?? '')}`,
    ],
  }));

/** Rules C3 and C4: ordered by the worker's own counter; with pushes to take, the new limit must leave room for them. */
export const reportParams = (
  ref: SessionRef,
  report: SlotReport,
  { heartbeat, take, now }: Parameters<SessionStore['report']>[2],
  op: string,
): Params<UpdateCommandInput> =>
  updateParams(ref, op, 'ALL_OLD', (e) => ({
    set: [
      to(e, 'limit', report.limit),
      to(e, 'rep', report.rep),
      to(e, 'seen', report.seen),
      ...(heartbeat === undefined
        ? []
        : [
            to(e, 'list', heartbeat.list),
            to(e, 'hbAt', now),
            ...(heartbeat.conn === undefined
              ? []
              : [`${e.name('conn')} = if_not_exists(${e.name('conn')}, ${e.value('conn', heartbeat.conn)})`]),
          ]),
      ...(take === 0 ? [] : [addPushes(e, take), to(e, 'takeAt', now)]),
    ],
    where: [
      is(e, 'st', 'up'),
      `${e.name('rep')} < ${e.value('rep', report.rep)}`,
      ...(take === 0 ? [] : [`${e.name('q')} <= ${e.value('bound', report.limit - take)}`, isEnabled(e)]),
    ],
  }));

/** Rule S2. */
export const resumeParams = (
  ref: SessionRef,
  socket: { readonly conn: string; readonly epoch: number },
  report: SlotReport,
  list: readonly string[],
  now: number,
  op: string,
): Params<UpdateCommandInput> =>
  updateParams(ref, op, 'ALL_OLD', (e) => ({
    set: [
      to(e, 'conn', socket.conn),
      to(e, 'epoch', socket.epoch),
      to(e, 'limit', report.limit),
      to(e, 'rep', report.rep),
      to(e, 'seen', report.seen),
      to(e, 'list', list),
      to(e, 'hbAt', now),
    ],
    where: [is(e, 'st', 'up'), `${e.name('epoch')} < ${e.value('epoch', socket.epoch)}`],
  }));

export const configureParams = (
  ref: SessionRef,
  { disabled, ...settings }: SessionSettings,
  op: string,
): Params<UpdateCommandInput> =>
  updateParams(ref, op, 'ALL_NEW', (e) => ({
    set: [
      ...Object.entries(settings).map(([field, value]) => to(e, field, value)),
      ...(disabled === true ? [to(e, 'disabled', true)] : []),
    ],
    remove: disabled === false ? [e.name('disabled')] : [],
    where: [is(e, 'st', 'up')],
  }));

/** Rule S3: only if the session still lives on the closed socket (hole H24). */
export const detachParams = (ref: SessionRef, conn: string, op: string): Params<UpdateCommandInput> =>
  updateParams(ref, op, 'ALL_NEW', (e) => ({ set: [], remove: [e.name('conn')], where: [is(e, 'conn', conn)] }));

/** Rule S4: silent since `hbAt`; or at once, when the worker itself says that the session is over. */
export const loseParams = (ref: SessionRef, hbAt: number | undefined, op: string): Params<UpdateCommandInput> =>
  updateParams(ref, op, 'ALL_NEW', (e) => ({
    set: [to(e, 'st', 'lost')],
    where: [is(e, 'st', 'up'), ...(hbAt === undefined ? [] : [is(e, 'hbAt', hbAt)])],
  }));

export const closeParams = (ref: SessionRef, op: string): Params<UpdateCommandInput> =>
  updateParams(ref, op, 'ALL_NEW', (e) => ({ set: [to(e, 'st', 'closed')], where: [is(e, 'st', 'lost')] }));

export const fenceSessionParams = (ref: SessionRef, g: number, op: string): Params<UpdateCommandInput> =>
  updateParams(ref, op, 'ALL_NEW', (e) => ({
    set: [`${e.name('fence')} = if_not_exists(${e.name('fence')}, ${e.value('none', 0)}) + ${e.value('one', 1)}`],
    where: [is(e, 'g', g)],
  }));

export const voidSessionParams = (ref: SessionRef, nonce: string, expiresAt: number): Params<UpdateCommandInput> => {
  const expression = createExpression();
  const st = expression.name('st');
  const void_ = expression.value('void', 'void');
  return {
    Key: sessionKey(ref),
    UpdateExpression: `SET ${st} = ${void_}, ${to(expression, 'ttl', toTtl(expiresAt))} ADD ${expression.name('voided')} ${expression.value('nonces', new Set([nonce]))}`,
    ConditionExpression: `attribute_not_exists(${st}) OR ${st} = ${void_}`,
    ...expression.attributes(),
  };
};

export const bumpSessionParams = (
  ref: SessionRef,
  g: number,
  fence: number,
  nonce: string,
  op: string,
): Params<UpdateCommandInput> =>
  updateParams(ref, op, 'ALL_NEW', (e) => ({
    set: [to(e, 'g', g + 1), to(e, 'bumped', { g: g + 1, nonce })],
    where: [is(e, 'g', g), fence === 0 ? `attribute_not_exists(${e.name('fence')})` : is(e, 'fence', fence)],
  }));
