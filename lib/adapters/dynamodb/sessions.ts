import { DeleteCommand, GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Reported, SessionStore } from '../../application/ports/index.ts';
import { available, type Session, type SessionRef } from '../../domain/session.ts';
import type { Table } from './client.ts';
import { attemptWrite, type Written } from './conditional.ts';
import { sessionKey } from './keys.ts';
import {
  bumpSessionParams,
  closeParams,
  configureParams,
  createSessionParams,
  decodeSession,
  detachParams,
  fenceSessionParams,
  giveBackParams,
  lookParams,
  loseParams,
  reportParams,
  resumeParams,
  takeParams,
  voidSessionParams,
} from './session-params.ts';

const refOf = ({ pool, shard, id }: SessionRef): SessionRef => ({ pool, shard, id });

export const createSessionStore = ({ client, name }: Table, makeOp: () => string): SessionStore => {
  const update = (op: string, params: ReturnType<typeof closeParams>): Promise<Written> =>
    attemptWrite(op, () => client.send(new UpdateCommand({ TableName: name, ...params })));

  const won = async (op: string, params: ReturnType<typeof closeParams>): Promise<boolean> =>
    (await update(op, params)).kind === 'won';

  const updated = async (
    ref: SessionRef,
    op: string,
    params: ReturnType<typeof closeParams>,
  ): Promise<Session | undefined> => {
    const written = await update(op, params);
    return written.kind === 'won' ? decodeSession(refOf(ref), written.item) : undefined;
  };

  /**
   * A report returns the old row, whose list tells what the worker dropped. After a repeated request only our own write
   * is found: the old list is gone, and the lost result that it might have told of is found by the run's own alarm.
   */
  const asReported = (ref: SessionRef, written: Written, change: Partial<Session>, take: number): Reported => {
    const row = decodeSession(refOf(ref), written.item);
    if (row === undefined) {
      return { kind: 'missing' };
    }
    if (written.kind === 'lost') {
      return { kind: 'refused', session: row };
    }
    return written.found
      ? { kind: 'stored', session: row, before: row.list, hadCredit: false }
      : {
          kind: 'stored',
          session: { ...row, ...change, q: row.q + take },
          before: row.list,
          hadCredit: available(row) > 0,
        };
  };

  return {
    create: async (session, nonce) => {
      const op = makeOp();
      const params = createSessionParams(session, nonce, op);
      const written = await attemptWrite(op, () => client.send(new PutCommand({ TableName: name, ...params })));
      if (written.kind === 'won') {
        return { kind: 'created' };
      }
      const existing = decodeSession(refOf(session), written.item);
      return existing === undefined ? { kind: 'voided' } : { kind: 'exists', session: existing };
    },

    get: async (ref, reading) => {
      const { Item } = await client.send(
        new GetCommand({ TableName: name, Key: sessionKey(ref), ConsistentRead: reading === 'consistent' }),
      );
      return decodeSession(refOf(ref), Item);
    },

    look: async ({ pool, shard, reading, after, limit }) => {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: name,
          ...lookParams(pool, shard, after, limit),
          ConsistentRead: reading === 'consistent',
        }),
      );
      const sessions = Items.flatMap((item) => decodeSession({ pool, shard, id: String(item.sk) }, item) ?? []);
      return { sessions, more: LastEvaluatedKey !== undefined };
    },

    take: (session, count, now) => {
      const op = makeOp();
      return updated(session, op, takeParams(session, count, now, op));
    },

    giveBack: (session, count) => {
      const op = makeOp();
      return won(op, giveBackParams(session, count, op));
    },

    report: async (ref, report, with_) => {
      const op = makeOp();
      const written = await update(op, reportParams(ref, report, with_, op));
      const { limit, rep, seen } = report;
      const { heartbeat, take, now } = with_;
      const taken = take === 0 ? {} : { takeAt: now };
      const beat = heartbeat && { list: heartbeat.list, hbAt: now };
      const reported = asReported(ref, written, { limit, rep, seen, op, ...beat, ...taken }, take);
      return reported.kind === 'stored' && heartbeat?.conn !== undefined && reported.session.conn === undefined
        ? { ...reported, session: { ...reported.session, conn: heartbeat.conn } }
        : reported;
    },

    resume: async (ref, socket, report, list, now) => {
      const op = makeOp();
      const written = await update(op, resumeParams(ref, socket, report, list, now, op));
      const { limit, rep, seen } = report;
      return asReported(ref, written, { ...socket, limit, rep, seen, op, list, hbAt: now }, 0);
    },

    configure: (ref, settings) => {
      const op = makeOp();
      return updated(ref, op, configureParams(ref, settings, op));
    },

    detach: (ref, conn) => {
      const op = makeOp();
      return won(op, detachParams(ref, conn, op));
    },

    lose: (ref, hbAt) => {
      const op = makeOp();
      return updated(ref, op, loseParams(ref, hbAt, op));
    },

    close: async (ref) => {
      const op = makeOp();
      await update(op, closeParams(ref, op));
    },

    remove: async (ref) => {
      await attemptWrite('', () =>
        client.send(
          new DeleteCommand({
            TableName: name,
            Key: sessionKey(ref),
            ConditionExpression: '#st = :closed',
            ExpressionAttributeNames: { '#st': 'st' },
            ExpressionAttributeValues: { ':closed': 'closed' },
          }),
        ),
      );
    },

    fence: (ref, g) => {
      const op = makeOp();
      return won(op, fenceSessionParams(ref, g, op));
    },
    voidMissing: (ref, nonce, expiresAt) => won(makeOp(), voidSessionParams(ref, nonce, expiresAt)),
    bump: (ref, g, fence, nonce) => {
      const op = makeOp();
      return won(op, bumpSessionParams(ref, g, fence, nonce, op));
    },
  };
};
