import { isOfKind } from '../../domain/fleet/needs.ts';
import { missesStart, type Run } from '../../domain/run.ts';
import { claim } from '../../domain/run-decisions.ts';
import { available, type Session, takesPushes } from '../../domain/session.ts';
import { arm } from '../alarms/arm.ts';
import type { Ports, ReadyEntry } from '../ports/index.ts';
import type { Ended } from '../runs/ended.ts';
import { createExpireRun } from '../runs/expire-run.ts';
import type { Aged } from './ageing.ts';
import { homeShard } from './pick-shard.ts';
import type { Push } from './push.ts';
import type { Queues } from './queues.ts';

/** Rule D4: a claim is tried on one of so many entries, drawn at random, so that free workers do not all fight for the top. */
export const HEAD = 20;
/** Claims lost in a row before the session waits for its next look: the others are being served. */
const LOST_CLAIMS = 2;
/** Looks in a row for a session with many free slots, each for up to {@link HEAD} runs: 100 slots fill in five. */
const LOOKS = 10;
/** The second look after a result covers so many queues at most: each costs half a read unit. A heartbeat covers all. */
const QUEUES_PER_SECOND_LOOK = 3;
/** Queues of other needs that the look of a result covers beside those of its runs, in turn: a busy worker makes no other look. */
const KINDS_PER_HAND_OVER = 2;
/** Sessions whose queues an instance remembers, for the looks that are made before the session's row is at hand. */
const SESSIONS_REMEMBERED = 1_000;

/** An entry of the ready index; `aged`: it has waited so long that it goes first (rule D6). */
export type Head = ReadyEntry & { readonly aged?: true };

type Place = Pick<Session, 'pool' | 'id'>;

export type ServeSession = {
  /** The heads of some queues of the ready index, the session's home shard first, and what has aged before them. */
  readonly heads: (session: Place, queues: readonly string[]) => Promise<readonly Head[]>;
  /** What a session may get whose runs of these queues have just ended, asked before its row is at hand (rule C4). */
  readonly nextFor: (session: Place, served: ReadonlySet<string>) => Promise<readonly Head[]>;
  /** What waits in the queues of a session, of which it may claim so many at most: in the order of the claims. */
  readonly pick: (session: Session, most: number) => Promise<readonly Head[]>;
  /** Claims entries in their order, at most so many. @param seqOf the push that the n-th of them is, from 0 */
  readonly claimFor: (
    session: Session,
    most: number,
    heads: readonly Head[],
    seqOf: (index: number) => number,
  ) => Promise<readonly Run[]>;
  /**
   * Claims runs for pushes that were taken already (the last ones of `session.q`) and sends them.
   * @returns how many were claimed; the pushes of the others are given back
   */
  readonly claimAndPush: (session: Session, taken: number, heads: readonly Head[]) => Promise<number>;
  /**
   * Looks, takes credit, claims and sends: what a report of free slots ends with (rules D4, D5).
   * @param served queues of which a run has just ended: the look is a short one then, at these first and a few others in turn
   */
  readonly serve: (session: Session, served?: ReadonlySet<string>) => Promise<void>;
};

