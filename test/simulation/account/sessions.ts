/** What may happen to a session: its reports are ordered, its credit is a bound. */
import type { Session } from '../../../lib/domain/session.ts';
import type { Verdict } from './verdict.ts';

/** The workers of this world number their sessions in the order in which they make them, whenever their hello arrives. */
export const isYounger = (session: string, than: string): boolean =>
  Number(session.split('-')[1]) > Number(than.split('-')[1]);

export const isOpenSession = ({ st }: Session): boolean => st === 'up' || st === 'lost';

export const createSessionAccount = (now: () => number, { must }: Verdict) => {
  const sessions = new Map<string, Session>();
  /** Since when a session has had a free slot, and a socket. */
  const freeSince = new Map<string, number>();
  /** By session: the highest push that was sent. */
  const pushes = new Map<string, number>();

  const onSession = (before: Session | undefined, after: Session | undefined): void => {
    const session = after ?? before;
    if (session === undefined) {
      return;
    }
    const free = after !== undefined && after.st === 'up' && after.conn !== undefined && after.limit > after.q;
    if (!free) {
      freeSince.delete(session.id);
    } else if (!freeSince.has(session.id) || before?.conn !== after.conn) {
      freeSince.set(session.id, now());
    }
    if (after === undefined) {
      sessions.delete(session.id);
      return;
    }
    sessions.set(session.id, after);
    if (before !== undefined) {
      must(
        after.rep >= before.rep,
        'reports_ordered',
        () => `report ${after.rep} of ${after.id} was stored after ${before.rep}`,
      );
      must(
        after.q === before.q || after.q <= before.q || after.q <= after.limit,
        'credit_bound',
        () => `push ${after.q} of ${after.id} was taken with a limit of ${after.limit}`,
      );
      must(
        after.q <= before.q || before.st === 'up',
        'credit_bound',
        () => `push ${after.q} of ${after.id} was taken, which is ${before.st}`,
      );
      must(
        after.q >= before.q || after.q >= (pushes.get(after.id) ?? 0),
        'credit_bound',
        () => `session ${after.id} is said to have had ${after.q} pushes, and push ${pushes.get(after.id)} was sent`,
      );
    }
  };

  return {
    sessions,
    freeSince,
    onSession,
    onPush: (session: string, seq: number): void => {
      pushes.set(session, Math.max(pushes.get(session) ?? 0, seq));
    },
  };
};
export type SessionAccount = ReturnType<typeof createSessionAccount>;
