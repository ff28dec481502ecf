import { IN_FLIGHT } from '../../domain/run.ts';
import { parseAttemptKey, type Session } from '../../domain/session.ts';
import type { Ports } from '../ports/index.ts';
import type { EndAttempt } from '../runs/end-attempt.ts';

export type SettleLost = (session: Session, why: string) => Promise<void>;

/**
 * Ends the attempts that a lost session held (rule R6) and closes it. Repeatable: a crash half way is finished by the
 * session's alarm, which sees it `lost` and comes here again (hole H25). Runs that the list does not name are found by
 * their own alarms (rule R3).
 */
export const createSettleLost =
  (ports: Ports, endAttempt: EndAttempt): SettleLost =>
  async (session, why) => {
    const { runs, sessions, exceptions, now, log } = ports;
    const held = session.list.length;
    const message = held > 0 ? 'A session ended: the runs it held are retried or failed' : 'A session ended';
    log[held > 0 ? 'warn' : 'info'](message, {
      session: session.id,
      worker: session.name,
      pool: session.pool,
      held,
      why,
    });
    await Promise.all(
      session.list.map(async (key) => {
        const { run: id, attempt } = parseAttemptKey(key);
        const run = await runs.get(id, 'consistent');
        if (run?.attempt === attempt && run.session?.id === session.id && IN_FLIGHT.some((s) => s === run.status)) {
          const error = `Worker ${session.name} was lost: ${why}`;
          await endAttempt.byVerdict(run, { outcome: 'failed', reason: 'worker_lost', error }, { session: session.id });
        }
      }),
    );
    if (held > 0) {
      await exceptions.record({
        kind: 'worker_lost',
        id: `worker:${session.id}`,
        at: now(),
        pool: session.pool,
        session: session.id,
        worker: session.name,
        held: session.list,
      });
    }
    await sessions.close(session);
  };
