/**
 * Which of the sessions that could take a run now is asked first: one pure ranking for each strategy (rule D8). None of them
 * makes a run wait: where the first choice has no credit, the next one is taken.
 */
import type { Run } from '../run.ts';
import { available, type Session, takesPushes } from '../session.ts';
import { meetsNeeds, type RoutingStrategy } from './needs.ts';

/** What of a run decides who may take it, and who is asked first. */
export type Routed = Pick<Run, 'handler' | 'needs' | 'routing' | 'job'>;

/** Sessions that a look at a whole pool reads at most: some 80 KB, 10 read units at the cheaper reading. */
export const SESSIONS_PER_POOL_LOOK = 200;

type Compare = (a: Session, b: Session) => number;

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
/** Two of one name are the same worker before and after a restart, as a rule. */
const byName: Compare = (a, b) => byText(a.name, b.name) || byCreation(a, b);
const byCreation: Compare = (a, b) => a.createdAt - b.createdAt || byText(a.id, b.id);

/** FNV-1a with the finisher of MurmurHash3: without it, texts that differ in their last letter hash to neighbours. */
const hash = (text: string): number => {
  let value = 0x811c9dc5;
  for (const char of text) {
    value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
};

/** Rendezvous hashing: a worker that comes or goes moves the keys that it has or had, and no others. */
const byRendezvous = (key: string): Compare => {
  const weight = (session: Session): number => hash(JSON.stringify([key, session.worker ?? session.name]));
  return (a, b) => weight(b) - weight(a) || byName(a, b);
};

/** Whose turn it is among all that serve such runs, busy or not: one that is full is left out, and shifts nobody's turn. */
const byTurn = (serving: readonly Session[], turn: number): Compare => {
  const ring = [...serving].sort(byName);
  const places = new Map(
    ring.map((session, index) => [session, (index - (turn % ring.length) + ring.length) % ring.length]),
  );
  return (a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0);
};

const isMostlyFree = (session: Session): boolean => 2 * available(session) > session.maxTasks;
/** Fills one worker to a half of its slots before the next; all of them busier than that share what comes. */
const byHalf: Compare = (a, b) => {
  const [first, second] = [isMostlyFree(a), isMostlyFree(b)];
  return first !== second ? Number(second) - Number(first) : first ? byName(a, b) : byLoad(a, b);
};

const byLoad: Compare = (a, b) => available(b) - available(a);

const orderOf = (
  strategy: RoutingStrategy,
  run: Routed,
  serving: readonly Session[],
  chance: () => number,
): Compare => {
  switch (strategy) {
    case 'least_loaded':
    // A run of a broadcast names the one worker that it is for.
    case 'broadcast':
      return byLoad;
    case 'round_robin':
      return byTurn(serving, run.routing?.turn ?? Math.floor(chance() * serving.length));
    case 'random':
      return () => 0;
    case 'first':
      return byCreation;
    case 'last':
      return (a, b) => byCreation(b, a);
    case 'consistent_hash':
      return byRendezvous(run.job ?? run.handler);
    case 'least_frequently_used':
      return (a, b) => a.q - b.q;
    case 'least_recently_used':
      return (a, b) => a.takeAt - b.takeAt;
    case 'failover':
      return byName;
    case 'busy_over':
      return byHalf;
  }
};

/**
 * The sessions that may take a run, the one to be asked first in front.
 * @param chance a draw in [0, 1) for each candidate, so that equals share the load instead of the first taking it all
 */
export const rankForRun = (sessions: readonly Session[], run: Routed, chance: () => number): Session[] => {
  const serving = sessions.filter(
    (session) => takesPushes(session) && session.handlers.includes(run.handler) && meetsNeeds(session, run.needs),
  );
  const compare = orderOf(run.routing?.strategy ?? 'least_loaded', run, serving, chance);
  return serving
    .filter((session) => available(session) > 0)
    .map((session) => ({ session, draw: chance() }))
    .sort((a, b) => compare(a.session, b.session) || a.draw - b.draw)
    .map(({ session }) => session);
};
