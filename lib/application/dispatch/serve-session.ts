import type { Run } from '../../domain/run.ts';
import { claim } from '../../domain/run-decisions.ts';
import { available, type Session } from '../../domain/session.ts';
import { arm } from '../alarms/arm.ts';
import type { Ports, ReadyEntry } from '../ports/index.ts';
import { homeShard } from './pick-shard.ts';
import type { Push } from './push.ts';

/** Rule D4: a claim is tried on one of so many entries, drawn at random, so that free workers do not all fight for the top. */
export const HEAD = 20;
/** Claims lost in a row before the session waits for its next look: the others are being served. */
const LOST_CLAIMS = 2;
/** Looks in a row for a session with many free slots, each for up to {@link HEAD} runs: 100 slots fill in five. */
const LOOKS = 10;

export type ServeSession = {
  /** The heads of the ready index that a session may claim from, its home shard first. */
  readonly heads: (
    session: { pool: string; id: string },
    handlers: readonly string[],
  ) => Promise<readonly ReadyEntry[]>;
  /**
   * Claims runs for pushes that were taken already (the last ones of `session.q`) and sends them.
   * @returns how many were claimed; the pushes of the others are given back
   */
  readonly claimAndPush: (session: Session, taken: number, heads: readonly ReadyEntry[]) => Promise<number>;
  /** Looks, takes credit, claims and sends: what a report of free slots ends with (rules D4, D5). */
  readonly serve: (session: Session, handlers: readonly string[]) => Promise<void>;
};

export const createServeSession = (ports: Ports, push: Push): ServeSession => {
  const { runs, sessions, settings, chance, now } = ports;

  const heads: ServeSession['heads'] = async ({ pool, id }, handlers) => {
    const shards = settings.shards(pool).ready;
    const home = homeShard(id, shards);
    for (let step = 0; step < shards; step += 1) {
      const shard = (home + step) % shards;
      const looks = await Promise.all(handlers.map((handler) => runs.readyHead({ pool, shard, handler, limit: HEAD })));
      const found = looks.flat();
      if (found.length > 0) {
        return found;
      }
    }
    return [];
  };

  /** The best class of priority first; within it at random among the first of each handler. */
  const inClaimOrder = (entries: readonly ReadyEntry[]): ReadyEntry[] =>
    entries
      .map((entry) => ({ entry, draw: chance() }))
      .sort((a, b) => a.entry.priority - b.entry.priority || a.draw - b.draw)
      .map(({ entry }) => entry);

  const claimAndPush: ServeSession['claimAndPush'] = async (session, taken, entries) => {
    const { pool, shard, id } = session;
    const claimed: Run[] = [];
    let lost = 0;
    for (const entry of inClaimOrder(entries)) {
      if (claimed.length === taken || lost === LOST_CLAIMS) {
        break;
      }
      const seq = session.q - taken + 1 + claimed.length;
      const decision = claim(entry, { session: { pool, shard, id }, worker: session.name, seq }, now());
      if (decision.arm !== undefined) {
        await arm(ports, { kind: 'run', id: entry.id }, decision.arm.g, decision.arm.dueAt);
      }
      const committed = await runs.commit(decision.change);
      if (committed.kind === 'won') {
        claimed.push(committed.run);
      } else {
        lost += 1;
      }
    }
    if (claimed.length < taken) {
      // Rule C5. When another push was taken meanwhile these are gaps, and the worker's sync voids them (rule C6).
      await sessions.giveBack(session, taken - claimed.length);
    }
    if (claimed.length > 0) {
      await push(
        session,
        claimed.map((run) => ({ run })),
      );
    }
    return claimed.length;
  };

  return {
    heads,
    claimAndPush,
    serve: async (session, handlers) => {
      let current: Session | undefined = session;
      for (let looks = 0; looks < LOOKS && current !== undefined; looks += 1) {
        const free = available(current);
        if (current.st !== 'up' || current.conn === undefined || free <= 0 || handlers.length === 0) {
          return;
        }
        const entries = await heads(current, handlers);
        const wanted = Math.min(free, entries.length, HEAD);
        if (wanted === 0) {
          return;
        }
        current = await sessions.take(current, wanted, now());
        if (current !== undefined && (await claimAndPush(current, wanted, entries)) < wanted) {
          return;
        }
      }
    },
  };
};
