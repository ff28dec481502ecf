import type { AttemptRef, WorkerFrameOf } from '../../contracts/frames.ts';
import { reportProgress, start } from '../../domain/run-decisions.ts';
import { attemptKey } from '../../domain/session.ts';
import type { Engine } from '../api.ts';
import { MOST_PER_LOOK, type ServeSession } from '../dispatch/serve-session.ts';
import type { Ports, Reported } from '../ports/index.ts';
import type { EndAttempt } from '../runs/end-attempt.ts';
import type { SettleLost } from './end-session.ts';
import { type OpenSession, sessionRef } from './open-session.ts';
import type { SettleReport } from './settle-report.ts';

type Tools = {
  readonly openSession: OpenSession;
  readonly settleReport: SettleReport;
  readonly settleLost: SettleLost;
  readonly endAttempt: EndAttempt;
  readonly serveSession: ServeSession;
};

/** The second look after a result covers so many handlers at most: each costs half a read unit. A heartbeat covers all. */
const HANDLERS_PER_LOOK = 3;

/** Everything a worker says, by the kind of its frame. */
export const createReceiveFrame = (ports: Ports, tools: Tools): Engine['receiveFrame'] => {
  const { runs, sessions, sockets, now, chance, log } = ports;

  const sayGone = async (conn: string, session: string, reported: Reported): Promise<void> => {
    if (reported.kind === 'missing' || (reported.kind === 'refused' && reported.session.st !== 'up')) {
      await sockets.post(conn, { type: 'gone', session });
    }
  };

  const heartbeat = async (conn: string, frame: WorkerFrameOf<'heartbeat'>): Promise<void> => {
    const ref = sessionRef(ports, frame.pool, frame.session);
    const list = frame.list.map(([run, attempt]) => attemptKey(run, attempt));
    const reported = await sessions.report(ref, frame, { list, take: 0, now: now() });
    if (reported.kind === 'stored') {
      await tools.settleReport(reported.session, reported.before);
    } else {
      await sayGone(conn, frame.session, reported);
    }
  };

  const started = async (frame: WorkerFrameOf<'started'>): Promise<void> => {
    await Promise.all(
      frame.runs.map(({ run, attempt, startedAt }) =>
        runs.commit(start(run, attempt, Math.min(startedAt, now()), now()).change),
      ),
    );
  };

  const progress = async ({ run, attempt, percent, note }: WorkerFrameOf<'progress'>): Promise<void> => {
    const told = note === undefined ? { percent } : { percent, note };
    await runs.commit(reportProgress(run, attempt, told, now()).change);
  };

  /**
   * Rule C4: for each attempt that this very execution ended, the session may take the next ready run. Report and
   * taking are one write; without a run to take, the report is stored and the index looked at once more, because a run
   * may have turned ready in between.
   */
  const handOver = async (conn: string, frame: WorkerFrameOf<'result'>, ended: ReadonlySet<string>, wins: number) => {
    const ref = sessionRef(ports, frame.pool, frame.session);
    const first = wins > 0 ? await tools.serveSession.heads(ref, [...ended]) : [];
    const take = Math.min(wins, first.length, MOST_PER_LOOK);
    if (take > 0) {
      const reported = await sessions.report(ref, frame, { take, now: now() });
      if (reported.kind === 'stored') {
        await tools.serveSession.claimAndPush(reported.session, take, first);
        return;
      }
    }
    const reported = await sessions.report(ref, frame, { take: 0, now: now() });
    if (reported.kind !== 'stored') {
      await sayGone(conn, frame.session, reported);
      return;
    }
    if (wins > 0) {
      const others = reported.session.handlers.filter((handler) => !ended.has(handler));
      const begin = Math.floor(chance() * others.length);
      const rotated = [...others.slice(begin), ...others.slice(0, begin)];
      await tools.serveSession.serve(reported.session, [...ended, ...rotated].slice(0, HANDLERS_PER_LOOK));
    }
  };

  const result = async (conn: string, frame: WorkerFrameOf<'result'>): Promise<void> => {
    const settled = await Promise.all(
      frame.results.map(async (one) => ({ one, ended: await tools.endAttempt.byResult(one) })),
    );
    const stale = settled
      .filter(({ ended }) => ended.kind === 'stale')
      .map(({ one }): AttemptRef => [one.run, one.attempt]);
    if (stale.length > 0) {
      log.warn('Stale results: they came too late or twice, nothing was changed', { session: frame.session, stale });
      await sockets.post(conn, { type: 'stale', session: frame.session, attempts: stale });
    }
    const won = settled.flatMap(({ ended }) => (ended.kind === 'ended' ? [ended.run] : []));
    await handOver(conn, frame, new Set(won.map((run) => run.handler)), won.length);
  };

  const goodbye = async (frame: WorkerFrameOf<'goodbye'>): Promise<void> => {
    const lost = await sessions.lose(sessionRef(ports, frame.pool, frame.session));
    if (lost !== undefined) {
      await tools.settleLost(lost, 'it said goodbye');
    }
  };

  return async ({ conn, frame }) => {
    switch (frame.type) {
      case 'hello':
        return tools.openSession.hello(conn, frame);
      case 'resume':
        return tools.openSession.resume(conn, frame);
      case 'heartbeat':
        return heartbeat(conn, frame);
      case 'started':
        return started(frame);
      case 'progress':
        return progress(frame);
      case 'result':
        return result(conn, frame);
      case 'goodbye':
        return goodbye(frame);
    }
  };
};
