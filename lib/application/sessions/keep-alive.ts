import type { SessionRef } from '../../domain/session.ts';
import type { Workers } from '../fleet/workers-api.ts';
import type { Ports } from '../ports/index.ts';
import { storeList } from './store-list.ts';

/** A heartbeat over HTTP is a sign of life of a worker that polls, too: it may be busy with what it has, and not ask for more. */
export const createHeartbeat = (
  { sessions, now }: Pick<Ports, 'sessions' | 'now'>,
  { heartbeat }: Pick<Workers, 'heartbeat'>,
): Workers['heartbeat'] => {
  /** Nothing happens where its session is over: its next poll begins another. */
  const keepAlive = async (ref: SessionRef): Promise<void> => {
    const session = await sessions.get(ref, 'consistent');
    if (session?.polls === true && session.st === 'up') {
      // Refused: it polled in this very moment, which says the same.
      await storeList(sessions, session, session.list, now());
    }
  };

  return async (id, report, pools) => {
    const worker = await heartbeat(id, report, pools);
    if (worker !== 'foreign' && worker.session !== undefined) {
      await keepAlive(worker.session);
    }
    return worker;
  };
};
