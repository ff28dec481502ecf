import type { AttemptRef, RunResult, WorkerFrameOf } from '../../contracts/frames.ts';
import { reportProgress, start } from '../../domain/run-decisions.ts';
import { attemptKey, type SessionRef } from '../../domain/session.ts';
import type { Engine } from '../api.ts';
import type { Queues } from '../dispatch/queues.ts';
import { HEAD, type ServeSession } from '../dispatch/serve-session.ts';
import { createReceiveLog } from '../fleet/receive-log.ts';
import type { Ports, Reported } from '../ports/index.ts';
import type { EndAttempt, EndedByResult } from '../runs/end-attempt.ts';
import type { Ended } from '../runs/ended.ts';
import { type OpenSession, sessionRef } from './open-session.ts';
import type { SettleReport } from './settle-report.ts';

type Tools = {
  readonly openSession: OpenSession;
  readonly settleReport: SettleReport;
  readonly endAttempt: EndAttempt;
  readonly ended: Ended;
  readonly serveSession: ServeSession;
  readonly queues: Pick<Queues, 'learn' | 'noteLeft'>;
};

type Settled = { readonly one: RunResult; readonly ended: EndedByResult };

/** Everything a worker says, by the kind of its frame. */
export const createReceiveFrame = (ports: Ports, tools: Tools): Engine['receiveFrame'] => {
  const { runs, sessions, sockets, now, log } = ports;
  const receiveLog = createReceiveLog(ports);

  const sayGone = async (conn: string, session: string, reported: Reported): Promise<void> => {
    if (reported.kind === 'missing' || (reported.kind === 'refused' && reported.session.st !== 'up')) {
      await sockets.post(conn, { type: 'gone', session });
    }
  };

  const heartbeat = async (conn: string, frame: WorkerFrameOf<'heartbeat'>): Promise<void> => {
    const ref = sessionRef(ports, frame.pool, frame.session);
    const list = frame.list.map(([run, attempt]) => attemptKey(run, attempt));
    const reported = await sessions.report(ref, frame, { heartbeat: { list, conn }, take: 0, now: now() });
    if (reported.kind === 'stored') {
      await tools.settleReport(reported.session, reported.before);
    } else {
      await sayGone(conn, frame.session, reported);
    }
  };

  const started = async ({ pool, runs: begun }: WorkerFrameOf<'started'>): Promise<void> => {
    await Promise.all(
      begun.map(({ run: id, attempt, startedAt }) =>
        runs.commit(start({ id, attempt, pool }, Math.min(startedAt, now()), now()).change),
      ),
    );
  };

  const progress = async ({ run: id, attempt, pool, percent, note }: WorkerFrameOf<'progress'>): Promise<void> => {
    const told = note === undefined ? { percent } : { percent, note };
    await runs.commit(reportProgress({ id, attempt, pool }, told, now()).change);
  };

  /** Rule C4's one write: the report, and the pushes for runs that the index shows, if the new limit leaves room. */
  const reportAndTake = async (
    frame: WorkerFrameOf<'result'>,
    ref: SessionRef,
    ended: ReadonlySet<string>,
    wins: number,
  ): Promise<{ readonly reported: Reported; readonly found: boolean }> => {
    const heads = wins === 0 ? [] : await tools.serveSession.nextFor(ref, ended);
    const take = Math.min(wins, heads.length, HEAD);
    if (take > 0) {
      const reported = await sessions.report(ref, frame, { take, now: now() });
      if (reported.kind === 'stored') {
        if (heads.length > take) {
          tools.queues.noteLeft(ref.pool, heads);
        }
        await tools.serveSession.claimAndPush(reported.session, take, heads);
        return { reported, found: true };
      }
    }
    return { reported: await sessions.report(ref, frame, { take: 0, now: now() }), found: take > 0 };
  };

  /** The slots that results freed: what is stored of them, and what they are filled with. */
  const handOver = async (conn: string, frame: WorkerFrameOf<'result'>, settled: readonly Settled[]): Promise<void> => {
    const stale = settled
      .filter(({ ended }) => ended.kind === 'stale')
      .map(({ one }): AttemptRef => [one.run, one.attempt]);
    if (stale.length > 0) {
      log.warn('Stale results: too late, twice, or of another pool; nothing was changed', {
        session: frame.session,
        stale,
      });
      await sockets.post(conn, { type: 'stale', session: frame.session, attempts: stale });
    }
    // Only the execution whose write ended an attempt hands over for it (hole H10).
    const won = settled.flatMap(({ ended }) => (ended.kind === 'ended' ? [ended.run] : []));
    const ended = new Set(won.map(tools.queues.learn));
    const ref = sessionRef(ports, frame.pool, frame.session);
    const { reported, found } = await reportAndTake(frame, ref, ended, won.length);
    if (reported.kind !== 'stored') {
      await sayGone(conn, frame.session, reported);
      return;
    }
    const freed = settled.some((one) => one.ended.kind !== 'stale');
    // A session that had credit all along was seen by every run that turned ready meanwhile (rule D3): only where there was
    // none before, or where runs are known to wait, does the report have to look for them.
    if (freed && (found || !reported.hadCredit)) {
      await tools.serveSession.serve(reported.session, ended);
    }
  };

  const result = async (conn: string, frame: WorkerFrameOf<'result'>): Promise<void> => {
    const settled = await Promise.all(
      frame.results.map(async (one) => ({ one, ended: await tools.endAttempt.byResult(one, frame.pool) })),
    );
    await handOver(conn, frame, settled);
    // The next step of a transaction finds the slot that the one before it has just freed.
    await tools.ended(...settled.flatMap(({ ended }) => (ended.kind === 'stale' ? [] : [ended.run])));
  };

  /**
   * No more runs from now on. What the worker still held is settled by the session's alarm, within 45 s: its last result
   * may be in another execution of this function right now, and would come too late if we were faster.
   */
  const goodbye = async (frame: WorkerFrameOf<'goodbye'>): Promise<void> => {
    await sessions.lose(sessionRef(ports, frame.pool, frame.session));
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
      case 'log':
        return receiveLog(frame);
      case 'result':
        return result(conn, frame);
      case 'goodbye':
        return goodbye(frame);
    }
  };
};
