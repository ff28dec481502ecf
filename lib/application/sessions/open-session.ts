import type { WorkerFrameOf } from '../../contracts/frames.ts';
import { adopt } from '../../domain/run-decisions.ts';
import { attemptKey, lossAt, parseAttemptKey, type Session, type SessionRef } from '../../domain/session.ts';
import { HEARTBEAT_MS } from '../../domain/timing.ts';
import { arm } from '../alarms/arm.ts';
import { homeShard } from '../dispatch/pick-shard.ts';
import type { ServeSession } from '../dispatch/serve-session.ts';
import type { Ports } from '../ports/index.ts';
import { createCategoryScripts } from './category-scripts.ts';
import { CONNECTION_KEPT_MS } from './connection-times.ts';
import type { SettleLost } from './end-session.ts';
import type { Greet, Greeted } from './greet.ts';
import type { SettleReport } from './settle-report.ts';

/** The row's place follows from pool and id alone, so that any frame finds it. */
export const sessionRef = (ports: Pick<Ports, 'settings'>, pool: string, id: string): SessionRef => ({
  pool,
  shard: homeShard(id, ports.settings.shards(pool).sessions),
  id,
});

type Tools = {
  readonly serveSession: ServeSession;
  readonly settleLost: SettleLost;
  readonly settleReport: SettleReport;
  readonly greet: Greet;
};

export type OpenSession = {
  readonly hello: (conn: string, frame: WorkerFrameOf<'hello'>) => Promise<void>;
  readonly resume: (conn: string, frame: WorkerFrameOf<'resume'>) => Promise<void>;
};

/**
 * The first row of a session. What a person set goes before what the worker says; a lower number of runs at a time holds at
 * once, a higher one when the worker has heard of it and reports.
 */
export const newSession = (
  ref: SessionRef,
  frame: Omit<WorkerFrameOf<'hello'>, 'type' | 'session' | 'pool' | 'replaces'>,
  { maxTasks = frame.maxTasks, tags = frame.tags, categories = frame.categories, disabled }: Greeted,
  now: number,
): Session => ({
  ...ref,
  st: 'up',
  name: frame.name,
  epoch: 1,
  handlers: frame.handlers,
  tags,
  maxTasks,
  ...(frame.worker === undefined ? {} : { worker: frame.worker }),
  ...(frame.labels === undefined ? {} : { labels: frame.labels }),
  ...(categories === undefined ? {} : { categories }),
  ...(disabled === undefined ? {} : { disabled }),
  limit: frame.limit - Math.max(0, frame.maxTasks - maxTasks),
  q: 0,
  rep: frame.rep,
  seen: 0,
  hbAt: now,
  takeAt: 0,
  list: frame.list.map(([run, attempt]) => attemptKey(run, attempt)),
  g: 1,
  fence: 0,
  createdAt: now,
});

/** A worker introduces itself, or comes back on a new socket (rules S1, S2). */
export const createOpenSession = (ports: Ports, tools: Tools): OpenSession => {
  const { runs, sessions, connections, sockets, now } = ports;
  const scriptsFor = createCategoryScripts(ports);

  /** The same `hello` twice finds its own session. Under another socket, or too late, the worker is to choose a new id. */
  const create = async (session: Session, ref: SessionRef): Promise<Session | undefined> => {
    const nonce = await arm(ports, { kind: 'session', ...ref }, session.g, lossAt(session));
    const created = await sessions.create(session, nonce);
    if (created.kind === 'created') {
      return session;
    }
    const repeated = created.kind === 'exists' && created.session.st === 'up' && created.session.conn === session.conn;
    return repeated ? created.session : undefined;
  };

  const replace = async (old: SessionRef, session: Session): Promise<void> => {
    await Promise.all(
      session.list.map((key) => {
        const { run, attempt } = parseAttemptKey(key);
        return runs.commit(
          adopt(run, attempt, old.id, { pool: session.pool, shard: session.shard, id: session.id }, now()).change,
        );
      }),
    );
    const lost = await sessions.lose(old);
    if (lost !== undefined) {
      await tools.settleLost(lost, 'it opened a new session');
    }
  };

  return {
    hello: async (conn, frame) => {
      const ref = sessionRef(ports, frame.pool, frame.session);
      const greeted = await tools.greet(frame, ref);
      const session = await create({ ...newSession(ref, frame, greeted, now()), conn }, ref);
      if (session === undefined) {
        await sockets.post(conn, { type: 'gone', session: frame.session });
        return;
      }
      await connections.bind(conn, ref, now() + CONNECTION_KEPT_MS);
      const categories = await scriptsFor(session.categories);
      await sockets.post(conn, {
        ...{ type: 'welcome', session: ref.id, at: now(), heartbeatMs: HEARTBEAT_MS },
        ...(greeted.maxTasks === undefined ? {} : { maxTasks: greeted.maxTasks }),
        ...(categories.length === 0 ? {} : { categories }),
      });
      if (frame.replaces !== undefined) {
        await replace(sessionRef(ports, frame.pool, frame.replaces), session);
      }
      await tools.serveSession.serve(session);
    },

    resume: async (conn, frame) => {
      const ref = sessionRef(ports, frame.pool, frame.session);
      const list = frame.list.map(([run, attempt]) => attemptKey(run, attempt));
      const reported = await sessions.resume(ref, { conn, epoch: frame.epoch }, frame, list, now());
      if (reported.kind === 'refused' && reported.session.st === 'up') {
        // An older socket's resume that was overtaken: the session lives on the newer one.
        return;
      }
      if (reported.kind !== 'stored') {
        await sockets.post(conn, { type: 'gone', session: frame.session });
        return;
      }
      await connections.bind(conn, ref, now() + CONNECTION_KEPT_MS);
      await sockets.post(conn, { type: 'resumed', session: ref.id, at: now(), epoch: frame.epoch });
      await tools.settleReport(reported.session, reported.before);
    },
  };
};
