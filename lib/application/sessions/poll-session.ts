import { createHash } from 'node:crypto';
import type { AttemptRef, RunResult, WorkerFrameOf } from '../../contracts/frames.ts';
import { lossAt, type Session, type SessionRef } from '../../domain/session.ts';
import { arm } from '../alarms/arm.ts';
import type { Ports, SessionSettings } from '../ports/index.ts';
import type { Greet } from './greet.ts';
import { newSession, sessionRef } from './open-session.ts';

/** What a worker without a socket says each time that it comes: all that others say in `hello`, `heartbeat` and `result`. */
export type PollInput = {
  readonly worker: string;
  readonly pool: string;
  readonly handlers: readonly string[];
  readonly tags: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly categories?: readonly string[];
  /** Runs at a time, 1 to 100; 0: no more, it drains. */
  readonly maxTasks: number;
  /** What its process made when it started. A restarted one has forgotten what it did, and gets a session of its own (rule K1). */
  readonly instance?: string;
  readonly running: readonly AttemptRef[];
  readonly results: readonly RunResult[];
};

/** Sessions of one worker that may follow each other while the way to them is lost: each lives for 45 s at least. */
const WALK = 20;
/** The way to a session is kept as a connection's is: for longer than any worker polls without a pause. */
const WAY_KEPT_MS = 400 * 24 * 60 * 60_000;
/** Workers whose session an instance remembers. */
const REMEMBERED = 10_000;

type Way = { readonly key: string; readonly base: string };

/** No connection of the gateway has an id with a colon. */
const wayOf = ({ pool, worker, instance = '' }: PollInput): Way => {
  const base = createHash('sha256')
    .update(JSON.stringify([worker, instance]))
    .digest('base64url')
    .slice(0, 32);
  return { key: `poll:${pool}:${base}`, base: `poll-${base}` };
};

const epochOf = (id: string): number => Number(id.slice(id.lastIndexOf('-') + 1));

/** What it would say as `hello`. Nothing is pushed to it: its limit is always what was pushed, 0. */
const helloOf = (input: PollInput, session: string): WorkerFrameOf<'hello'> => ({
  type: 'hello',
  session,
  pool: input.pool,
  rep: 0,
  seen: 0,
  limit: 0,
  name: input.worker,
  worker: input.worker,
  maxTasks: Math.max(1, input.maxTasks),
  handlers: [...input.handlers],
  tags: [...input.tags],
  ...(input.labels === undefined ? {} : { labels: { ...input.labels } }),
  ...(input.categories === undefined ? {} : { categories: [...input.categories] }),
  list: [],
});

type Said = Pick<PollInput, 'handlers' | 'tags' | 'labels' | 'categories' | 'maxTasks'>;
const textOf = ({ handlers, tags, labels, categories, maxTasks }: Said): string =>
  JSON.stringify([handlers, tags, labels, categories, Math.max(1, maxTasks)]);

/**
 * The session of a worker without a socket. Its id follows from the worker's and an epoch: polls that come at the same time
 * find the same one, and after a loss the next epoch begins.
 */
export const createPollSession = (ports: Ports, greet: Greet): ((input: PollInput) => Promise<Session>) => {
  const { sessions, connections, now } = ports;
  const known = new Map<string, { readonly id: string; readonly said: string }>();

  const remember = (key: string, id: string, said: string): void => {
    if (known.size >= REMEMBERED) {
      known.clear();
    }
    known.set(key, { id, said });
  };

  const create = async (input: PollInput, ref: SessionRef): Promise<Session | undefined> => {
    const hello = helloOf(input, ref.id);
    const session: Session = { ...newSession(ref, hello, await greet(hello, ref), now()), limit: 0, polls: true };
    const nonce = await arm(ports, { kind: 'session', ...ref }, session.g, lossAt(session));
    const created = await sessions.create(session, nonce);
    return created.kind === 'created' ? session : undefined;
  };

  /** The way may be older than the session: from where it leads to, epoch by epoch to the one that is up. */
  const walk = async (input: PollInput, way: Way): Promise<Session> => {
    const kept = await connections.find(way.key);
    let epoch = kept === undefined ? 1 : epochOf(kept.id);
    for (let step = 0; step < WALK; step += 1) {
      const ref = sessionRef(ports, input.pool, `${way.base}-${epoch}`);
      const found = await sessions.get(ref, 'consistent');
      // A row that was there once and is gone is not made again: something may still wait for it to end (hole H34).
      const isNew = found === undefined && ref.id !== kept?.id;
      const session = isNew ? await create(input, ref) : found;
      if (session?.st === 'up') {
        if (ref.id !== kept?.id) {
          await connections.bind(way.key, ref, now() + WAY_KEPT_MS);
        }
        return session;
      }
      // Created by another poll in this moment: it is up there.
      const isRaced = isNew && (await sessions.get(ref, 'consistent'))?.st === 'up';
      epoch += isRaced ? 0 : 1;
    }
    throw new Error(`Worker ${input.worker} has no session that is up after ${WALK} of them`);
  };

  /** It says something else of itself than before. What a person set stays. */
  const hearAnew = async (input: PollInput, session: Session): Promise<Session> => {
    const { handlers, tags, maxTasks, labels, categories } = helloOf(input, session.id);
    const greeted = await greet(helloOf(input, session.id), session);
    const served = greeted.categories ?? categories;
    const settings: SessionSettings = {
      handlers,
      tags: greeted.tags ?? tags,
      maxTasks: greeted.maxTasks ?? maxTasks,
      ...(labels === undefined ? {} : { labels }),
      ...(served === undefined ? {} : { categories: served }),
    };
    return (await sessions.configure(session, settings)) ?? session;
  };

  return async (input) => {
    const way = wayOf(input);
    const said = textOf(input);
    const last = known.get(way.key);
    const found = last && (await sessions.get(sessionRef(ports, input.pool, last.id), 'consistent'));
    const session = found?.st === 'up' ? found : await walk(input, way);
    const isHeard = textOf(session) === said || (last?.id === session.id && last.said === said);
    const heard = isHeard ? session : await hearAnew(input, session);
    remember(way.key, session.id, said);
    return heard;
  };
};
