import type { SessionStore } from '../../lib/application/ports/index.ts';
import type { Session, SessionRef } from '../../lib/domain/session.ts';
import { aSession } from '../support/rows.ts';

/** Without the mark of its last write, which a store may keep and show (W1). */
export const unmarked = <T>(answer: T): T =>
  answer === undefined
    ? answer
    : JSON.parse(JSON.stringify(answer, (key, value) => (key === 'op' ? undefined : value)));

let count = 0;
/** A session that no test has used. */
export const freshSession = (fields: Partial<Session> = {}): Session => {
  count += 1;
  return aSession({ id: `session-${count}`, ...fields });
};

/** What every suite of sessions needs of the store under test. */
export const sessionTools = (open: () => { readonly sessions: SessionStore }) => ({
  sessions: (): SessionStore => open().sessions,
  get: async (ref: SessionRef): Promise<Session | undefined> => unmarked(await open().sessions.get(ref, 'consistent')),
  stored: async (fields: Partial<Session> = {}): Promise<Session> => {
    const session = freshSession(fields);
    await open().sessions.create(session, 'nonce');
    return session;
  },
});
