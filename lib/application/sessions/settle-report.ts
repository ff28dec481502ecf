import { isInFlight } from '../../domain/run.ts';
import { dropped, missedPushes, parseAttemptKey, type Session } from '../../domain/session.ts';
import type { PushAgain } from '../dispatch/push.ts';
import type { ServeSession } from '../dispatch/serve-session.ts';
import type { Ports } from '../ports/index.ts';

export type SettleReport = (session: Session, before: readonly string[]) => Promise<void>;

/**
 * What a heartbeat (or a resume) with a list leads to: lost results are asked for again (rule S5), lost pushes are
 * voided (rule C6), free slots meet ready runs (rule D5: within 15 s at the worst).
 */
export const createSettleReport =
  (ports: Ports, tools: { readonly pushAgain: PushAgain; readonly serveSession: ServeSession }): SettleReport =>
  async (session, before) => {
    const { runs, sockets } = ports;
    const asked = await Promise.all(
      dropped(before, session.list).map(async (key) => {
        const { run: id, attempt } = parseAttemptKey(key);
        const run = await runs.get(id, 'eventual');
        // Session ids are the workers' own: another pool may have the same one (rule X4).
        const isItsOwn = run?.session?.id === session.id && run.pool === session.pool;
        return isItsOwn && run.attempt === attempt && isInFlight(run.status) ? run : undefined;
      }),
    );
    const silent = asked.filter((run) => run !== undefined);
    if (silent.length > 0) {
      await tools.pushAgain(session, silent);
    }
    if (missedPushes(session) && session.conn !== undefined) {
      await sockets.post(session.conn, { type: 'sync', session: session.id, q: session.q });
    }
    await tools.serveSession.serve(session);
  };
