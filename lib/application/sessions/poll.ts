import type { AttemptRef, RunOrder } from '../../contracts/frames.ts';
import { isInFlight, type Run } from '../../domain/run.ts';
import { attemptKey, parseAttemptKey, type Session } from '../../domain/session.ts';
import { HEARTBEAT_MS } from '../../domain/timing.ts';
import type { ServeSession } from '../dispatch/serve-session.ts';
import type { ToOrder } from '../dispatch/to-order.ts';
import type { Ports } from '../ports/index.ts';
import type { EndAttempt } from '../runs/end-attempt.ts';
import type { Ended } from '../runs/ended.ts';
import type { Greet } from './greet.ts';
import { createPollSession, type PollInput } from './poll-session.ts';
import { storeList } from './store-list.ts';

export type PollAnswer = {
  readonly session: string;
  /** The server's clock, epoch ms. */
  readonly at: number;
  /** To be executed, each at its `notBefore`. What the worker has already is not begun again (rule K2). */
  readonly runs: readonly RunOrder[];
  /** To be ended, and reported as `cancelled`. */
  readonly cancel: readonly AttemptRef[];
  /** How often to come at least; after 45 s of silence the session is lost. */
  readonly heartbeatMs: number;
};

/**
 * One look: what the worker reports is taken in, and what there is for it given out.
 * @param again a further look of the same request: its report was taken in, and what the worker holds may have changed since
 */
export type Poll = (input: PollInput, again?: 'again') => Promise<PollAnswer>;

type Tools = {
  readonly endAttempt: EndAttempt;
  readonly ended: Ended;
  readonly serveSession: ServeSession;
  readonly toOrder: ToOrder;
  readonly greet: Greet;
};

/** A sign of life is stored when the last is this old: a worker that comes every second costs no write each time. */
const STORED_EVERY_MS = HEARTBEAT_MS - 5_000;
/** Two polls at once take turns in writing the list; who lost so often comes again. */
const RACES = 5;

/** What becomes of what the worker should hold, and of what it says that it holds. */
type Compared = {
  /** The list from now on: what it holds, and what is sent to it once more. */
  readonly list: readonly string[];
  readonly missing: readonly Run[];
  readonly cancel: readonly AttemptRef[];
};

/**
 * The poll of a worker without a socket: `hello`, heartbeat, report and fetch in one.
 *
 * Nothing is pushed to its session, which has neither a socket nor credit. Its `list` is the control plane's own account: an
 * attempt is in it from before its claim until its end, so an answer that was lost is given again, and a loss ends all that
 * was given. `rep` counts the writes of the list, each of which asks for the number before it: of two polls at once one
 * writes, and the other reads again. What another poll has dropped from it between the listing and the claim, the run's alarm
 * puts back (rule R4).
 */