export const createServeSession = (
  ports: Ports,
  {
    push,
    queues,
    aged,
    ended,
  }: { readonly push: Push; readonly queues: Queues; readonly aged: Aged; readonly ended: Ended },
): ServeSession => {
  const { runs, sessions, settings, chance, now } = ports;
  const expireRun = createExpireRun(ports, ended);
  const queuesOf = new Map<string, readonly string[]>();

  /** Whenever a session's row is at hand: the picture of its pool is read every 15 s at most. */
  const remember = async (session: Session): Promise<readonly string[]> => {
    const all = await queues.of(session);
    if (queuesOf.size >= SESSIONS_REMEMBERED) {
      queuesOf.clear();
    }
    queuesOf.set(session.id, all);
    return all;
  };

  const headOf = async ({ pool, id }: Place, asked: readonly string[]): Promise<readonly ReadyEntry[]> => {
    const shards = settings.shards(pool).ready;
    const home = homeShard(id, shards);
    for (let step = 0; step < shards; step += 1) {
      const shard = (home + step) % shards;
      const looks = await Promise.all(asked.map((queue) => runs.readyHead({ pool, shard, queue, limit: HEAD })));
      const found = looks.flat();
      if (found.length > 0) {
        return found;
      }
    }
    return [];
  };

  /** Where nothing waits, nothing has aged: an idle pool pays nothing for the second question. */
  const heads: ServeSession['heads'] = async (session, asked) => {
    const found = await headOf(session, asked);
    if (found.length === 0) {
      return found;
    }
    const others = queuesOf.get(session.id) ?? [];
    const old = await aged(session.pool, [...new Set([...asked, ...others])]);
    const first = new Set(old.map(({ id }) => id));
    return [...old.map((entry) => ({ ...entry, aged: true as const })), ...found.filter(({ id }) => !first.has(id))];
  };

  const inTurn = (all: readonly string[]): readonly string[] => {
    const begin = Math.floor(chance() * all.length);
    return [...all.slice(begin), ...all.slice(0, begin)];
  };

  const nextFor: ServeSession['nextFor'] = (session, served) => {
    const kinds = (queuesOf.get(session.id) ?? []).filter((queue) => isOfKind(queue) && !served.has(queue));
    return heads(session, [...served, ...inTurn(kinds).slice(0, KINDS_PER_HAND_OVER)]);
  };

  /** What has aged goes first, the last class in front: it would wait for ever behind the others. */
  const byAge = (a: Head, b: Head): number =>
    a.aged && b.aged ? b.priority - a.priority || a.dueAt - b.dueAt : Number(b.aged ?? false) - Number(a.aged ?? false);

  /** What the session may take, the best class of priority first; within it at random among the first of each queue. */
  const inClaimOrder = (session: Session, entries: readonly Head[]): Head[] =>
    entries
      .filter((entry) => queues.serves(session, entry))
      .map((entry) => ({ entry, draw: chance() }))
      .sort((a, b) => byAge(a.entry, b.entry) || a.entry.priority - b.entry.priority || a.draw - b.draw)
      .map(({ entry }) => entry);

  const claimFor: ServeSession['claimFor'] = async (session, most, entries, seqOf) => {
    const { pool, shard, id } = session;
    const claimed: Run[] = [];
    let lost = 0;
    for (const entry of entries) {
      if (claimed.length === most || lost === LOST_CLAIMS) {
        break;
      }
      const grant = { session: { pool, shard, id }, worker: session.name, seq: seqOf(claimed.length) };
      const decision = claim(entry, grant, now());
      if (decision.arm !== undefined) {
        await arm(ports, { kind: 'run', id: entry.id }, decision.arm.g, decision.arm.dueAt);
      }
      const committed = await runs.commit(decision.change);
      if (committed.kind === 'won') {
        claimed.push(committed.run);
      } else if (committed.run?.status === 'ready' && missesStart(committed.run, now())) {
        // Too late to begin, and its alarm is late as well: at the head of its queue it would keep the others waiting.
        await expireRun(committed.run);
      } else {
        lost += 1;
      }
    }
    return claimed;
  };

  const claimAndPush: ServeSession['claimAndPush'] = async (session, taken, entries) => {
    const ordered = inClaimOrder(session, entries);
    const claimed = await claimFor(session, taken, ordered, (index) => session.q - taken + 1 + index);
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
    await remember(session);
    return claimed.length;
  };

  const queuesToLook = (all: readonly string[], served: ReadonlySet<string>): readonly string[] => {
    const others = all.filter((queue) => !served.has(queue));
    return [...served, ...inTurn(others)].slice(0, QUEUES_PER_SECOND_LOOK);
  };

  return {
    heads,
    nextFor,
    pick: async (session, most) => {
      const all = await queues.of(session);
      return inClaimOrder(session, await heads(session, all)).slice(0, Math.min(most, HEAD));
    },
    claimFor,
    claimAndPush,
    serve: async (session, served) => {
      if (!takesPushes(session)) {
        return;
      }
      const all = await remember(session);
      const asked = served === undefined ? all : queuesToLook(all, served);
      let current: Session | undefined = session;
      for (let looks = 0; looks < LOOKS && current !== undefined; looks += 1) {
        const free = available(current);
        if (!takesPushes(current) || free <= 0 || asked.length === 0) {
          return;
        }
        const entries = await heads(current, asked);
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
