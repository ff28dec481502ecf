import type { Engine } from '../api.ts';
import type { Ports } from '../ports/index.ts';
import { CONNECTION_KEPT_MS } from './open-session.ts';

/** A client that sends this many unreadable frames within a minute is not one of ours. */
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

export const createDisconnect =
  ({ connections, sessions }: Ports): Engine['disconnect'] =>
  async (conn) => {
    const ref = await connections.find(conn);
    if (ref !== undefined) {
      await sessions.detach(ref, conn);
      await connections.forget(conn);
    }
  };
