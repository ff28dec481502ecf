import type { ConnectionGrant, ConnectionStore, Reported, SessionStore } from '../../application/ports/index.ts';
import { available, SESSIONS_PER_LOOK, type Session, type SessionRef } from '../../domain/session.ts';
import { STRIKE_WINDOW_MS } from '../../domain/timing.ts';

const keyOf = ({ pool, shard, id }: SessionRef): string => JSON.stringify([pool, shard, id]);

/** Told of every change of a row; `after` is absent when it was deleted. */
export type SessionFeed = (before: Session | undefined, after: Session | undefined) => void;

/** The page of a shard that a look for credit reads. */
export const pageOfShard = (
  rows: Iterable<Session>,
  { pool, shard, after, limit = SESSIONS_PER_LOOK }: Omit<Parameters<SessionStore['look']>[0], 'reading'>,
): Awaited<ReturnType<SessionStore['look']>> => {
  const sessions = [...rows]
    .filter((session) => session.pool === pool && session.shard === shard)
    .filter((session) => after === undefined || session.id > after)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return { sessions: sessions.slice(0, limit), more: sessions.length > limit };
};

/** A disabled session keeps what it has and takes no more. */
const mayTake = (session: Session, take: number): boolean => take === 0 || session.disabled === undefined;

/** A socket that a heartbeat came by becomes the session's where none is known. */
const socketOf = ({ conn }: Session, heartbeat: { readonly conn?: string }): Partial<Session> =>
  conn === undefined && heartbeat.conn !== undefined ? { conn: heartbeat.conn } : {};

