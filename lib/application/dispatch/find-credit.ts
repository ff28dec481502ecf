import { FUNCTION_POOL, FUNCTION_SESSION } from '../../domain/fleet/function-pool.ts';
import { type Routed, rankForRun, SESSIONS_PER_POOL_LOOK } from '../../domain/fleet/routing.ts';
import type { Run } from '../../domain/run.ts';
import type { Grant } from '../../domain/run-decisions.ts';
import type { Session } from '../../domain/session.ts';
import type { Ports, Reading } from '../ports/index.ts';
import type { Queues } from './queues.ts';

/** A push taken from a session's credit, and the session as the taking left it. */
export type Credit = { readonly grant: Grant; readonly session: Session };

/** Sessions whose credit was gone when we took it, before we give up: another look is cheaper than a long fight. */
const TAKES = 3;

const shardsToLook = (count: number, scope: 'two' | 'all', chance: () => number): readonly number[] => {
  const all = Array.from({ length: count }, (_, shard) => shard);
  if (scope === 'all' || count <= 2) {
    return all;
  }
  const first = Math.floor(chance() * count);
  const second = (first + 1 + Math.floor(chance() * (count - 1))) % count;
  return [first, second];
};

/** A place among session ids, which are random UUIDs. */
const randomPlace = (chance: () => number): string =>
  Math.floor(chance() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');

/** A run that looks for a session: what it is routed by, and where. */
export type Seeking = Routed & Pick<Run, 'pool'>;

const { shard, id } = FUNCTION_SESSION;
/** The function that executes runs of the pool without workers is always up, and never out of credit. */
const FUNCTION_CREDIT: Credit = {
  session: FUNCTION_SESSION,
  grant: { session: { pool: FUNCTION_POOL, shard, id }, worker: FUNCTION_POOL, seq: 0 },
};

/** Where there is no credit for a run with needs, its queue is noted (rule D7): it is going to wait there. */
export type FindCredit = (run: Seeking, scope: 'two' | 'all', reading: Reading) => Promise<Credit | undefined>;

/**
 * Looks for a session of the run's pool with credit, and takes one push of the one that ranks first (rules C1, D2, D8).
 *
 * A shard is read 8 sessions at a time. In a crowded shard the reading begins at a random place, so that those with the
 * lowest ids are not the only ones that are found. Strategies that compare workers read the whole pool instead, and so does
 * a run with needs for which that cheap look found nobody: the few that it may go to are seldom among the first eight.
 */
export const createFindCredit = (
  { sessions, settings, chance, now }: Pick<Ports, 'sessions' | 'settings' | 'chance' | 'now'>,
  queues: Pick<Queues, 'note' | 'isCrowded'>,
): FindCredit => {
  const crowded = new Set<string>();

  const lookAtShard = async (run: Seeking, shard: number, reading: Reading) => {
    const key = `${run.pool}#${shard}`;
    const query = { pool: run.pool, shard, reading };
    const after = crowded.has(key) ? randomPlace(chance) : undefined;
    const page = await sessions.look(after === undefined ? query : { ...query, after });
    if (page.more) {
      crowded.add(key);
    } else if (after === undefined) {
      crowded.delete(key);
    }
    const ranked = rankForRun(page.sessions, run, chance);
    if (ranked.length > 0 || after === undefined) {
      return ranked;
    }
    return rankForRun((await sessions.look(query)).sessions, run, chance);
  };

  const lookAtFew = async (run: Seeking, scope: 'two' | 'all', reading: Reading): Promise<readonly Session[]> => {
    const shards = shardsToLook(settings.shards(run.pool).sessions, scope, chance);
    const looks = await Promise.all(shards.map((shard) => lookAtShard(run, shard, reading)));
    return rankForRun(looks.flat(), run, chance);
  };

  const lookAtPool = async (run: Seeking, reading: Reading): Promise<readonly Session[]> => {
    const shards = shardsToLook(settings.shards(run.pool).sessions, 'all', chance);
    const limit = Math.ceil(SESSIONS_PER_POOL_LOOK / shards.length);
    const pages = await Promise.all(shards.map((shard) => sessions.look({ pool: run.pool, shard, reading, limit })));
    return rankForRun(
      pages.flatMap((page) => page.sessions),
      run,
      chance,
    );
  };

  const candidates = async (run: Seeking, scope: 'two' | 'all', reading: Reading): Promise<readonly Session[]> => {
    const strategy = run.routing?.strategy ?? 'least_loaded';
    if (strategy !== 'least_loaded') {
      return lookAtPool(run, reading);
    }
    const few = await lookAtFew(run, scope, reading);
    return few.length > 0 || run.needs === undefined ? few : lookAtPool(run, reading);
  };

  return async (run, scope, reading) => {
    if (run.pool === FUNCTION_POOL) {
      return FUNCTION_CREDIT;
    }
    // Rule D1: where others wait, a first look is in vain. The look after the write (rule D3) is made all the same.
    const isVain = scope === 'two' && reading === 'eventual' && queues.isCrowded(run);
    const found = isVain ? [] : await candidates(run, scope, reading);
    for (const candidate of found.slice(0, TAKES)) {
      const session = await sessions.take(candidate, 1, now());
      if (session !== undefined) {
        const { pool, shard, id } = session;
        return { session, grant: { session: { pool, shard, id }, worker: session.name, seq: session.q } };
      }
    }
    await queues.note(run);
    return undefined;
  };
};