export const createPoll = (ports: Ports, tools: Tools): Poll => {
  const { runs, sessions, now, log } = ports;
  const sessionFor = createPollSession(ports, tools.greet);

  const isIts = (run: Run | undefined, session: Session, attempt: number): run is Run =>
    run?.session?.id === session.id && run.pool === session.pool && run.attempt === attempt && isInFlight(run.status);

  /** Its rows, by the cheap reading; what looks foreign by it is read once more, for the reading may lag behind a claim. */
  const ownOf = async (keys: readonly string[], session: Session): Promise<ReadonlyMap<string, Run>> => {
    const attempts = keys.map((key) => ({ key, ...parseAttemptKey(key) }));
    const read = await runs.getMany([...new Set(attempts.map(({ run }) => run))]);
    const rows = new Map(read.map((run) => [run.id, run]));
    const own = await Promise.all(
      attempts.map(async ({ key, run: id, attempt }) => {
        const row = isIts(rows.get(id), session, attempt) ? rows.get(id) : await runs.get(id, 'consistent');
        return isIts(row, session, attempt) ? [[key, row] as const] : [];
      }),
    );
    return new Map(own.flat());
  };

  const compare = async (session: Session, { running, results }: PollInput): Promise<Compared> => {
    const ended = new Set(results.map(({ run, attempt }) => attemptKey(run, attempt)));
    const held = running.map(([run, attempt]) => attemptKey(run, attempt)).filter((key) => !ended.has(key));
    const missing = session.list.filter((key) => !ended.has(key) && !held.includes(key));
    const own = await ownOf([...held, ...missing], session);
    return {
      list: [...held, ...missing].filter((key) => own.has(key)),
      missing: missing.flatMap((key) => own.get(key) ?? []),
      cancel: held.filter((key) => !own.has(key)).map(refOf),
    };
  };

  /** Only what a person cancelled since: the worker may have told the end of others by another poll meanwhile. */
  const compareAgain = async (session: Session, { running }: PollInput): Promise<Compared> => {
    const rows = await runs.getMany(running.map(([run]) => run));
    const cancelled = new Set(
      rows.filter(({ status }) => status === 'cancelled').map(({ id, attempt }) => attemptKey(id, attempt)),
    );
    const cancel = running.filter(([run, attempt]) => cancelled.has(attemptKey(run, attempt)));
    return { list: session.list, missing: [], cancel };
  };

  const freeOf = (session: Session, { maxTasks, running }: PollInput, list: readonly string[]): number => {
    const held = new Set([...list, ...running.map(([run, attempt]) => attemptKey(run, attempt))]);
    return session.disabled === true || maxTasks === 0 ? 0 : session.maxTasks - held.size;
  };

  /** Takes in what is held and claims what there is room for. @returns undefined: the row changed meanwhile */
  const look = async (session: Session, input: PollInput, again: boolean): Promise<PollAnswer | undefined> => {
    const { list, missing, cancel } = await (again ? compareAgain : compare)(session, input);
    const free = freeOf(session, input, list);
    const picked = free > 0 ? await tools.serveSession.pick(session, free) : [];
    // In the list before the claim: a claim whose answer is lost must be found by the next poll, or by the loss.
    const next = [...list, ...picked.map(({ id, attempt }) => attemptKey(id, attempt + 1))];
    const isStale = !again && session.hbAt + STORED_EVERY_MS <= now();
    const isSame = next.length === session.list.length && next.every((key) => session.list.includes(key));
    const stored = isSame && !isStale ? session : await storeList(sessions, session, next, now());
    if (stored === undefined) {
      return undefined;
    }
    // Nothing of it counts as a push: 0 is outside the session's count.
    const claimed = await tools.serveSession.claimFor(stored, picked.length, picked, () => 0);
    const orders = await Promise.all([...missing, ...claimed].map((run) => tools.toOrder({ run })));
    return { session: session.id, at: now(), runs: orders, cancel, heartbeatMs: HEARTBEAT_MS };
  };

  return async (input, again) => {
    if (again === undefined) {
      const ended = await Promise.all(input.results.map((result) => tools.endAttempt.byResult(result, input.pool)));
      const stale = ended.filter(({ kind }) => kind === 'stale').length;
      if (stale > 0) {
        log.warn('Stale results: too late, twice, or of another pool; nothing was changed', {
          worker: input.worker,
          stale,
        });
      }
      // Before the look: what follows in a transaction may go out with this very answer.
      await tools.ended(...ended.flatMap((one) => (one.kind === 'stale' ? [] : [one.run])));
    }
    for (let race = 0; race < RACES; race += 1) {
      const answer = await look(await sessionFor(input), input, again !== undefined);
      if (answer !== undefined) {
        return answer;
      }
    }
    throw new Error(`The session of worker ${input.worker} changed ${RACES} times while it polled`);
  };
};

const refOf = (key: string): AttemptRef => {
  const { run, attempt } = parseAttemptKey(key);
  return [run, attempt];
};