/** The sessions in this process: the twin of the DynamoDB adapter, condition by condition. */
export const createMemorySessionStore = (onChange: SessionFeed = () => undefined): SessionStore => {
  const rows = new Map<string, Session>();
  const voids = new Map<string, Set<string>>();
  let writes = 0;

  /** Stamps each write as DynamoDB's `op` does (rule W1): giving back asks whether anybody wrote since the take (C5). */
  const put = (before: Session | undefined, fields: Session): Session => {
    writes += 1;
    const after = { ...fields, op: String(writes) };
    rows.set(keyOf(after), after);
    onChange(before, after);
    return after;
  };

  const change = (
    ref: SessionRef,
    condition: (session: Session) => boolean,
    fields: (session: Session) => Partial<Session>,
  ): Session | undefined => {
    const session = rows.get(keyOf(ref));
    return session === undefined || !condition(session) ? undefined : put(session, { ...session, ...fields(session) });
  };

  const reported = (
    ref: SessionRef,
    condition: (session: Session) => boolean,
    fields: (session: Session) => Partial<Session>,
    take = 0,
  ): Reported => {
    const before = rows.get(keyOf(ref));
    if (before === undefined) {
      return { kind: 'missing' };
    }
    const session = mayTake(before, take) ? change(ref, condition, fields) : undefined;
    return session === undefined
      ? { kind: 'refused', session: before }
      : { kind: 'stored', session, before: before.list, hadCredit: available(before) > 0 };
  };

  return {
    create: async (session, nonce) => {
      const existing = rows.get(keyOf(session));
      if (existing !== undefined) {
        return { kind: 'exists', session: existing };
      }
      if (voids.get(keyOf(session))?.has(nonce)) {
        return { kind: 'voided' };
      }
      voids.delete(keyOf(session));
      put(undefined, session);
      return { kind: 'created' };
    },
    get: async (ref) => rows.get(keyOf(ref)),
    look: async (query) => pageOfShard(rows.values(), query),
    take: async (read, count, now) =>
      change(
        read,
        (session) =>
          session.st === 'up' &&
          (count === 1 ? session.q < session.limit : session.q <= read.q && session.limit >= read.limit) &&
          session.disabled === undefined,
        (session) => ({ q: session.q + count, takeAt: now }),
      ),
    giveBack: async (taken, count) =>
      change(
        taken,
        (session) => session.q === taken.q && session.op === taken.op,
        () => ({ q: taken.q - count }),
      ) !== undefined,
    report: async (ref, { rep, seen, limit }, { heartbeat, take, now }) =>
      reported(
        ref,
        (session) => session.st === 'up' && session.rep < rep && (take === 0 || session.q <= limit - take),
        (session) => ({
          rep,
          seen,
          limit,
          ...(heartbeat && { list: heartbeat.list, hbAt: now, ...socketOf(session, heartbeat) }),
          ...(take === 0 ? {} : { q: session.q + take, takeAt: now }),
        }),
        take,
      ),
    resume: async (ref, socket, { rep, seen, limit }, list, now) =>
      reported(
        ref,
        (session) => session.st === 'up' && session.epoch < socket.epoch,
        () => ({ ...socket, rep, seen, limit, list, hbAt: now }),
      ),
    configure: async (ref, { disabled, ...settings }) => {
      const session = rows.get(keyOf(ref));
      if (session?.st !== 'up') {
        return undefined;
      }
      const { disabled: before, ...plain } = session;
      const off = disabled ?? before === true;
      return put(session, { ...plain, ...settings, ...(off ? { disabled: true } : {}) });
    },
    detach: async (ref, conn) => {
      const session = rows.get(keyOf(ref));
      if (session?.conn !== conn) {
        return false;
      }
      const { conn: _closed, ...detached } = session;
      put(session, detached);
      return true;
    },
    lose: async (ref, hbAt) =>
      change(
        ref,
        (session) => session.st === 'up' && (hbAt === undefined || session.hbAt === hbAt),
        () => ({ st: 'lost' }),
      ),
    close: async (ref) => {
      change(
        ref,
        (session) => session.st === 'lost',
        () => ({ st: 'closed' }),
      );
    },
    remove: async (ref) => {
      const session = rows.get(keyOf(ref));
      if (session?.st === 'closed') {
        rows.delete(keyOf(ref));
        onChange(session, undefined);
      }
    },
    fence: async (ref, g) =>
      change(
        ref,
        (session) => session.g === g,
        (session) => ({ fence: session.fence + 1 }),
      ) !== undefined,
    voidMissing: async (ref, nonce) => {
      if (rows.has(keyOf(ref))) {
        return false;
      }
      voids.set(keyOf(ref), (voids.get(keyOf(ref)) ?? new Set()).add(nonce));
      return true;
    },
    bump: async (ref, g, fence, nonce) =>
      change(
        ref,
        (session) => session.g === g && session.fence === fence,
        () => ({ g: g + 1, bumped: { g: g + 1, nonce } }),
      ) !== undefined,
  };
};

/** So many sockets that have ended are remembered, for their late frames. */
const ENDED_KEPT = 1_000;

export const createMemoryConnectionStore = (): ConnectionStore => {
  const grants = new Map<string, ConnectionGrant>();
  const ended = new Set<string>();
  const refs = new Map<string, SessionRef>();
  const strikes = new Map<string, { readonly since: number; readonly count: number }>();
  return {
    admit: async (conn, grant) => {
      grants.set(conn, grant);
    },
    grantOf: async (conn) => grants.get(conn),
    bind: async (conn, { pool, shard, id }) => {
      refs.set(conn, { pool, shard, id });
    },
    find: async (conn) => refs.get(conn),
    forget: async (conn) => {
      refs.delete(conn);
      strikes.delete(conn);
      ended.add(conn);
      const [oldest] = ended;
      if (ended.size > ENDED_KEPT && oldest !== undefined) {
        ended.delete(oldest);
        grants.delete(oldest);
      }
    },
    strike: async (conn, now) => {
      const before = strikes.get(conn);
      const running = before !== undefined && now - before.since < STRIKE_WINDOW_MS;
      const next = running ? { since: before.since, count: before.count + 1 } : { since: now, count: 1 };
      strikes.set(conn, next);
      return next.count;
    },
  };
};
