import type { Session } from '../../domain/session.ts';
import type { Ports } from '../ports/index.ts';

/**
 * Writes down what a worker that polls is taken to hold, where nobody has since the session was read. Nothing is pushed to
 * such a session, so it reports no credit.
 * @param heardAt epoch ms; the session's own `hbAt` where this is no sign of life
 * @returns undefined: somebody else was faster
 */
export const storeList = async (
  sessions: Pick<Ports['sessions'], 'report'>,
  session: Session,
  list: readonly string[],
  heardAt: number,
): Promise<Session | undefined> => {
  const report = { rep: session.rep + 1, seen: 0, limit: 0 };
  const reported = await sessions.report(session, report, { heartbeat: { list }, take: 0, now: heardAt });
  return reported.kind === 'stored' ? reported.session : undefined;
};
