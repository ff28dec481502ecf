import type { Run } from '../../domain/run.ts';
import type { Grant } from '../../domain/run-decisions.ts';
import { rankForRun, type Session } from '../../domain/session.ts';
import type { Ports, Reading } from '../ports/index.ts';

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

export type FindCredit = (
  run: Pick<Run, 'pool' | 'handler'>,
  scope: 'two' | 'all',
  reading: Reading,
) => Promise<Credit | undefined>;

/**
 * Looks for a session of the run's pool with credit, and takes one push of the least loaded (rules C1, D2).
 *
 * A shard is read 8 sessions at a time. In a crowded shard the reading begins at a random place, so that those with the
 * lowest ids are not the only ones that are found.
 */
export const createFindCredit = ({ sessions, settings, chance, now }: Ports): FindCredit => {
  const crowded = new Set<string>();

  const lookAtShard = async (run: Pick<Run, 'pool' | 'handler'>, shard: number, reading: Reading) => {
    const key = `${run.pool}#${shard}`;
    const query = { pool: run.pool, shard, reading };
    const after = crowded.has(key) ? randomPlace(chance) : undefined;
    const page = await sessions.look(after === undefined ? query : { ...query, after });
    if (page.more) {
      crowded.add(key);
    } else if (after === undefined) {
      crowded.delete(key);
    }
    const ranked = rankForRun(page.sessions, run.handler, chance);
    if (ranked.length > 0 || after === undefined) {
      return ranked;
    }
    return rankForRun((await sessions.look(query)).sessions, run.handler, chance);
  };

  return async (run, scope, reading) => {
    const shards = shardsToLook(settings.shards(run.pool).sessions, scope, chance);
    const looks = await Promise.all(shards.map((shard) => lookAtShard(run, shard, reading)));
    for (const candidate of rankForRun(looks.flat(), run.handler, chance).slice(0, TAKES)) {
      const session = await sessions.take(candidate, 1, now());
      if (session !== undefined) {
        const { pool, shard, id } = session;
        return { session, grant: { session: { pool, shard, id }, worker: session.name, seq: session.q } };
      }
    }
    return undefined;
  };
};
