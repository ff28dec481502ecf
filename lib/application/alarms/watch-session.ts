import { isSessionOpen, lossAt, removableAt, type Session, type SessionRef } from '../../domain/session.ts';
import type { Ports } from '../ports/index.ts';
import type { SettleLost } from '../sessions/end-session.ts';
import type { Acted, Watch } from './ring.ts';

/** What the alarm of a session does: tell a silent worker from a living one (rule S4), and clear a closed row away. */
export const createWatchSession = (ports: Ports, settleLost: SettleLost): ((ref: SessionRef) => Watch<Session>) => {
  const { sessions, now } = ports;

  const clear = async (session: Session): Promise<Acted> => {
    if (now() < removableAt(session)) {
      return { next: 'look', at: removableAt(session) };
    }
    await sessions.remove(session);
    return { next: 'none' };
  };

  const bury = async (session: Session): Promise<Acted> => {
    await settleLost(session, 'it said goodbye or was silent for 45 s');
    return clear(session);
  };

  const act = async (session: Session): Promise<Acted> => {
    if (session.st === 'closed') {
      return clear(session);
    }
    if (session.st === 'lost') {
      return bury(session);
    }
    if (lossAt(session) > now()) {
      return { next: 'look', at: lossAt(session) };
    }
    const lost = await sessions.lose(session, session.hbAt);
    return lost === undefined ? { next: 'again' } : bury(lost);
  };

  return (ref) => ({
    read: (reading) => sessions.get(ref, reading),
    // A closed row is watched too: the alarm that finds it deletes it, so that looks for credit never wade through the dead.
    watched: (session) => ({
      open: isSessionOpen(session) || session.st === 'closed',
      g: session.g,
      wakeAt: session.st === 'up' ? lossAt(session) : 0,
      fence: session.fence,
      bumped: session.bumped,
    }),
    act,
    fence: (g) => sessions.fence(ref, g),
    voidMissing: (nonce, expiresAt) => sessions.voidMissing(ref, nonce, expiresAt),
    bump: (g, fence, nonce) => sessions.bump(ref, g, fence, nonce),
  });
};
