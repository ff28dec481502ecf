import { isInFlight, type Run } from '../../domain/run.ts';
import { parseAttemptKey, type Session } from '../../domain/session.ts';
import type { Ports } from '../ports/index.ts';
import type { EndAttempt } from '../runs/end-attempt.ts';
import type { Ended } from '../runs/ended.ts';

export type SettleLost = (session: Session, why: string) => Promise<void>;

/** Whether an attempt ended as lost; asked of the row, so that whoever finishes a half-done settlement finds the same. */
const wasLost = (run: Run | undefined, attempt: number): boolean =>
  run?.attempt === attempt
    ? run.status === 'failed' && run.reason === 'worker_lost'
    : (run?.history.some((record) => record.attempt === attempt && record.outcome === 'lost') ?? false);

/**
 * Ends the attempts that a lost session held (rule R6) and closes it. Repeatable: a crash half way is finished by the
 * session's alarm, which sees it `lost` and comes here again (hole H25). Runs that the list does not name are found by
 * their own alarms (rule R3).
 */
export const createSettleLost = (
  ports: Ports,
  { endAttempt, ended }: { readonly endAttempt: EndAttempt; readonly ended: Ended },
): SettleLost => {
  const { runs, sessions, exceptions, now, log } = ports;

  /** Whether the attempt is lost (not when its result came after all, or another session adopted it), and its run if we ended it. */
  const settle = async (session: Session, key: string): Promise<{ readonly lost: boolean; readonly run?: Run }> => {
    const { run: id, attempt } = parseAttemptKey(key);
    const run = await runs.get(id, 'consistent');
    if (run?.attempt !== attempt || !isInFlight(run.status)) {
      return { lost: wasLost(run, attempt) };
    }
    if (run.session?.id !== session.id || run.pool !== session.pool) {
      return { lost: false };
    }
    const error = `Worker ${session.name} was lost`;
    const by = { session: session.id, pool: session.pool };
    const end = await endAttempt.byVerdict(run, { outcome: 'failed', reason: 'worker_lost', error }, by);
    return end === undefined ? { lost: false } : { lost: true, run: end };
  };

  return async (session, why) => {
    const { id, name: worker, pool } = session;
    const settled = await Promise.all(session.list.map(async (key) => ({ key, ...(await settle(session, key)) })));
    const held = settled.flatMap(({ key, lost }) => (lost ? [key] : []));
    if (held.length > 0) {
      log.warn('A worker was lost: the runs it held are retried or have failed', {
        session: id,
        worker,
        pool,
        held,
        why,
      });
      await exceptions.record({ kind: 'worker_lost', id: `worker:${id}`, at: now(), pool, session: id, worker, held });
    } else {
      log.info('A session ended', { session: id, worker, pool, why });
    }
    await sessions.close(session);
    await ended(...settled.flatMap(({ run }) => run ?? []));
  };
};
