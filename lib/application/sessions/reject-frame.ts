import type { Engine } from '../api.ts';
import type { Ports } from '../ports/index.ts';
import { CONNECTION_KEPT_MS, LATE_FRAMES_MS } from './connection-times.ts';
import { sessionRef } from './open-session.ts';

/** A client that sends this many unreadable or refused frames within a minute is not one of ours. */
const STRIKES = 3;

export const createRejectFrame =
  ({ sockets, connections, now, log }: Ports): Engine['rejectFrame'] =>
  async (conn, code, message) => {
    const strikes = await connections.strike(conn, now(), now() + CONNECTION_KEPT_MS);
    log.warn('A frame was refused', { conn, code, reason: message, strikes });
    await sockets.post(conn, { type: 'error', code, message });
    if (strikes >= STRIKES) {
      await sockets.close(conn);
    }
  };

/**
 * Rule X3. The session takes no more from this moment; what its worker held is settled by the session's alarm, as after a
 * `goodbye`: its last result may be in another execution of this function right now.
 */
export const createExpel =
  ({ sessions, sockets, settings, log }: Ports): Engine['expel'] =>
  async ({ conn, frame: { pool, session } }) => {
    const lost = await sessions.lose(sessionRef({ settings }, pool, session));
    log.warn('A worker was expelled', { conn, pool, session, worker: lost?.name });
    await sockets.post(conn, { type: 'gone', session });
    await sockets.close(conn);
  };

export const createDisconnect =
  ({ connections, sessions, now }: Ports): Engine['disconnect'] =>
  async (conn) => {
    const ref = await connections.find(conn);
    if (ref !== undefined) {
      await sessions.detach(ref, conn);
    }
    await connections.forget(conn, now() + LATE_FRAMES_MS);
  };
